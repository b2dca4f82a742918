/* The conversation on screen. Nodes are kept by key, so that a screen reader hears each message once. */
import { withLinks } from "./links.js";

const NEAR = 80; // px from the end that still count as "at the end"

export class View {
  /** `files` draws what is attached; `onRetry(client_id)` is called when a message that was not sent is pressed. */
  constructor({ log, newer, say, locale, files, onRetry }) {
    Object.assign(this, { log, newer, say, files, onRetry });
    this.nodes = new Map(); // key → {node, drawn}
    this.clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
    this.isAtEnd = true;
    log.addEventListener("scroll", () => {
      this.isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
      if (this.isAtEnd) newer.hidden = true;
    });
    newer.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.isAtEnd && this.toEnd()).observe(log);
  }

  /** Show these things, in this order, touching only what changed. */
  draw(things) {
    const keys = new Set(things.map((thing) => thing.key));
    for (const [key, { node }] of this.nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    const hasNew = things.filter((thing) => !this.nodes.has(thing.key));
    things.forEach((thing, at) => this.place(this.nodeFor(thing), at));
    if (this.isAtEnd || hasNew.some((thing) => thing.client_id)) this.toEnd();
    else if (hasNew.some((thing) => thing.kind === "message" && !thing.isMine)) this.newer.hidden = false;
  }

  /** Another conversation: begin with an empty page. */
  empty() {
    this.nodes.clear();
    this.log.replaceChildren();
    this.isAtEnd = true;
    this.newer.hidden = true;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.newer.hidden = true;
  }

  place(node, at) {
    if (this.log.children[at] !== node) this.log.insertBefore(node, this.log.children[at] || null);
  }

  nodeFor(thing) {
    const drawn = JSON.stringify(thing);
    let known = this.nodes.get(thing.key);
    if (known?.drawn === drawn) return known.node;
    if (!known) {
      known = { node: thing.kind === "message" ? this.newMessage(thing) : make("p", thing.kind) };
      this.nodes.set(thing.key, known);
    }
    known.drawn = drawn;
    if (thing.kind === "message") this.update(known.node, thing);
    else if (known.node.textContent !== thing.text) known.node.textContent = thing.text;
    return known.node;
  }

  newMessage({ body, files }) {
    const bubble = make("div", body ? "bubble" : "bubble wordless");
    bubble.dir = "auto";
    bubble.append(withLinks(body), this.files.draw(files));
    const node = make("div", "message");
    node.append(make("p", "name"), bubble, make("p", "state"));
    return node;
  }

  update(node, thing) {
    const [name, bubble, state] = node.children;
    node.className = `message ${thing.isMine ? "mine" : "theirs"}`;
    node.classList.toggle("first", Boolean(thing.isFirst));
    node.classList.toggle("last", Boolean(thing.isLast));
    node.dataset.state = thing.state || "";
    name.replaceChildren(...this.byline(thing));
    name.className = thing.isMine || !thing.isFirst ? "name hushed" : "name"; // always said, not always seen
    bubble.title = this.exact.format(new Date(thing.at));
    this.drawState(state, thing);
  }

  byline({ isMine, name, at }) {
    const time = make("time");
    time.dateTime = at;
    time.textContent = this.clock.format(new Date(at));
    const who = make("b");
    who.textContent = isMine ? this.say("you") : name || this.say("team");
    return [who, " ", time];
  }

  drawState(state, { showsState, state: name, code, client_id, at }) {
    state.replaceChildren();
    state.hidden = !showsState || !name;
    if (state.hidden) return;
    if (name !== "late" && name !== "refused") {
      state.textContent = name === "sent" ? `${this.say("sent")} ${this.clock.format(new Date(at))}` : this.say(name);
      return;
    }
    const again = make("button");
    again.type = "button";
    again.textContent = this.say(code === "too_long" ? "tooLong" : name);
    again.addEventListener("click", () => this.onRetry(client_id));
    state.append(again);
  }
}

export function make(tag, className = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  return node;
}
