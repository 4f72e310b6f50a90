// The left side: who I am, which chats there are, what is new in them.

import { $, all } from "./dom.js";
import { short } from "./when.js";

/** `onPerson` and `onChat` get the id that was chosen. */
export function list(onPerson, onChat) {
  all(".person").forEach((each) => each.addEventListener("click", () => onPerson(each.dataset.who)));
  all(".chat").forEach((each) => each.addEventListener("click", () => onChat(each.dataset.chat)));
}

export const person = (id) => all(".person").find((each) => each.dataset.who === id);
export const chat = (id) => all(".chat").find((each) => each.dataset.chat === id);

/** The room that a chat of this person is. */
export const roomOf = (who, id) => (id === "private" ? person(who).dataset.room : id);
export const roomsOf = (who) => all(".chat").map((each) => roomOf(who, each.dataset.chat));

/** Show who I am and which chat is open. */
export function choose(who, id) {
  all(".person").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.who === who)));
  all(".chat").forEach((each) => each.setAttribute("aria-current", String(each.dataset.chat === id)));
  $("about").textContent = `${person(who).dataset.name}：${person(who).title}`;
}

/** Show the last line and the unread count of every chat. */
export function refresh(rooms, who, open) {
  let elsewhere = 0;
  for (const each of all(".chat")) {
    const room = roomOf(who, each.dataset.chat);
    const count = rooms.unread(room);
    badge(each.querySelector(".badge"), count);
    preview(each, rooms.last(room), who);
    if (each.dataset.chat !== open) elsewhere += count;
  }
  badge($("elsewhere"), elsewhere);
  return elsewhere;
}

function badge(element, count) {
  element.hidden = !count;
  element.textContent = count > 99 ? "99+" : String(count);
}

function preview(element, line, who) {
  element.querySelector("time").textContent = line ? short(new Date(line.at)) : "";
  const from = !line || line.sender === who || element.dataset.kind === "private" ? "" : `${line.name}：`;
  element.querySelector(".last").textContent = line ? from + line.text.slice(0, 60) : element.dataset.sub;
}
