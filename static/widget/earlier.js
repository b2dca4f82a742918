/* The list of earlier conversations, loaded when somebody asks for it. */
import { make } from "./dom.js";

const EARLIER = 20; // conversations listed

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
