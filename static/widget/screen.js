/* The picture of what the chat knows: header, conversation, and the lines under it. */
import { drawFaces, presenceText } from "./header.js";
import { layout } from "./layout.js";

const LOST_AFTER = 2_000; // ms without a line until we mention it

export const part = (name) => document.querySelector(`[data-part="${name}"]`);

export class Screen {
  /** `onUnread(count)` hears how many messages nobody has looked at. */
  constructor({ chat, view, say, locale, onUnread }) {
    Object.assign(this, { chat, view, say, locale, onUnread });
    this.lineSince = Date.now();
  }

  /** Draw once per turn, however much happened in it. */
  schedule() {
    if (this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => {
      this.isDue = false;
      this.draw();
    });
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
    const events = chat.timelines.get(chat.current)?.events || [];
    const things = layout({ events, pending: chat.pending(), seenUpTo: chat.receipts.get(chat.current), say, locale });
    this.view.draw(things);
    part("greeting").hidden = things.length > 0;
    drawFaces(part("faces"), chat.presence?.open && !this.isLost() ? chat.presence.agents : []);
    put("presence", this.presence());
    put("notice", this.isLost() ? say("lost") : "");
    put("typing", chat.typist ? say("typing", { name: chat.typist.name || say("team") }) : "");
    chat.markSeen();
    const unread = chat.unread();
    if (unread !== this.unread) this.onUnread(unread);
    this.unread = unread;
  }

  presence() {
    const { chat, say } = this;
    if (chat.connection === "refused") return say("gone");
    if (this.isLost()) return say("reconnecting"); // who is there now, we cannot know
    const place = chat.place > 0 ? ` ${say("place", { count: chat.place })}` : "";
    if (chat.presence) return presenceText(chat.presence, say) + place;
    return chat.connection === "polling" ? say("polling") : say("connecting");
  }

  isLost() {
    return this.chat.connection === "offline" && Date.now() - this.lineSince >= LOST_AFTER;
  }
}

function put(name, text) {
  const node = part(name);
  if (node.textContent !== text) node.textContent = text;
}

/** Put the words of one language into the page. */
export function fillWords(say, site) {
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-hint]")) node.placeholder = say(node.dataset.sayHint);
  for (const node of document.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
    if (node.matches("button")) node.title = say(node.dataset.sayLabel);
  }
  part("greeting-text").textContent = site.greeting || say("greeting");
}
