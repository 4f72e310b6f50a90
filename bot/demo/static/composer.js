// The input bar: text, quote, @robot and sample sentences.

import { $, all, robot } from "./dom.js";

const LONGEST_QUOTE = 1000;

export class Composer {
  /** `onSend(text, quote)` gets what is to be sent. */
  constructor(onSend) {
    this.text = $("text");
    this.onSend = onSend;
    this.quote = "";
    this.text.addEventListener("input", () => this.fit());
    this.text.addEventListener("keydown", (event) => this.key(event));
    $("bar").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    $("mention").addEventListener("click", () => this.mention());
    $("unquote").addEventListener("click", () => { this.setQuote(null); this.text.focus(); });
    $("samples").addEventListener("click", (event) => this.sample(event.target.closest("button")));
  }

  /** Another person or another chat: an empty bar and their own samples. */
  reset(who, kind) {
    this.text.value = "";
    this.setQuote(null);
    this.fit();
    all("#samples button").forEach((each) => {
      each.hidden = each.dataset.who !== who || !["any", kind].includes(each.dataset.in);
    });
    $("samples").hidden = !all("#samples button:not([hidden])").length;
    $("samples").scrollLeft = 0;
  }

  setQuote(line) {
    this.quote = line ? `${line.name}：${line.text}`.slice(0, LONGEST_QUOTE) : "";
    $("quoting").hidden = !line;
    $("quoting").querySelector("span").textContent = this.quote;
    if (line) this.text.focus();
  }

  key(event) {
    // 229: the Enter that takes a word from an input method's list is not meant for us.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !composing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.quote) {
      this.setQuote(null);
    }
  }

  submit() {
    const text = this.text.value.trim();
    if (!text) return;
    this.onSend(text, this.quote);
    this.text.value = "";
    this.setQuote(null);
    this.fit();
    this.text.focus();
  }

  /** WeChat puts U+2005 behind a name. */
  mention() {
    this.text.setRangeText(`@${robot}\u2005`, this.text.selectionStart, this.text.selectionEnd, "end");
    this.fit();
    this.text.focus();
  }

  sample(button) {
    if (!button) return;
    this.text.value = button.textContent;
    this.fit();
    this.text.focus();
  }

  fit() {
    $("send").disabled = !this.text.value.trim();
    this.text.style.height = "44px";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 140)}px`;
  }
}
