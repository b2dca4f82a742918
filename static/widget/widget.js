/* The widget itself: puts the parts together, and passes on what one of them has for another. */
import { Bubbles } from "./bubbles.js";
import { Cards } from "./cards.js";
import { Chat } from "./chat.js";
import { Choices } from "./choices.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { part } from "./dom.js";
import { Files } from "./files.js";
import { Identity } from "./identity.js";
import { Outgoing } from "./outgoing.js";
import { offerPicking } from "./picking.js";
import { Screen } from "./screen.js";
import { Session } from "./session.js";
import { View } from "./view.js";

export class Widget {
  constructor({ settings, host, storage, consent, say, locale }) {
    Object.assign(this, { settings, site: settings.site, host, storage, consent, say, locale });
    this.isOpen = false;
    this.changed = () => this.screen?.schedule();
    this.send = (frame) => this.connection.send(frame);
  }

  /** Somebody is here. */
  arrive({ token, open, page, proactive }) {
    this.page = page;
    this.buildLine(token);
    this.buildScreen();
    this.choices = new Choices(this);
    this.chat.showWaiting();
    this.composer.begin();
    document.addEventListener("visibilitychange", () => this.watch());
    addEventListener("storage", this.changed); // another tab has read or written
    this.shown({ open, page, proactive });
    this.outgoing.keepWaiting();
    if (token || this.outgoing.outbox.items.length) this.begin();
  }

  buildLine(token) {
    const { site, storage, locale, send, changed } = this;
    this.session = new Session({ site: site.key, token, page: this.trail(), locale, onStart: (answer) => this.started(answer), onForget: () => this.chat.clear() });
    this.outgoing = new Outgoing(this);
    this.chat = new Chat({ storage, outbox: this.outgoing.outbox, line: { send }, onChange: changed, tell: (name, detail) => this.tell(name, detail) });
    const url = new URL(this.settings.socketPath, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.connection = new Connection({ url, session: this.session, hello: () => this.chat.cursors(), onFrame: (frame) => this.take(frame), onState: (state) => this.entered(state) });
    this.identity = new Identity({ session: this.session, chat: this.chat, connection: this.connection, consent: this.consent, host: this.host, storage });
  }

  buildScreen() {
    const { site, storage, say, locale, chat, session } = this;
    const fetchFile = (id) => session.file(id);
    this.files = new Files({ say, locale, fetchFile, local: (key) => this.outgoing.blobs.get(key) });
    const bubbles = new Bubbles({ say, locale, files: this.files, faceOf: (thing) => this.screen.faceOf(thing), onRetry: (client_id) => this.outgoing.retry(client_id) });
    this.view = new View({ log: part("log"), newer: part("newer"), more: part("earlier-messages"), bubbles });
    this.screen = new Screen({ chat, view: this.view, say, locale, site, onUnread: (count) => this.host?.tell({ type: "unread", count }), onDraw: () => this.drawn() });
    const typing = (text) => chat.current && this.send({ type: "typing", ref: chat.current, text });
    this.composer = new Composer({ form: part("composer"), storage, say, tray: this.outgoing.stash, draftName: () => chat.current || "new", onPost: (body, entries) => this.outgoing.post(body, entries), onTyping: typing });
    const focus = () => this.composer.input.focus();
    this.cards = new Cards({ chat, session, storage, say, site, consent: this.consent, line: { send: this.send }, onProof: (answer) => this.identity.proved(answer), onNew: () => this.choices.carryOn(null), focus });
    const { outgoing } = this;
    if (site.features?.files) offerPicking({ say, take: (picked) => outgoing.attach(picked), warm: () => outgoing.sending().catch(() => null) });
  }

  /** Connect; done on the first need, or at once for somebody who wrote before. */
  begin() {
    if (!this.hasBegun) this.connection.now();
    this.hasBegun = true;
  }

  shown({ open, page, proactive }) {
    this.isOpen = open;
    if (proactive?.text) this.screen.opening = { id: String(proactive.id), text: String(proactive.text).slice(0, 1000) };
    if (open) this.begin();
    this.moved({ page });
    if (open && matchMedia("(pointer: fine)").matches) this.composer.input.focus();
    this.watch();
  }

  /** The page around us is another one. */
  moved({ page }) {
    if (page) this.page = page;
    this.session.page = this.trail();
    if (this.session.page && this.connection.isOpen) this.send({ type: "page", url: this.page.url || "", title: this.page.title || "" });
  }

  /** The page that one looks at, if that may be told. */
  trail() {
    return this.site.keeps_trail !== false && this.consent.mayKeep ? this.page : null;
  }

  consented(given) {
    if (given) this.identity.keepToken();
    this.outgoing.blobs[given ? "open" : "close"]();
    this.outgoing.keepWaiting();
    this.moved({});
    this.changed();
  }

  /** The page around us says who this is, signed by its own server. */
  identify({ token }) {
    this.begin();
    this.identity.identify(token);
  }

  take(frame) {
    if (frame.type === "identified") this.identity.take(frame);
    else if (frame.type !== "error" || frame.client_id) this.chat.take(frame);
    else if (!this.identity.refused(frame)) this.cards.failed(); // it names no message: it is about what waits for an answer
  }

  entered(state) {
    const { chat, connection } = this;
    chat.connection = state;
    if (connection.isOpen) {
      this.moved({});
      this.identity.online();
      this.cards.online();
    } else chat.typist = null;
    this.outgoing.online(connection.isOpen);
    this.tell("connection", { state });
    this.screen.lineChanged();
  }

  drawn() {
    this.composer.follow();
    this.cards.update();
  }

  watch() {
    this.chat.isWatched = this.isOpen && document.visibilityState === "visible";
    this.changed();
  }

  /** The server knows us: before the first hello, so that it asks for the right conversations. */
  started({ site } = {}) {
    this.identity.keepToken();
    if (site?.greeting) part("greeting-text").textContent = site.greeting;
    this.chat.begin(this.session.tickets);
  }

  tell(name, detail) {
    this.host?.tell({ type: "event", name, detail });
  }
}
