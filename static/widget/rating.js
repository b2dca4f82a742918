/* "How was this chat?", loaded when one has ended: five faces with words, a remark if one likes; it can be changed. */
import { icon, make, makeButton } from "./dom.js";

const MOUTHS = ["M6.8 14c1.6-2.2 4.8-2.2 6.4 0", "M7 13.6c1.8-1.3 4.2-1.3 6 0", "M7 13h6", "M7 12.2c1.8 1.5 4.2 1.5 6 0", "M6.2 11.4c.8 4 6.8 4 7.6 0z"];
const HEAD = "M10 2.2a7.8 7.8 0 1 1 0 15.6 7.8 7.8 0 0 1 0-15.6M7.4 7.6v.9M12.6 7.6v.9";
const SETTLES = 600; // ms that a choice stays the same (arrow keys pass over others) before it is sent
const PATIENCE = 10_000; // ms until we say that it did not work
const LONGEST = 1_000; // characters of a remark

export class Rating {
  /** `rate(score, comment)` sends it: true if it could go now; `onLater()` hears that nobody wants to be asked. */
  constructor({ box, say, rate, onLater }) {
    Object.assign(this, { box, say, rate });
    this.faces = make("fieldset");
    this.faces.append(make("legend", "", say("rateAsk")), this.scale());
    this.remark = make("textarea");
    Object.assign(this.remark, { rows: 2, maxLength: LONGEST, dir: "auto" });
    this.remark.setAttribute("aria-label", say("rateComment"));
    this.remark.placeholder = say("rateComment");
    this.go = make("button", "go", say("rateSend"));
    this.later = makeButton("later", say("contactLater"), onLater);
    this.change = makeButton("later", say("rateChange"), () => this.show("asking"));
    this.status = make("p", "rate-status");
    this.status.setAttribute("role", "status");
    this.more = make("div", "rate-more");
    this.more.append(this.remark, this.go);
    this.form = make("form");
    const foot = make("div", "card-foot");
    foot.append(this.status, this.change, this.later);
    this.form.append(this.faces, this.more, foot);
    this.form.addEventListener("change", ({ target }) => target.name === "score" && this.chosen());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    box.replaceChildren(this.form);
  }

  scale() {
    const row = make("div", "scores");
    row.append(...MOUTHS.map((mouth, at) => {
      const label = make("label");
      const input = make("input", "hushed");
      Object.assign(input, { type: "radio", name: "score", value: at + 1 });
      label.append(input, icon(HEAD, mouth), make("span", "", this.say(`rate${at + 1}`)));
      return label;
    }));
    return row;
  }

  /** The chat's end that this is about, the score it has so far, and how often it was given. */
  update({ key, score, count }) {
    if (key !== this.key) {
      Object.assign(this, { key, score, count, wanted: null });
      this.form.reset();
      this.put("");
      this.show(score ? "done" : "asking");
    }
    if (count > this.count) this.given(score);
    this.count = count;
    this.score = score;
  }

  /** "asking", "more" once a face is chosen, "done". */
  show(mode) {
    const hadFocus = this.form.contains(document.activeElement);
    if (mode === "asking" && this.score) this.form.elements.score.value = this.score;
    this.faces.hidden = mode === "done";
    this.more.hidden = mode === "done" || !this.form.elements.score.value;
    this.change.hidden = mode !== "done";
    this.later.hidden = mode !== "asking";
    if (mode === "done") this.put(this.thanks());
    else if (this.status.textContent) this.put("");
    if (hadFocus && mode === "asking") (this.form.querySelector(":checked") || this.form.elements.score[0]).focus();
    if (hadFocus && mode === "done") this.change.focus();
  }

  chosen() {
    this.show("more");
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.send({ isFinal: false }), SETTLES);
  }

  send({ isFinal = true } = {}) {
    clearTimeout(this.settling);
    const score = Number(this.form.elements.score.value);
    if (!score) return;
    this.wanted = { score, comment: this.remark.value.trim(), isFinal };
    this.go.disabled = isFinal;
    this.online();
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.failed(), PATIENCE);
  }

  /** There is a line: what has not gone, or was not answered, goes. */
  online() {
    if (this.wanted) this.rate(this.wanted.score, this.wanted.comment || undefined);
  }

  /** It is stored: the conversation itself says so. */
  given(score) {
    clearTimeout(this.patience);
    const isFinal = this.wanted?.isFinal;
    this.wanted = null;
    this.go.disabled = false;
    this.score = score;
    if (isFinal || this.faces.hidden) this.show("done");
    else this.put(this.thanks());
  }

  /** It was refused, or there was no answer; what was written stays. */
  failed() {
    if (!this.wanted) return;
    clearTimeout(this.patience);
    this.wanted = null;
    this.go.disabled = false;
    this.put(this.say("failed"));
  }

  thanks() {
    return this.say("rateThanks", { word: this.say(`rate${this.score}`) });
  }

  put(text) {
    this.status.textContent = text;
  }
}
