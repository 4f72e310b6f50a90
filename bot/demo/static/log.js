// The chat on the screen: lines in order, time stamps, scrolling, and moving through them by keyboard.

import { $, all } from "./dom.js";
import { bubble, state } from "./bubble.js";
import { stamp } from "./when.js";

const PAUSE = 5 * 60000; // WeChat shows the time again after five minutes
const HISTORY = 1500; // milliseconds in which a room's history arrives
const NEAR = 80; // pixels from the end that still count as being at the end

export class Log {
  constructor() {
    this.log = $("log");
    this.lines = $("lines");
    this.pending = new Map();
    this.ending = true; // the reader is at the end, and stays there when the keyboard takes away room
    this.log.addEventListener("keydown", (event) => this.move(event));
    this.log.addEventListener("scroll", () => this.scrolled());
    $("newer").addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => { if (this.ending) this.toEnd(); }).observe(this.log);
  }

  /** Show one room. Its history is not read aloud, and is read from its end. */
  show(lines, who, alone) {
    this.who = who;
    this.log.setAttribute("aria-live", "off");
    this.lines.classList.toggle("alone", alone);
    this.lines.replaceChildren();
    this.pending.clear();
    lines.forEach((line) => this.place(line));
    this.toEnd();
    clearTimeout(this.loading);
    this.loading = setTimeout(() => this.loaded(), HISTORY);
  }

  loaded() {
    clearTimeout(this.loading);
    this.loading = null;
    this.log.setAttribute("aria-live", "polite");
  }

  /** Add a line where it belongs; one of ours that was on its way becomes it. */
  add(line) {
    const own = this.pending.get(line.key);
    const follow = this.ending || own;
    own?.remove();
    this.pending.delete(line.key);
    const li = this.place(line);
    if (follow) this.follow(li);
    else $("newer").hidden = false;
  }

  place(line) {
    const li = bubble(line, this.who);
    li.dataset.id = line.id;
    li.dataset.at = line.at;
    this.lines.insertBefore(li, this.after(line.id));
    this.stamps(li);
    this.roving(li);
    return li;
  }

  /** Show a line of ours at once, before the server has it. */
  expect(message, again) {
    const line = { key: `in:${message.id}`, sender: message.sender, name: message.name, text: message.text, quote: message.quote };
    const li = bubble(line, this.who);
    li.dataset.at = new Date().toISOString();
    li.querySelector(".retry").addEventListener("click", again);
    this.pending.set(line.key, li);
    this.lines.append(li);
    this.stamps(li);
    this.loaded();
    this.toEnd();
  }

  /** Mark a line of ours as sending, failed or done. */
  mark(id, now) {
    const li = this.pending.get(`in:${id}`);
    if (li) state(li, now);
  }

  after(id) {
    let next = null;
    for (const li of [...this.lines.children].reverse()) {
      if (li.dataset.id && Number(li.dataset.id) < id) break;
      next = li;
    }
    return next;
  }

  stamps(li) {
    for (const each of [li, li.nextElementSibling]) {
      if (!each) continue;
      const at = new Date(each.dataset.at);
      const before = each.previousElementSibling?.dataset.at;
      const time = each.querySelector(".stamp");
      time.hidden = Boolean(before) && at - new Date(before) < PAUSE;
      time.textContent = stamp(at);
      time.dateTime = each.dataset.at;
    }
  }

  scrolled() {
    this.ending = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
    if (this.ending) $("newer").hidden = true;
  }

  /** To the end; but an answer that is longer than the screen is read from its beginning. */
  follow(li) {
    const spare = this.log.clientHeight - li.offsetHeight;
    if (spare < 0 && !this.loading && li.classList.contains("robot")) li.scrollIntoView({ block: "start" });
    else this.toEnd();
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.ending = true;
    $("newer").hidden = true;
  }

  /** One line of the chat is a tab stop, the arrows go through the others. */
  roving(li) {
    all(".line[tabindex='0']", this.lines).forEach((each) => { each.tabIndex = -1; });
    li.tabIndex = 0;
  }

  move(event) {
    const here = event.target.closest(".line");
    if (!here || event.target !== here) return;
    const to = { ArrowUp: here.previousElementSibling, ArrowDown: here.nextElementSibling,
      Home: this.lines.firstElementChild, End: this.lines.lastElementChild }[event.key];
    if (!to) return;
    event.preventDefault();
    this.roving(to);
    to.focus();
  }
}
