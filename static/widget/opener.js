/* The panel on somebody's page: its frame, and what passes between the two. Loaded on the first need. */
import { currentPage, watchPage } from "./navigation.js";

const PATIENCE = 10_000; // ms until we say that the panel did not come
const PHONE = matchMedia("(max-width: 480px)"); // the panel fills the screen
const AFTER_LOAD = 1_500; // ms after the frame has loaded something: our own page has spoken by then

export class Panel {
  /** `core` is the loader's: see embed.js. */
  constructor(core) {
    this.core = core;
    this.isReady = false;
    this.waiting = []; // messages for the frame, until it says that it is ready
    this.timers = [];
    const { panel, note } = core.parts();
    Object.assign(this, { panel, note });
    this.hears = this.messages();
    this.onMessage = (event) => this.hear(event);
    this.onViewport = () => this.fit();
    this.onStorage = ({ key, newValue }) => key === `makegood:${core.site}` && newValue === core.FORGOTTEN && core.forget(); // in another tab
    window.addEventListener("message", this.onMessage);
    window.addEventListener("storage", this.onStorage);
    for (const name of ["resize", "scroll"]) window.visualViewport?.addEventListener(name, this.onViewport);
    this.stopWatching = watchPage(() => this.moved());
    this.frame = this.makeFrame();
    panel.append(this.frame);
    this.expect(PATIENCE);
    this.panel.ariaModal = PHONE.matches;
    if (core.isOpen) this.frame.focus();
  }

  makeFrame() {
    const { origin, site, look, make } = this.core;
    const locale = look.locale ? `&locale=${encodeURIComponent(look.locale)}` : "";
    const frame = make("iframe", { class: "loading", title: this.panel.getAttribute("aria-label"), allow: "clipboard-write" });
    frame.referrerPolicy = "origin"; // so that the frame knows whom it may talk to
    frame.addEventListener("load", () => this.expect(AFTER_LOAD));
    frame.src = `${origin}/widget/frame/?site=${encodeURIComponent(site)}${locale}`;
    return frame;
  }

  expect(patience) {
    this.timers.push(setTimeout(() => !this.isReady && this.core.blocked(), patience));
  }

  remove() {
    window.removeEventListener("message", this.onMessage);
    window.removeEventListener("storage", this.onStorage);
    for (const name of ["resize", "scroll"]) window.visualViewport?.removeEventListener(name, this.onViewport);
    this.timers.forEach(clearTimeout);
    this.stopWatching();
    this.frame.remove();
    this.panel.style.height = this.panel.style.top = "";
    this.panel.classList.remove("ready");
  }

  /** Opened or closed. */
  shown() {
    const open = this.core.isOpen;
    this.panel.ariaModal = PHONE.matches;
    this.fit();
    if (this.isReady) this.tell({ type: "shown", open, page: currentPage(), proactive: this.said() });
    if (open) this.frame.focus();
  }

  /** The page has become another one, and not only scrolled to another of its headings. */
  moved() {
    const page = currentPage();
    if (!this.isReady || JSON.stringify(page) === this.toldPage) return;
    this.toldPage = JSON.stringify(page);
    this.tell({ type: "page", page });
  }

  /** On a phone the panel follows what the on-screen keyboard leaves free. */
  fit() {
    const { visualViewport } = window;
    if (!visualViewport) return;
    const follow = this.core.isOpen && PHONE.matches && visualViewport.height < innerHeight - 1;
    this.panel.style.height = follow ? `${visualViewport.height}px` : "";
    this.panel.style.top = follow ? `${visualViewport.offsetTop}px` : "";
  }

  tell(message) {
    if (this.isReady) this.frame.contentWindow.postMessage({ makegood: 1, ...message }, this.core.origin);
    else this.waiting.push(message);
  }

  /** Only our own frame, under our own origin, in words that we know. */
  hear({ origin, source, data }) {
    if (origin !== this.core.origin || source !== this.frame.contentWindow) return;
    if (data && data.makegood === 1 && Object.hasOwn(this.hears, data.type)) this.hears[data.type](data);
  }

  messages() {
    const { core } = this;
    return {
      ready: ({ consent }) => this.begin(consent === true),
      token: ({ token }) => typeof token === "string" && token.length > 15 && token.length < 2049 && core.keep("", token),
      keep: ({ name, value }) => typeof name === "string" && name && name.length < 100 && core.keep(name, typeof value === "string" ? value : null),
      unread: ({ count }) => Number.isInteger(count) && count >= 0 && core.count(count),
      event: ({ name, detail }) => core.EVENTS.indexOf(name) > 2 && core.emit(name, detail),
      look: ({ color, position, locale }) => core.adopt({ color: short(color), position: short(position), locale: short(locale) }),
      consent: ({ given }) => typeof given === "boolean" && core.agree(given),
      close: () => core.show(false),
    };
  }

  /** The frame is there. `isAgreed`: it remembers that the visitor has agreed to what is kept. */
  begin(isAgreed) {
    const { core } = this;
    this.isReady = true;
    this.frame.classList.remove("loading");
    this.panel.classList.add("ready"); // it can close itself now
    this.note.textContent = "";
    core.consent ??= isAgreed || null;
    const token = core.recall("");
    const fresh = token === core.FORGOTTEN;
    if (fresh) core.keep("", null);
    this.tell({
      type: "hello", token: fresh ? null : token, fresh, kept: this.kept(), consent: core.consent, asks: core.asks, open: core.isOpen, page: currentPage(), proactive: this.said(),
      color: core.look.color || null, locale: core.look.locale || null,
    });
    this.waiting.splice(0).forEach((message) => this.tell(message));
  }

  /** The proactive message that was pressed, once: {id, text}, or null. */
  said() {
    const { said = null } = this.core;
    this.core.said = null;
    return said;
  }

  /** Everything but the token that the frame asked us to keep: {name: text}. */
  kept() {
    const { ours, memory, recall, consent } = this.core;
    const names = [...ours(consent === true), ...Object.keys(memory())].filter((name) => name && recall(name) !== null);
    return Object.fromEntries(names.map((name) => [name, recall(name)]));
  }
}

function short(value) {
  return typeof value === "string" ? value.slice(0, 40) : undefined;
}
