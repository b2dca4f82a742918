/* What lies beside the conversation: the menu, the question for an address, the earlier conversations. */
import { make } from "./dom.js";

const EARLIER = 20; // conversations listed

/** A button with a menu under it; `choose(name)` hears what was picked, `allowed(name)` says what can be. */
export function menuOf({ button, menu, choose, allowed }) {
  const items = () => [...menu.querySelectorAll("button:not([hidden])")];
  const show = (isOpen) => {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
    if (!isOpen) return;
    for (const item of menu.querySelectorAll("button")) item.hidden = !allowed(item.dataset.choose);
    items()[0]?.focus();
  };
  button.addEventListener("click", () => show(menu.hidden));
  menu.addEventListener("click", ({ target }) => {
    const name = target.closest("button")?.dataset.choose;
    if (!name) return;
    show(false);
    button.focus();
    choose(name);
  });
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const list = items();
    list[(list.indexOf(document.activeElement) + step + list.length) % list.length].focus();
  });
  document.addEventListener("click", ({ target }) => !menu.hidden && !menu.contains(target) && !button.contains(target) && show(false));
  menu.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && relatedTarget !== button && show(false));
  return { close: () => !menu.hidden && (show(false), button.focus(), true) };
}

/** Ask for an address. `save(email)` stores it or throws; `done(email)` hears that it is stored. */
export class Contact {
  constructor({ form, say, save, done }) {
    Object.assign(this, { form, say, save, done });
    this.input = form.querySelector("input");
    this.error = form.querySelector("[data-error]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.querySelector("[data-later]").addEventListener("click", () => this.show(false));
    this.input.addEventListener("input", () => this.complain(""));
  }

  show(isOpen) {
    const hadFocus = this.form.contains(document.activeElement);
    this.form.hidden = !isOpen;
    if (!isOpen) this.complain("");
    if (!isOpen && hadFocus) document.querySelector("[data-part=composer] textarea").focus();
  }

  focus() {
    this.input.focus();
  }

  async submit() {
    const email = this.input.value.trim();
    if (!/^\S+@\S+$/.test(email)) return this.complain(this.say("contactInvalid"));
    const button = this.form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const answer = await this.save(email);
      this.show(false);
      this.done(answer.email || email);
    } catch (error) {
      this.complain(error.status === 422 ? [error.fields?.email].flat()[0] || this.say("contactInvalid") : this.say("contactFailed"));
    } finally {
      button.disabled = false;
    }
  }

  complain(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", Boolean(text));
    if (text) this.input.focus();
  }
}

/** The list of earlier conversations, each by its first words. `read(ref)` gives its events, `pick(ref)` opens it. */
export class Earlier {
  constructor({ section, list, say, locale, read, pick }) {
    Object.assign(this, { section, list, say, read, pick });
    this.day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  }

  async show(tickets, current) {
    this.section.hidden = false;
    this.section.querySelector("button").focus();
    const others = tickets.filter(({ ref }) => ref !== current).slice(0, EARLIER);
    this.list.replaceChildren(this.note(others.length ? "connecting" : "earlierNone"));
    if (!others.length) return;
    const read = await Promise.allSettled(others.map(({ ref }) => this.read(ref)));
    const rows = read.flatMap(({ value }, at) => (value ? [this.row(others[at].ref, value.events)] : []));
    this.list.replaceChildren(...(rows.length ? rows : [this.note("earlierFailed")]));
  }

  hide() {
    this.section.hidden = true;
  }

  row(ref, events) {
    const messages = events.map((frame) => frame.event).filter((event) => event.message);
    const button = make("button", "earlier-row");
    button.type = "button";
    const words = make("b");
    const first = messages[0]?.message;
    words.textContent = first?.body.slice(0, 120) || first?.attachments?.[0]?.name || ref;
    const time = make("time");
    if (messages.length) {
      time.dateTime = messages.at(-1).at;
      time.textContent = this.day.format(new Date(messages.at(-1).at));
    }
    button.append(words, time);
    button.addEventListener("click", () => this.pick(ref));
    const item = make("li");
    item.append(button);
    return item;
  }

  note(key) {
    const item = make("li", "line");
    item.textContent = this.say(key);
    return item;
  }
}
