/* The picture of what the chat knows: header, conversation, and the lines under it. */
import { part, put } from "./dom.js";
import { drawFaces, presenceText } from "./header.js";
import { layout } from "./layout.js";

const LOST_AFTER = 2_000; // ms without a line until we mention it
const CALM = 40; // ms between two drawings

export class Screen {
  /** `onUnread(count)` hears how many messages nobody has looked at; `onDraw()` that everything was drawn. */
  constructor({ chat, view, say, locale, site, onUnread, onDraw }) {
    Object.assign(this, { chat, view, say, locale, site, onUnread, onDraw });
    this.lineSince = Date.now();
    this.drawnAt = 0;
    this.opening = null; // words of the team before anybody wrote: {id, text}
    this.faces = new Map(); // name and initials → picture, of whom we have met
  }

  /** At once, and then once every few moments, however much happens in them. */
  schedule() {
    if (this.isDue) return;
    this.isDue = true;
    const wait = this.drawnAt + CALM - Date.now();
    const draw = () => {
      this.isDue = false;
      this.drawnAt = Date.now();
      this.draw();
    };
    if (wait > 0) setTimeout(draw, wait);
    else queueMicrotask(draw);
  }

  /** The line went up or down: a short cut is not worth a word. */
  lineChanged() {
    this.lineSince = Date.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.schedule(), LOST_AFTER);
    this.schedule();
  }

  draw() {
    const { chat, say, locale } = this;
    const agents = (!this.isLost() && chat.presence?.agents) || [];
    for (const { name, initials, picture } of agents) this.faces.set(`${name}|${initials}`, picture);
    const things = layout({ events: chat.events, pending: chat.pending(), seenUpTo: chat.reading.receipts.get(chat.current), opening: this.openingWords(), say, locale });
    this.view.draw(things);
    part("greeting").hidden = things.length > 0;
    part("away").hidden = !chat.isAway;
    drawFaces(part("faces"), agents);
    const promises = chat.presence?.promises;
    if (promises) import("./promises.js").then(({ drawPromises }) => drawPromises(part("away"), promises, say));
    put(part("presence"), this.presence());
    put(part("notice"), this.isLost() ? say("lost") : "");
    const place = chat.places.get(chat.current);
    put(part("place"), place > 0 && !this.isLost() ? say("place", { count: place }) : "");
    put(part("typing"), chat.typist ? say("typing", { name: chat.typist.name || say("team") }) : "");
    chat.markSeen();
    this.onDraw();
    const unread = chat.unread();
    if (unread !== this.unread) this.onUnread(unread);
    this.unread = unread;
  }

  /** What the team said first stands above the conversation that it led to. */
  openingWords() {
    if (!this.opening || !this.chat.beganHere) return null;
    this.openedAt ??= new Date().toISOString();
    return { key: `opening:${this.opening.id}`, kind: "message", isMine: false, body: this.opening.text, name: this.site.name, at: this.openedAt, state: null };
  }

  /** The picture beside a message: the event's own, or of somebody whom we saw to be here. */
  faceOf({ name, initials, picture }) {
    return { name, initials, picture: picture ?? this.faces.get(`${name}|${initials}`) ?? null };
  }

  presence() {
    const { chat, say } = this;
    if (chat.connection === "refused") return say("gone");
    if (this.isLost()) return say("reconnecting"); // who is there now, we cannot know
    if (chat.presence) return presenceText(chat.presence, say, this.locale);
    return chat.connection === "polling" ? say("polling") : say("connecting");
  }

  isLost() {
    return this.chat.connection === "offline" && Date.now() - this.lineSince >= LOST_AFTER;
  }
}
