/* What asks for something above the input. One at a time: the first in the page's order that has something to ask. */
import { part } from "./dom.js";
import { Contact } from "./panels.js";

/** How the conversation stands: has it ended (the seq of that), which score was it given, and how often. Pure. */
export function endingOf(events) {
  const found = { ended: 0, score: 0, count: 0 };
  for (const { seq, type, message, by, data } of events) {
    if (type === "chat.ended" || type === "ticket.resolved") found.ended = seq;
    else if (type === "ticket.reopened" || (message && by?.you)) found.ended = 0;
    else if (type === "rating.given") Object.assign(found, { score: data?.score || found.score, count: found.count + 1 });
  }
  return found;
}

export class Cards {
  /** `consent` {isAsked, answer(given)}; `onProof(answer)` hears of a proved address; `onNew()` begins another conversation. */
  constructor({ chat, session, storage, say, site, consent, line, onProof, onNew, focus }) {
    Object.assign(this, { chat, session, storage, say, site, consent, line, onProof, focus });
    this.contact = new Contact({ form: part("contact"), say, save: (email) => session.call("/widget/contact/", { email }), done: (email) => this.saved(email) });
    part("restart").querySelector("button").addEventListener("click", onNew);
    for (const [name, given] of [["consent-yes", true], ["consent-no", false]]) part(name).addEventListener("click", () => this.answer(given));
  }

  /** Everything was drawn: what is to be asked now? */
  update() {
    const { chat, site, storage } = this;
    const { ended, score, count } = endingOf(chat.events);
    const isOver = Boolean(ended) && !chat.pending().length;
    part("restart").hidden = !isOver;
    part("consent").hidden = !this.consent.isAsked;
    const isRated = isOver && site.features?.rating && storage.get(`unrated:${chat.current}`) !== ended;
    part("rating").hidden = !isRated;
    if (isRated) this.askRating({ key: `${chat.current}:${ended}`, score, count });
  }

  async askRating(ending) {
    this.ending = ending;
    try {
      this.rating ??= await this.roomFor("rating", () => import("./rating.js"), ({ Rating }) => new Rating({ box: part("rating"), say: this.say, rate: (score, comment) => this.rate(score, comment), onLater: () => this.skipRating() }));
    } catch {
      return; // not loaded: the next drawing tries again
    }
    this.rating.update(this.ending);
  }

  rate(score, comment) {
    return this.line.send({ type: "chat.rate", ref: this.chat.current, score, comment });
  }

  skipRating() {
    this.storage.set(`unrated:${this.chat.current}`, endingOf(this.chat.events).ended);
    this.focus();
    this.update();
  }

  async askCopy() {
    this.contact.show(false);
    part("copy").hidden = false;
    const call = async (path, body) => this.session.call(path, body);
    this.copy ??= await this.roomFor("copy", () => import("./copy.js"), ({ Copy }) => new Copy({ box: part("copy"), say: this.say, call, onProof: this.onProof, onClose: this.focus })).catch(() => null);
    if (this.copy) this.copy.begin(this.chat.current);
    else part("copy").hidden = true;
  }

  /** Load a part of the widget on its first use, once however often it is asked for. */
  roomFor(name, load, make) {
    this.loading ??= {};
    this.loading[name] ??= load().then(make).finally(() => delete this.loading[name]);
    return this.loading[name];
  }

  /** The line is up, or has brought an error that names no message. */
  online() {
    this.rating?.online();
  }

  failed() {
    this.rating?.failed();
  }

  /** A message was stored while nobody can answer: where may the answer go? Once is enough. */
  askAddress({ isWanted = false } = {}) {
    if (!isWanted && this.storage.get("contact")) return;
    this.contact.show(true);
    if (isWanted) this.contact.focus();
  }

  saved(email) {
    this.storage.set("contact", email);
    part("contact-done").textContent = this.say("contactSaved", { email });
    this.focus();
  }

  answer(given) {
    this.consent.answer(given);
    this.focus();
    this.update();
  }
}
