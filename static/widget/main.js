/* The widget's page: puts the parts together. */
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Files } from "./files.js";
import { meetHost } from "./host.js";
import { Outbox } from "./outbox.js";
import { Contact, Earlier, menuOf } from "./panels.js";
import { fillWords, part, Screen } from "./screen.js";
import { Session } from "./session.js";
import { Storage } from "./storage.js";
import { languageOf, textsFor } from "./texts.js";
import { useAccent } from "./color.js";
import { View } from "./view.js";

const settings = JSON.parse(document.getElementById("widget-settings").textContent);
const { site } = settings;
const storage = new Storage(`makegood:${site.key}:`);

let say, screen, view, composer, contact, earlier, menu, chat, connection, session, outbox, locale;
let isOpen = false;
const host = meetHost({ hello, shown, identify: ({ token }) => identify(token), look: ({ color }) => useAccent(color || site.color) });
if (!host) hello({ token: storage.get("token"), open: true, page: { url: location.href, title: document.title } });
else host.tell({ type: "color", color: site.color });

/** The host page has told us who is here. It may do so again (the frame was moved): the first time counts. */
function hello({ token, fresh, kept, open, page, color, locale: wanted }) {
  if (session) return;
  if (host) storage.lean(kept, (name, value) => host.tell({ type: "keep", name, value }));
  if (fresh) storage.clear();
  locale = wanted || site.locale || navigator.language;
  say = textsFor(locale);
  document.documentElement.lang = languageOf(locale);
  useAccent(color || site.color);
  fillWords(say, site);
  build(token, page);
  shown({ open, page });
  if (token || outbox.items.length) begin();
}

function build(token, page) {
  session = new Session({ site: site.key, token, page, locale, onStart: started, onForget: () => chat.clear() });
  outbox = new Outbox({ storage, send: (frame) => connection.send(frame), on: heard });
  chat = new Chat({ session, storage, outbox, line: { send: (frame) => connection.send(frame) }, onChange: changed, tell });
  const url = new URL(settings.socketPath, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  connection = new Connection({ url, session, hello: () => chat.cursors(), onFrame: (frame) => chat.take(frame), onState: entered });
  const draftName = () => chat.current || "new";
  const files = new Files({ say, locale, fetchFile: (id) => session.file(id) });
  view = new View({ log: part("log"), newer: part("newer"), say, locale, files, onRetry: retry });
  screen = new Screen({ chat, view, say, locale, onUnread: (count) => host?.tell({ type: "unread", count }) });
  composer = new Composer({ form: part("composer"), storage, say, draftName, onPost: post, onTyping: typing });
  contact = new Contact({ form: part("contact"), say, save: (email) => session.call("/widget/contact/", { email }), done: contactSaved });
  earlier = new Earlier({ section: part("earlier"), list: part("earlier-list"), say, locale, read: (ref) => session.events(ref, 0), pick: carryOn });
  menu = menuOf({ button: part("menu-button"), menu: part("menu"), choose, allowed });
  part("close").hidden = !host;
  part("close").addEventListener("click", () => host.tell({ type: "close" }));
  part("back").addEventListener("click", () => carryOn(chat.current));
  document.addEventListener("keydown", escape);
  document.addEventListener("visibilitychange", watch);
  chat.showWaiting();
  composer.begin();
}

/** Connect; done on the first need, or at once for somebody who wrote before. */
function begin() {
  if (!begin.isDone) connection.now();
  begin.isDone = true;
}

function shown({ open, page }) {
  isOpen = open;
  if (page && session) session.page = page;
  if (open) begin();
  if (connection?.isOpen) sendPage();
  if (open && matchMedia("(pointer: fine)").matches) part("composer").querySelector("textarea").focus();
  watch();
}

function identify(token) {
  identify.token = token;
  begin();
  if (connection.isOpen) connection.send({ type: "identify", token });
}

function entered(state) {
  chat.connection = state;
  if (connection.isOpen) {
    sendPage();
    if (identify.token) connection.send({ type: "identify", token: identify.token });
  }
  if (!connection.isOpen) chat.typist = null;
  outbox.online(connection.isOpen);
  tell("connection", { state });
  screen.lineChanged();
}

function sendPage() {
  connection.send({ type: "page", url: session.page?.url || "", title: session.page?.title || "" });
}

function post(body) {
  begin();
  chat.post(body);
  if (!connection.isOpen) connection.now();
}

function typing(text) {
  if (chat.current) connection.send({ type: "typing", ref: chat.current, text });
}

/** The outbox speaks. */
function heard(name, item) {
  if (name === "sent") tell("message:sent", { ref: item.ref, client_id: item.client_id });
  if (name === "failed") tell("message:failed", { ref: item.ref, client_id: item.client_id });
  if (name === "sent" && chat.isAway && !storage.get("contact")) contact.show(true);
  changed();
}

function retry(client_id) {
  const item = outbox.find(client_id);
  if (item?.code === "too_long" && !composer.input.value) composer.fill(outbox.withdraw(client_id).body);
  else outbox.retry(client_id, { ref: chat.current, conversation: chat.conversation });
  connection.now();
  composer.input.focus();
}

function contactSaved(email) {
  storage.set("contact", email);
  part("contact-done").textContent = say("contactSaved", { email });
  composer.input.focus();
}

function choose(name) {
  if (name === "new") carryOn(null);
  if (name === "earlier") session.start().catch(() => null).then(() => earlier.show(session.tickets, chat.current));
  if (name === "end") connection.send({ type: "chat.end", ref: chat.current });
  if (name !== "mail") return;
  contact.show(true);
  contact.focus();
}

function allowed(name) {
  if (name === "earlier") return session.isStarted;
  return Boolean(chat.current) && (name !== "end" || connection.state === "online");
}

function changed() {
  screen?.schedule();
}

/** Put a conversation on screen and the cursor in its input. */
function carryOn(ref) {
  earlier.hide();
  if (ref !== chat.current) {
    view.empty();
    chat.show(ref);
    composer.restore();
  }
  composer.input.focus();
}

function escape(event) {
  if (event.key !== "Escape" || event.isComposing) return;
  if (menu.close()) return;
  if (!part("earlier").hidden) carryOn(chat.current);
  else host?.tell({ type: "close" });
}

function watch() {
  if (!chat) return;
  chat.isWatched = isOpen && document.visibilityState === "visible";
  changed();
}

/** The server knows us: before the first hello, so that it asks for the right conversations. */
function started({ token }) {
  if (host) host.tell({ type: "token", token });
  else storage.set("token", token);
  chat.begin(session.tickets);
}

function tell(name, detail) {
  host?.tell({ type: "event", name, detail });
}
