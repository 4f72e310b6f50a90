// One line of a chat as an element. What people wrote only ever becomes text, never markup.

import { $, copyOf } from "./dom.js";

const ROBOT = "farun";
// Hotlines: five digits from 12… and 96…; three digits only where they are not a quantity.
// No lookbehind: older iPhones cannot read it.
const HOTLINE = /(^|[^\d.\-—第])(12\d{3}|96\d{3}|11[09]|12[02])(?![\d.％%\-—]|\s*[元块天万亿亩斤号米条日年月里人个分小平页])/g;

/** The element of a line; `who` looks at it. */
export function bubble(line, who) {
  const li = copyOf("line");
  const mine = line.sender === who.id;
  li.classList.add(mine ? "mine" : line.sender === ROBOT ? "robot" : "other");
  li.dataset.name = line.name;
  li.dataset.sender = line.sender;
  face(li, line);
  li.querySelector(".name").textContent = line.name;
  label(li, line);
  fill(li.querySelector(".bubble"), line);
  quoted(li, line.quote);
  return li;
}

/** Show whether a line of ours is on its way, has failed, or has arrived. */
export function state(li, now) {
  li.querySelector(".spin").hidden = now !== "sending";
  li.querySelector(".retry").hidden = now !== "failed";
  li.querySelector(".failed").hidden = now !== "failed";
}

function face(li, line) {
  const here = li.querySelector(".face");
  if (line.sender === ROBOT) {
    here.replaceWith(copyOf("robot-face"));
  } else {
    here.dataset.face = line.sender;
    here.textContent = [...line.name][0] ?? "?";
  }
}

function label(li, line) {
  const role = line.sender === ROBOT ? $("lines").dataset.robotRole : person(line.sender)?.dataset.role;
  li.querySelector(".role").hidden = !role;
  li.querySelector(".role").textContent = role ?? "";
}

function person(id) {
  return document.querySelector(`.person[data-who="${CSS.escape(id)}"]`);
}

function fill(into, line) {
  if (line.sender !== ROBOT) {
    into.textContent = line.text;
    return;
  }
  let end = 0;
  for (const found of line.text.matchAll(HOTLINE)) {
    const [whole, before, number] = found;
    const link = document.createElement("a");
    link.href = `tel:${number}`;
    link.textContent = number;
    into.append(line.text.slice(end, found.index) + before, link);
    end = found.index + whole.length;
  }
  into.append(line.text.slice(end));
}

function quoted(li, text) {
  const box = li.querySelector(".quoted");
  box.hidden = !text;
  box.textContent = text ?? "";
}

export { ROBOT };
