// The small menu on a bubble: long press, right click, or Enter on the line.

import { $, all } from "./dom.js";

const PRESS = 500; // milliseconds
const WANDER = 10; // pixels a finger may move meanwhile

/** `onQuote` gets {name, text} of the line that is to be quoted. */
export function menu(onQuote) {
  const log = $("log");
  let line = null;
  const open = (li) => { line = li; show(li); };
  const close = () => { if (!$("menu").hidden) { $("menu").hidden = true; line?.focus({ preventScroll: true }); } };
  const text = () => line.querySelector(".bubble").textContent;

  log.addEventListener("contextmenu", (event) => {
    const li = event.target.closest(".line");
    if (li) { event.preventDefault(); open(li); }
  });
  log.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches(".line")) { event.preventDefault(); open(event.target); }
  });
  press(log, open);
  $("quote").addEventListener("click", () => { $("menu").hidden = true; onQuote({ name: line.dataset.name, text: text() }); });
  $("copy").addEventListener("click", () => { navigator.clipboard?.writeText(text()); close(); });
  $("menu").addEventListener("keydown", (event) => keys(event, close));
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("#menu")) $("menu").hidden = true; });
  // Not "scroll": moving to a line with the keyboard scrolls too, a frame later, and would close what Enter has just opened.
  for (const moved of ["wheel", "touchmove"]) log.addEventListener(moved, () => { $("menu").hidden = true; }, { passive: true });
}

/** iOS has no contextmenu event: time the press ourselves. */
function press(log, open) {
  let timer = null;
  let from = null;
  const stop = () => clearTimeout(timer);
  log.addEventListener("pointerdown", (event) => {
    const li = event.target.closest(".bubble")?.closest(".line");
    if (!li || event.pointerType === "mouse") return;
    from = event;
    timer = setTimeout(() => open(li), PRESS);
  });
  log.addEventListener("pointermove", (event) => {
    if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > WANDER) stop();
  });
  for (const end of ["pointerup", "pointercancel"]) log.addEventListener(end, stop);
}

function show(li) {
  const box = $("menu");
  const at = li.querySelector(".bubble").getBoundingClientRect();
  box.hidden = false;
  const above = Math.max(at.top, $("log").getBoundingClientRect().top) - box.offsetHeight - 6;
  const left = at.left + at.width / 2 - box.offsetWidth / 2;
  box.style.top = `${Math.max(4, Math.min(above, innerHeight - box.offsetHeight - 4))}px`;
  box.style.left = `${Math.max(4, Math.min(left, innerWidth - box.offsetWidth - 4))}px`;
  $("quote").focus({ preventScroll: true });
}

function keys(event, close) {
  const items = all("[role=menuitem]", $("menu"));
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); close(); }
  if (step) {
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  }
}
