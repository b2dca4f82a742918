/* The input. What is in it is saved as it grows, and leaves it only into the outbox, with the files that lie above it. */

const TYPING_EVERY = 1_000; // ms between two "typing" frames
const LARGEST = 60_000; // bytes of a message as JSON; a frame may have 64 KiB

export class Composer {
  /** `onPost(body, files)`, `onTyping(text)`; `draftName()` says under which name the draft is kept. */
  constructor({ form, storage, say, tray, onPost, onTyping, draftName }) {
    Object.assign(this, { form, storage, say, tray, onPost, onTyping, draftName });
    this.input = form.querySelector("textarea");
    this.button = form.querySelector(".send");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.post();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("input", () => this.changed());
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return; // 229: Safari ends a composition so
    event.preventDefault();
    this.post();
  }

  /** Files are about to be here: what is sent meanwhile waits for them. */
  hold(arrival) {
    this.arrival = arrival.finally(() => (this.arrival = null));
  }

  post() {
    if (this.arrival) return void this.arrival.then(() => this.post());
    const body = clean(this.input.value);
    if (!(body || this.tray.entries.length) || this.isTooLong(body)) return;
    this.onPost(body, this.tray.take());
    this.fill("");
    this.type("");
    this.input.focus();
  }

  changed() {
    this.follow();
    const text = this.input.value;
    this.storage.set(`draft:${this.name}`, text);
    this.type(text);
    this.show();
  }

  /** At the start: what somebody quick has typed already, or the draft. */
  begin() {
    this.name = this.draftName();
    if (this.input.value) this.changed();
    else this.restore();
  }

  /** The draft of the conversation that is on screen now. */
  restore() {
    this.name = this.draftName();
    this.fill(this.storage.get(`draft:${this.name}`) || "", { keep: true });
  }

  /** The conversation has got another name by itself: what is typed goes with it, or else its own draft comes. */
  follow() {
    const before = this.name;
    if (before === this.draftName()) return;
    const text = this.input.value;
    this.restore();
    if (!text) return;
    this.storage.remove(`draft:${before}`);
    this.fill(text);
  }

  fill(text, { keep = false } = {}) {
    this.input.value = text;
    if (text) this.storage.set(`draft:${this.name}`, text);
    else if (!keep) this.storage.remove(`draft:${this.name}`);
    this.show();
  }

  /** Put something in where the cursor is, as if it had been typed. */
  insert(text) {
    this.input.focus();
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, "end");
    this.changed();
  }

  show() {
    const body = clean(this.input.value);
    const isTooLong = this.isTooLong(body);
    this.button.disabled = !(body || this.tray.entries.length) || isTooLong;
    this.input.setAttribute("aria-invalid", isTooLong);
    this.input.setCustomValidity(isTooLong ? this.say("tooLong") : "");
    if (CSS.supports("field-sizing", "content")) return;
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
  }

  isTooLong(body) {
    return new TextEncoder().encode(JSON.stringify(body)).length > LARGEST;
  }

  /** Say that somebody types, once a second at most; the last state always goes out. */
  type(text) {
    clearTimeout(this.typingTimer);
    const wait = Math.max(0, (this.typedAt || 0) + TYPING_EVERY - Date.now());
    this.typingTimer = setTimeout(() => {
      this.typedAt = Date.now();
      this.onTyping(text.slice(0, 2000));
    }, wait);
  }
}

/** The text without what no database can store and without the blank lines around it. */
function clean(text) {
  const whole = text.toWellFormed ? text.toWellFormed() : text;
  return whole.replaceAll("\u0000", "").trim();
}
