/*
 * The conversation on screen. Nodes are kept by key, so that a screen reader hears each message once. Of a long one only
 * the end is drawn; more comes as one goes back.
 */
import { make } from "./dom.js";

const NEAR = 80; // px from the end that still count as "at the end"
const DRAWN = 60; // things drawn to begin with, and added each time
const MANY = 5; // more new ones at once are history, not news: nobody wants them read out

export class View {
  /** `bubbles` draws the messages; `more` is the button for what came before, inside of `log`. */
  constructor({ log, newer, more, bubbles }) {
    Object.assign(this, { log, newer, more, bubbles });
    this.nodes = new Map(); // key → {node, drawn}
    this.things = [];
    this.from = 0; // the first of them that is drawn
    this.isAtEnd = true;
    log.addEventListener("scroll", () => this.scrolled());
    newer.addEventListener("click", () => this.toEnd());
    more.addEventListener("click", () => this.reach());
    new ResizeObserver(() => this.resized()).observe(log);
  }

  /** Show these things, in this order, touching only what changed. */
  draw(things) {
    this.things = things;
    if (this.isAtEnd && things.length - this.from > 2 * DRAWN) this.from = things.length - DRAWN;
    const fresh = things.slice(this.from).filter((thing) => !this.nodes.has(thing.key));
    this.render();
    if (this.isAtEnd || fresh.some((thing) => thing.client_id)) this.toEnd();
    else if (fresh.some((thing) => thing.kind === "message" && !thing.isMine)) this.newer.hidden = false;
  }

  render() {
    const shown = this.things.slice(this.from);
    const keys = new Set(shown.map((thing) => thing.key));
    for (const [key, { node }] of this.nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    if (shown.filter((thing) => !this.nodes.has(thing.key)).length > MANY) this.hush();
    this.more.hidden = this.from === 0;
    let place = this.more.nextSibling;
    for (const thing of shown) {
      const node = this.nodeFor(thing);
      if (node === place) place = place.nextSibling;
      else this.log.insertBefore(node, place);
    }
  }

  /** What is drawn in this turn is not read out. */
  hush() {
    this.log.setAttribute("aria-live", "off");
    clearTimeout(this.hushed);
    this.hushed = setTimeout(() => this.log.setAttribute("aria-live", "polite"), 300);
  }

  /** Draw more of what came before; what one is looking at stays where it is. */
  reach() {
    if (!this.from) return;
    const fromEnd = this.log.scrollHeight - this.log.scrollTop;
    const hadFocus = document.activeElement === this.more;
    this.from = Math.max(0, this.from - DRAWN);
    this.hush();
    this.render();
    this.log.scrollTop = this.log.scrollHeight - fromEnd;
    if (hadFocus && this.more.hidden) this.log.focus();
  }

  scrolled() {
    if (this.log.clientHeight !== this.height) return; // not somebody who scrolls: `resized` follows
    this.top = this.log.scrollTop;
    this.isAtEnd = this.log.scrollHeight - this.top - this.log.clientHeight < NEAR;
    if (this.isAtEnd) this.newer.hidden = true;
    if (this.top < NEAR) this.reach();
  }

  /** The panel was opened, the window turned, or something else took its place: stay where one was. */
  resized() {
    this.height = this.log.clientHeight; // 0 while the panel is closed
    if (this.isAtEnd) this.toEnd();
    else if (this.log.scrollTop === 0 && this.top > 0) this.log.scrollTop = this.top;
  }

  /** Another conversation: begin with an empty page. */
  empty() {
    this.nodes.clear();
    this.log.replaceChildren(this.more);
    Object.assign(this, { things: [], from: 0, isAtEnd: true });
    this.newer.hidden = this.more.hidden = true;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.newer.hidden = true;
  }

  nodeFor(thing) {
    const drawn = JSON.stringify(thing);
    let known = this.nodes.get(thing.key);
    if (known?.drawn === drawn) return known.node;
    if (!known) {
      known = { node: thing.kind === "message" ? this.bubbles.make(thing) : make("p", thing.kind) };
      this.nodes.set(thing.key, known);
    }
    known.drawn = drawn;
    if (thing.kind === "message") this.bubbles.update(known.node, thing);
    else if (known.node.textContent !== thing.text) known.node.textContent = thing.text;
    return known.node;
  }
}
