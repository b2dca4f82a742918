/* The emoji picker, loaded when somebody first asks for it. Arrows move, Enter picks, Escape closes. */
import { groups } from "./emoji-list.js";
import { make, makeButton } from "./dom.js";

const NAMES = { faces: "emojiFaces", hands: "emojiHands", hearts: "emojiHearts", things: "emojiThings", signs: "emojiSigns" };

export class Emoji {
  /** `button` opens it, `pick(emoji)` hears what was chosen. */
  constructor({ box, button, say, pick }) {
    Object.assign(this, { box, button, pick });
    box.append(...groups.flatMap(({ id, emoji }) => this.group(say(NAMES[id] || "emoji"), emoji)));
    this.all = [...box.querySelectorAll("button")];
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !box.contains(relatedTarget) && relatedTarget !== button && this.close());
    document.addEventListener("click", ({ target }) => !box.contains(target) && !button.contains(target) && this.close());
  }

  group(name, emoji) {
    const grid = make("div", "emoji-grid");
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", name);
    grid.append(...emoji.map((sign) => {
      const button = makeButton("", sign, () => this.choose(sign));
      button.tabIndex = -1;
      return button;
    }));
    return [make("p", "", name), grid];
  }

  toggle() {
    if (this.box.hidden) this.open();
    else this.close();
  }

  open() {
    this.box.hidden = false;
    this.button.setAttribute("aria-expanded", true);
    this.focus(this.last || this.all[0]);
  }

  close() {
    this.box.hidden = true;
    this.button.setAttribute("aria-expanded", false);
  }

  choose(sign) {
    this.close();
    this.pick(sign);
  }

  focus(button) {
    if (this.last) this.last.tabIndex = -1;
    this.last = button;
    button.tabIndex = 0;
    button.focus();
  }

  key(event) {
    const at = this.all.indexOf(document.activeElement);
    const sideways = document.documentElement.dir === "rtl" ? -1 : 1;
    const next = {
      ArrowRight: () => this.all[at + sideways],
      ArrowLeft: () => this.all[at - sideways],
      ArrowDown: () => this.beside(at, 1),
      ArrowUp: () => this.beside(at, -1),
      Home: () => this.all[0],
      End: () => this.all.at(-1),
    }[event.key];
    if (!next || at < 0) return;
    event.preventDefault();
    const button = next();
    if (button) this.focus(button);
  }

  /** The nearest one in the row above or below, wherever the rows break. */
  beside(at, direction) {
    const from = this.all[at].getBoundingClientRect();
    const away = (button) => {
      const { left, top } = button.getBoundingClientRect();
      return direction * (top - from.top) > 1 ? Math.abs(top - from.top) * 1000 + Math.abs(left - from.left) : Infinity;
    };
    const nearest = this.all.reduce((best, button) => (away(button) < away(best) ? button : best));
    return away(nearest) === Infinity ? null : nearest;
  }
}
