/* What asks for something above the input. One at a time: the first in the page's order that has something to ask. */
import { part } from "./dom.js";
import { onDemand } from "./rooms.js";

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
    Object.assign(this, { chat, storage, say, site, consent, line, focus });
    this.contact = onDemand(() => import("./contact.js").then(({ Contact }) => new Contact({ form: part("contact"), say, save: (email) => session.call("/widget/contact/", { email }), done: (email) => this.saved(email) })));
    this.rating = onDemand(() => import("./rating.js").then(({ Rating }) => (this.rated = new Rating({ box: part("rating"), say, rate: (score, comment) => this.rate(score, comment), onLater: () => this.skipRating() }))));
    this.copy = onDemand(() => import("./copy.js").then(({ Copy }) => new Copy({ box: part("copy"), say, call: (path, body) => session.call(path, body), onProof, onClose: focus })));
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
    this.isRated = isOver && site.features?.rating && storage.get(`unrated:${chat.current}`) !== ended;
    this.ending = { key: `${chat.current}:${ended}`, score, count };
    if (this.isRated) this.rating().then(() => this.showRating(), () => null); // not loaded: the next drawing tries again
    else part("rating").hidden = true;
  }

  showRating() {
    if (this.isRated) this.rated.update(this.ending);
    part("rating").hidden = !this.isRated;
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
    const copy = await this.copy().catch(() => null);
    copy?.begin(this.chat.current);
  }

  /** The line is up, or has brought an error that names no message. */
  online() {
    this.rated?.online();
  }

  failed() {
    this.rated?.failed();
  }

  /** A message was stored while nobody can answer: where may the answer go? Once is enough. */
  async askAddress({ isWanted = false } = {}) {
    if (!isWanted && this.storage.get("contact")) return;
    const contact = await this.contact().catch(() => null);
    contact?.show(true);
    if (isWanted) contact?.focus();
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
