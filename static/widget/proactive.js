/*
 * Words that the company says first, on pages and to visitors of its choice. Loaded when the page is idle, and only where the
 * site has such rules. One at most on a page view, never over a conversation, and as often as its rule allows.
 */
import { watchPage } from "./navigation.js";

const DISMISS = { en: "Close message", de: "Nachricht schließen", fr: "Fermer le message", es: "Cerrar el mensaje", pt: "Fechar a mensagem", ar: "إغلاق الرسالة", ja: "メッセージを閉じる" };
const HOUR = 3_600_000; // ms
const CROSS = "m6 6 8 8M14 6l-8 8";
const STYLE = `
  :where(.hint) { inset-inline-end: 20px }
  .hint { position: fixed; inset-block-end: calc(max(20px, env(safe-area-inset-bottom)) + 68px); width: max-content; max-width: min(300px, 100vw - 40px);
    box-sizing: border-box; display: flex; align-items: start; border-radius: 14px; background: light-dark(#fff, #1e1d1a); color: light-dark(#1f1d1a, #eeebe4);
    color-scheme: light dark; box-shadow: 0 0 0 1px rgb(128 122 110 / .18), 0 8px 28px rgb(30 25 15 / .2); font: 15px/1.45 system-ui, sans-serif }
  .hint button { border: 0; background: none; color: inherit; font: inherit; cursor: pointer; border-radius: 14px; text-align: start }
  .hint button:focus-visible { outline: 2px solid currentColor; outline-offset: -3px }
  .hint-words { padding-block: 13px; padding-inline: 16px 2px; overflow-wrap: anywhere; white-space: pre-line; text-wrap: pretty }
  .hint .hint-close { flex: none; width: 40px; height: 44px; padding: 0; display: grid; place-items: center; opacity: .7 }
  .hint .hint-close:hover { opacity: 1 }
  .hint svg { width: 20px; height: 20px }
  @media (prefers-reduced-motion: no-preference) { .hint { animation: rise .24s ease-out } }
  @media (forced-colors: active) { .hint { border: 1px solid } }`;

/** Whether a path such as /shop/tyres is one of the pattern's pages: `*` stands for anything, an empty pattern for every page. */
export function isPage(pattern, path) {
  if (!pattern) return true;
  const literal = (text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&");
  const bare = (text) => text.replace(/(?<=.)\/$/, "");
  return new RegExp(`^${bare(pattern).split("*").map(literal).join(".*")}$`, "s").test(bare(path)) || (pattern.endsWith("/*") && bare(path) === pattern.slice(0, -2));
}

/** Whether the page has said of the visitor what the rule asks for. */
export function isMeant(conditions = {}, attributes = {}) {
  return Object.entries(conditions).every(([name, value]) => Object.hasOwn(attributes, name) && String(attributes[name]) === String(value));
}

/** Whether this browser may hear it (again): `saidAt` in ms, or null; `hours` 0 means once only. */
export function mayBeSaid(hours, saidAt, now) {
  if (saidAt === null) return true;
  return hours > 0 && now - saidAt >= hours * HOUR;
}

/** The first rule to say now, and otherwise the seconds until the next may be: {rule} or {wait} (null: none will). */
export function choose(rules, { path, seconds, attributes, saidAt, now }) {
  const fitting = rules.filter((rule) => isPage(rule.page, path) && isMeant(rule.conditions, attributes) && mayBeSaid(rule.hours_between, saidAt(rule.id), now));
  const rule = fitting.find((one) => one.seconds <= seconds);
  if (rule) return { rule };
  return { wait: fitting.length ? Math.min(...fitting.map((one) => one.seconds)) - seconds : null };
}

/** `core` is the loader's: see embed.js. */
export async function begin(core) {
  const answer = await fetch(`${core.origin}/widget/rules.json?site=${encodeURIComponent(core.site)}`, { credentials: "omit" });
  const { rules } = await answer.json();
  return new Proactive(core, rules);
}

class Proactive {
  constructor(core, rules) {
    Object.assign(this, { core, rules });
    this.pageBegan();
    watchPage(() => {
      this.remove();
      this.pageBegan();
    });
    document.addEventListener("visibilitychange", () => this.tick());
    core.api.on("opened", () => this.remove());
    core.api.on("closed", () => this.look());
  }

  pageBegan() {
    this.seconds = 0; // that somebody could see the page
    this.since = document.visibilityState === "visible" ? performance.now() : null;
    this.hasSpoken = false;
    this.look();
  }

  /** Somebody looks, or has stopped looking. */
  tick() {
    if (this.since !== null) this.seconds += (performance.now() - this.since) / 1000;
    this.since = document.visibilityState === "visible" ? performance.now() : null;
    this.look();
  }

  /** Something that decides has changed. */
  look() {
    clearTimeout(this.timer);
    const { core } = this;
    if (this.hasSpoken || this.since === null || core.isBusy()) return;
    const seconds = this.seconds + (performance.now() - this.since) / 1000;
    const { rule, wait } = choose(this.rules, { path: location.pathname, seconds, attributes: core.attributes, saidAt: (id) => this.saidAt(id), now: Date.now() });
    if (rule) this.say(rule);
    else if (wait !== null) this.timer = setTimeout(() => this.look(), wait * 1000 + 20);
  }

  /** Kept where that is agreed, otherwise remembered as long as the page lives. */
  saidAt(id) {
    const at = Number(this.core.recall(`said:${id}`));
    return at > 0 ? at : null;
  }

  say({ id, text }) {
    const { core } = this;
    const { make } = core;
    this.hasSpoken = true;
    core.keep(`said:${id}`, String(Date.now()));
    if (!this.isStyled) core.style(STYLE);
    this.isStyled = true;
    const words = make("button", { type: "button", class: "hint-words", dir: "auto" });
    const status = make("div", { role: "status" });
    const close = make("button", { type: "button", class: "hint-close", "aria-label": DISMISS[core.language()] }, cross(make));
    this.hint = make("aside", { class: "hint", "aria-label": core.parts().panel.getAttribute("aria-label") }, status, close);
    words.addEventListener("click", () => this.accept({ id, text }));
    close.addEventListener("click", () => this.dismiss());
    this.hint.addEventListener("keydown", (event) => event.key === "Escape" && this.dismiss());
    core.parts().wrap.prepend(this.hint);
    words.textContent = text;
    requestAnimationFrame(() => status.append(words)); // into a region that is there already, so that it is read out
  }

  accept(said) {
    this.remove();
    this.core.said = said;
    this.core.api.open();
  }

  dismiss() {
    const hadFocus = this.hint.contains(this.hint.getRootNode().activeElement);
    this.remove();
    if (hadFocus) this.core.parts().button.focus();
  }

  remove() {
    clearTimeout(this.timer);
    this.hint?.remove();
    this.hint = null;
  }
}

function cross(make) {
  return make("svg", { viewBox: "0 0 20 20", fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "aria-hidden": true }, make("path", { d: CROSS }));
}
