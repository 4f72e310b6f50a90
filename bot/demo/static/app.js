// The simulated group: who I am, which chat is open, and what happens between the parts of the page.

import { $, all, newId } from "./dom.js";
import { Composer } from "./composer.js";
import * as list from "./list.js";
import { Log } from "./log.js";
import { menu } from "./menu.js";
import { Rooms } from "./rooms.js";
import { send } from "./send.js";
import { Stream } from "./stream.js";

const wide = matchMedia("(min-width: 900px)");
const log = new Log();
const composer = new Composer(say);
const stream = new Stream(heard, (missing) => { $("offline").hidden = !missing; });
const unsent = new Map(); // message id -> message, not yet with the server
let who = null;
let chat = null; // null: a phone shows the list
let rooms = null;

function start() {
  list.list((id) => go(id, wide.matches ? chat : null), (id) => go(who, id));
  menu((line) => composer.setQuote(line));
  help();
  for (const id of ["back", "me"]) $(id).addEventListener("click", leave);
  $("lines").addEventListener("click", (event) => { if (event.target.closest(".robot-face")) go(who, "private"); });
  addEventListener("popstate", fromAddress);
  wide.addEventListener("change", fromAddress);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) seen(); });
  fromAddress();
}

/** The address says who and which chat, so that every tab can be somebody else. */
function fromAddress() {
  const asked = new URLSearchParams(location.search);
  const id = list.person(asked.get("who")) ? asked.get("who") : "zhao";
  const known = list.chat(asked.get("chat")) ? asked.get("chat") : null;
  enter(id, known ?? (wide.matches || !asked.has("who") ? usual(id) : null));
}

/** Staff live in the private chat, villagers in the group. */
function usual(id) {
  return list.person(id).dataset.role ? "private" : "qingshui";
}

function go(id, to) {
  if (id === who && to === chat) return;
  const query = new URLSearchParams(to ? { who: id, chat: to } : { who: id });
  history.pushState(null, "", `?${query}`);
  enter(id, to);
}

/** To the list of people and chats; a wide screen has it in sight. */
function leave() {
  if (!wide.matches) go(who, null);
  (list.person(who) ?? $("back")).focus();
}

function enter(id, to) {
  const other = id !== who;
  who = id;
  chat = to;
  document.body.dataset.view = to ? "chat" : "list";
  list.choose(id, to);
  if (other) {
    rooms = new Rooms(id);
    stream.open(list.roomsOf(id));
  }
  if (to) show();
  seen();
}

function show() {
  const { title, sub, kind, mode, advisor } = list.chat(chat).dataset;
  const { name, role } = list.person(who).dataset;
  $("title").textContent = title;
  $("sub").textContent = sub;
  $("me").querySelector(".face").dataset.face = who;
  $("me").querySelector(".face").textContent = name[0];
  $("me").querySelector("small").textContent = name;
  $("tip").replaceChildren(...tip(mode, advisor));
  $("text").placeholder = `${name}${role ? `（${role}）` : ""}`;
  log.show(rooms.of(room()), { id: who }, kind === "private");
  composer.reset(who, kind);
  for (const message of unsent.values()) if (message.room === room() && message.sender === who) expect(message);
  if (matchMedia("(pointer: fine)").matches) $("text").focus();
}

function tip(mode, advisor) {
  const words = $("tips").content.querySelector(`[data-mode="${mode}"]`).cloneNode(true);
  words.firstChild.textContent = words.firstChild.textContent.replace("{advisor}", advisor);
  return words.childNodes;
}

const room = () => chat && list.roomOf(who, chat);

function heard(line) {
  if (!rooms.add(line)) return;
  unsent.delete(line.key.replace(/^in:/, ""));
  if (line.room === room()) log.add(line);
  seen();
}

/** What is on the screen counts as read. */
function seen() {
  if (chat && !document.hidden) rooms.read(room());
  const elsewhere = list.refresh(rooms, who, chat);
  const here = chat ? list.chat(chat).dataset.title : list.person(who).dataset.name;
  document.title = `${elsewhere ? `(${elsewhere}) ` : ""}${here}`;
}

function say(text, quote) {
  const { name } = list.person(who).dataset;
  const message = { id: newId(), room: room(), sender: who, name, text, quote, private: chat === "private" };
  unsent.set(message.id, message);
  expect(message);
  deliver(message);
}

function expect(message) {
  log.expect(message, () => deliver(message));
  log.mark(message.id, message.failed ? "failed" : "sending");
}

async function deliver(message) {
  const { failed, ...words } = message;
  message.failed = false;
  log.mark(message.id, "sending");
  message.failed = !(await send(words));
  log.mark(message.id, message.failed ? "failed" : "done");
}

function help() {
  $("help-open").addEventListener("click", () => $("help").showModal());
  all("[data-go]").forEach((each) => each.addEventListener("click", () => {
    $("help").close();
    go(...each.dataset.go.split("/"));
  }));
}

start();
