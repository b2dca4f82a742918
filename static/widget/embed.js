/*
 * Makegood, the loader: draws the launcher and answers `window.Makegood` (docs/protocol.md, "On a page").
 * The rest, opener.js and the panel, comes when it is needed. 6 kB gzipped at most, comments and all.
 */
(() => {
  "use strict";

  const script = document.currentScript || document.querySelector('script[data-site][src*="/widget/embed.js"]');
  const queue = window.Makegood;
  if (!script || (queue && queue.ready)) return; // included twice: the first one stays

  // open, close, news, trouble
  const WORDS = {
    en: ["Chat with us", "Close chat", "New messages: ", "The chat is not available right now."],
    de: ["Mit uns chatten", "Chat schließen", "Neue Nachrichten: ", "Der Chat ist zurzeit nicht erreichbar."],
    fr: ["Discuter avec nous", "Fermer le chat", "Nouveaux messages : ", "Le chat est momentanément indisponible."],
    es: ["Chatear con nosotros", "Cerrar el chat", "Mensajes nuevos: ", "El chat no está disponible en este momento."],
    pt: ["Abrir o chat", "Fechar o chat", "Novas mensagens: ", "O chat não está disponível neste momento."],
    ar: ["تحدّث معنا", "إغلاق المحادثة", "رسائل جديدة: ", "المحادثة غير متاحة حاليًا."],
    ja: ["チャットで相談する", "チャットを閉じる", "新着メッセージ：", "現在、チャットをご利用いただけません。"],
  };
  const EVENTS = ["opened", "closed", "unread", "message:sent", "message:received", "message:failed", "connection"];
  const FORGOTTEN = "!"; // kept in place of a token: whoever comes next starts afresh

  const { site = "", color, position, locale, label, consent, proactive } = script.dataset;
  const origin = new URL(script.src).origin;
  const look = { color, position, locale, label };
  const listeners = {};
  let element, root, wrap, panel, button, badge, note; // the launcher
  let opening, frame, bubble; // a promise of the panel's frame, the frame, a promise of proactive messages
  let unread = 0;
  let hasAsked = false;
  let returnTo;
  let siteLook = {}; // as the panel tells it; its `locale` is the one that the panel speaks
  let memory = {}; // what is kept while this page lives

  const api = {
    open: () => show(true),
    close: () => show(false),
    toggle: () => show(!core.isOpen),
    identify: ({ token } = {}) => {
      if (token && typeof token === "string") tell({ type: "identify", token });
    },
    set: (values = {}) => {
      const before = look.locale;
      for (const name of ["color", "position", "locale", "label", "hidden"]) if (name in values) look[name] = values[name];
      if (look.locale !== before) {
        delete siteLook.locale;
        if (core.consent) again(); // what is kept comes back in the other language
      }
      if ("consent" in values) agree(values.consent === true);
      Object.assign(core.attributes, values.attributes);
      dress();
      if (opening) tell({ type: "look", color: look.color || null, locale: look.locale || null });
      bubble?.then((its) => its?.look());
    },
    on: (name, listener) => {
      if (!EVENTS.includes(name) || typeof listener !== "function") throw new TypeError(`Makegood.on: ${EVENTS}`);
      const own = (detail) => listener(detail); // the same function twice is two listeners
      (listeners[name] ||= new Set()).add(own);
      return () => listeners[name].delete(own);
    },
    reset: () => {
      clear();
      forget();
      keep("", FORGOTTEN);
    },
    push: (...calls) => calls.forEach(run),
  };

  // for opener.js and proactive.js
  const core = {
    api, origin, site, look, EVENTS, FORGOTTEN, emit, count, show, load, tell, recall, keep, ours, agree, forget, blocked, make, style, language,
    isOpen: false,
    isTalking: false,
    isBlocked: false,
    asks: consent === "ask",
    consent: consent === "ask" ? null : true,
    attributes: {},
    memory: () => memory,
    parts: () => ({ wrap, panel, button, note }),
    isBusy: () => core.isOpen || core.isTalking || unread || look.hidden,
    adopt: (values) => {
      siteLook = values;
      dress();
    },
  };

  /** A function, or ["method", argument…]. */
  function run(call) {
    try {
      if (typeof call === "function") call(api);
      else if (Array.isArray(call) && typeof api[call[0]] === "function") api[call[0]](...call.slice(1));
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  function emit(name, detail) {
    if (/sent|received/.test(name)) core.isTalking = true;
    for (const listener of listeners[name] || []) run(() => listener(detail));
  }

  /* What the page keeps for us, if that is agreed: the token under no name, other things under theirs. */

  const base = `makegood:${site}`;
  const key = (name) => (name ? `${base}:${name}` : base);

  function storage(change, isAllowed = core.consent) {
    try {
      return isAllowed ? change(localStorage) : null;
    } catch { /* closed or full: memory must do */ }
  }

  function recall(name) {
    return storage((area) => area.getItem(key(name))) ?? memory[name] ?? null;
  }

  function keep(name, value) {
    memory[name] = value;
    storage((area) => (value == null ? area.removeItem(key(name)) : area.setItem(key(name), value)));
  }

  /** The names of all that is kept. */
  function ours(isAllowed) {
    const stored = storage(Object.keys, isAllowed) || [];
    return stored.filter((own) => own === base || own.startsWith(base + ":")).map((own) => own.slice(base.length + 1));
  }

  /** Take it all away; how much there was. */
  const clear = () => ours(true).map((name) => storage((area) => area.removeItem(key(name)), true)).length;

  function agree(given) {
    if (given === core.consent) return;
    core.consent = given;
    if (given) {
      if (!memory[""] && recall("")) again(); // somebody we know
      for (const name in memory) keep(name, memory[name]);
      whenIdle(lookForAnswers);
    } else if (clear() && !opening) {
      memory = { "": FORGOTTEN };
      load(); // what the frame keeps goes, too
    }
    if (opening) tell({ type: "consent", given });
  }

  const STYLE = `
    :host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; inset: auto !important }
    [hidden] { display: none !important }
    .launch, .panel { position: fixed; box-sizing: border-box; inset-inline-end: 20px; inset-block-end: max(20px, env(safe-area-inset-bottom)) }
    .launch { width: 56px; height: 56px; padding: 0; border: 0; border-radius: 18px; background: var(--color); color: var(--ink); cursor: pointer;
      display: grid; place-items: center; box-shadow: 0 0 0 1px rgb(255 255 255 / .16), 0 8px 24px rgb(30 25 15 / .24) }
    .launch:focus-visible { outline: 3px solid var(--color); outline-offset: 3px; box-shadow: 0 0 0 3px #fff }
    .launch svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round }
    [aria-expanded=true] .talk, [aria-expanded=false] .shut { visibility: hidden }
    .badge { position: absolute; inset-block-start: -5px; inset-inline-end: -5px; min-width: 22px; padding: 0 6px; box-sizing: border-box;
      border-radius: 11px; border: 2px solid #fff; background: #ad3320; color: #fff; font: 600 12px/18px system-ui, sans-serif; text-align: center }
    .panel { margin-block-end: 68px; width: min(384px, 100vw - 40px); height: min(668px, 100vh - 112px); height: min(668px, 100dvh - 112px);
      border-radius: 16px; overflow: hidden; background: light-dark(#fff, #1e1d1a); color: light-dark(#1f1d1a, #eeebe4); color-scheme: light dark;
      box-shadow: 0 0 0 1px rgb(128 122 110 / .18), 0 12px 40px rgb(30 25 15 / .22); display: grid }
    .panel > * { grid-area: 1 / 1 }
    iframe { width: 100%; height: 100%; border: 0; color-scheme: light dark }
    .loading { opacity: 0 }
    p { margin: auto; padding: 32px; font: 15px/1.5 system-ui, sans-serif; text-align: center }
    .start > * { inset-inline: 20px auto }
    .left > * { left: 20px; right: auto }
    .right > * { right: 20px; left: auto }
    @media (max-width: 480px) {
      .wrap .panel { inset: 0; margin: 0; width: 100%; height: 100vh; height: 100dvh; border-radius: 0;
        padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left) }
      .ready ~ [aria-expanded=true] { visibility: hidden }
    }
    @media (prefers-reduced-motion: no-preference) {
      .panel { animation: rise .18s ease-out }
      .launch { transition: transform .15s } .launch:hover { transform: translateY(-2px) }
      @keyframes rise { from { opacity: 0; transform: translateY(10px) } }
    }
    @media (forced-colors: active) { .launch, .panel { border: 1px solid } }
    @media print { .wrap { display: none } }`;

  function make(tag, attributes, ...children) {
    const made = /svg|path/.test(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    made.append(...children);
    return made;
  }

  function mount() {
    element = make("makegood-widget");
    root = element.attachShadow({ mode: "open" });
    style(STYLE);
    badge = make("span", { class: "badge" });
    note = make("p", { role: "status", dir: "auto" });
    panel = make("div", { class: "panel", id: "panel", role: "dialog", hidden: "" }, note);
    button = make("button", { class: "launch", type: "button", "aria-expanded": false, "aria-haspopup": "dialog", "aria-controls": "panel" },
      make("svg", { viewBox: "0 0 28 28", "aria-hidden": true },
        make("path", { class: "talk", d: "M7 3.5h14a4 4 0 0 1 4 4v9a4 4 0 0 1-4 4h-7.5L8 25v-4.5H7a4 4 0 0 1-4-4v-9a4 4 0 0 1 4-4ZM14 8v8M10 12h8" }),
        make("path", { class: "shut", d: "m7 11 7 7 7-7" })), badge);
    wrap = make("div", {}, panel, button);
    root.append(wrap);
    button.addEventListener("click", api.toggle);
    root.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
    dress();
    document.body.append(element);
  }

  /** Constructed, because a strict policy allows that; old browsers get a plain one. */
  function style(css) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      root.append(make("style", {}, css));
    }
  }

  function dress() {
    if (!root) return;
    const shade = [look.color, siteLook.color].find((one) => /^#[0-9a-f]{6}$/i.test(one)) || "#0d5c49";
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(shade.slice(at, at + 2), 16) / 255) ** 2.2);
    wrap.style.setProperty("--color", shade);
    wrap.style.setProperty("--ink", 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3 ? "#1f1d1a" : "#fff");
    wrap.className = `wrap ${look.position || siteLook.position || ""}`;
    button.hidden = look.hidden;
    badge.hidden = !unread;
    badge.textContent = unread > 99 ? "99+" : unread;
    const [open, close, news] = WORDS[language()];
    panel.ariaLabel = open;
    button.title = core.isOpen ? close : look.label || open;
    button.ariaLabel = button.title + (unread && !core.isOpen ? `. ${news}${unread}` : "");
  }

  function language() {
    const wishes = [siteLook.locale, look.locale, ...navigator.languages].map((one) => String(one).slice(0, 2).toLowerCase());
    return wishes.find((one) => WORDS[one]) || "en";
  }

  function count(number) {
    if (number === unread) return;
    unread = number;
    dress();
    emit("unread", number);
  }

  function show(open) {
    if (!root || open === core.isOpen) return;
    const hadFocus = root.activeElement;
    if (open) returnTo = hadFocus ? button : document.activeElement;
    core.isOpen = open;
    if (!element.isConnected) document.body.append(element); // the page swapped its body
    panel.hidden = !open;
    button.ariaExpanded = open;
    dress();
    if (open && core.isBlocked) drop(); // another try
    if (open) load();
    frame?.shown();
    if (!open && hadFocus) (returnTo.isConnected && returnTo !== document.body ? returnTo : button).focus();
    emit(open ? "opened" : "closed");
  }

  const bring = (name) => import(`${origin}/static/widget/${name}.js`);

  function load() {
    if (opening) return;
    note.textContent = "…";
    const mine = (opening = bring("opener").then(({ Panel }) => mine === opening && (frame = new Panel(core))));
    mine.catch(() => mine === opening && blocked());
  }

  function tell(message) {
    load();
    const mine = opening;
    mine.then(() => mine === opening && frame.tell(message), () => 0);
  }

  function blocked() {
    core.isBlocked = true;
    note.textContent = WORDS[language()][3];
    emit("connection", { state: navigator.onLine ? "blocked" : "offline" });
  }

  function drop() {
    frame?.remove();
    opening = frame = null;
    core.isBlocked = false;
  }

  function again() {
    if (!opening) return;
    drop();
    load();
  }

  function forget() {
    show(false);
    drop();
    memory = {};
    core.attributes = {};
    core.isTalking = false;
    count(0);
  }

  function whenIdle(go) {
    (window.requestIdleCallback || ((later) => setTimeout(later, 2000)))(() => go(), { timeout: 5000 });
  }

  /** Somebody who wrote before: is there an answer? The panel comes if the chat goes on, or words wait to be sent. */
  async function lookForAnswers() {
    const token = recall("");
    if (opening || hasAsked || token === FORGOTTEN) return;
    if (recall("waiting")) return load();
    if (!token) return;
    hasAsked = true;
    try {
      const body = JSON.stringify({ site, token }); // plain text needs no preflight
      const answer = await (await fetch(`${origin}/widget/unread/`, { method: "POST", credentials: "omit", body })).json();
      if (opening) return;
      count(answer.unread || 0);
      core.isTalking = answer.live === true;
      if (core.isTalking) load();
    } catch {
      if (navigator.onLine) load(); // a policy forbids it: the panel may ask for itself
    }
  }

  async function lookAround() {
    await lookForAnswers();
    if (proactive != null) bubble = bring("proactive").then(({ begin }) => begin(core)).catch(() => null);
  }

  api.ready = new Promise((resolve) => {
    const begin = () => {
      mount();
      resolve(api);
      if (Array.isArray(queue)) queue.forEach(run);
      if (document.readyState === "complete") whenIdle(lookAround);
      else window.addEventListener("load", () => whenIdle(lookAround), { once: true });
    };
    window.Makegood = api;
    if (document.body) begin();
    else document.addEventListener("DOMContentLoaded", begin, { once: true });
  });
})();
