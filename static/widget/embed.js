/*
 * Makegood, the loader: the one script a page includes.
 *
 *   <script async src="https://desk.example/widget/embed.js" data-site="SITE_KEY"></script>
 *
 * It draws the launcher and answers `window.Makegood`. The panel, an iframe of our own origin, is made on the first need.
 * The host page stays as it was: one global, one element with a shadow root, one key in localStorage.
 */
(() => {
  "use strict";

  const script = document.currentScript || document.querySelector('script[data-site][src*="/widget/embed.js"]');
  const queue = window.Makegood;
  if (!script || (queue && queue.ready)) return; // included twice: the first one stays

  const words = { open: "Chat with us", close: "Close chat", panel: "Chat", loading: "One moment…", blocked: "The chat could not be loaded. Please try again in a minute." };
  const EVENTS = ["opened", "closed", "unread", "message:sent", "message:received", "message:failed", "connection"];
  const DEFAULT_COLOR = "#0d5c49";
  const FORGOTTEN = "!"; // stored in place of a token: whoever comes next starts afresh

  const origin = new URL(script.src, location.href).origin;
  const site = script.dataset.site || "";
  const look = { color: script.dataset.color, position: script.dataset.position, locale: script.dataset.locale };
  const storageKey = `makegood:${site}`;
  const phone = matchMedia("(max-width: 480px)");

  let element, root, panel, button, badge, note, frame;
  let isOpen = false;
  let isFrameReady = false;
  let unread = 0;
  let stored = null; // the token where localStorage is closed to us
  let waiting = []; // for the frame, until it says that it is ready
  const listeners = {};

  /* ---- what the page can ask for ---- */

  const api = {
    open: () => show(true),
    close: () => show(false),
    toggle: () => show(!isOpen),
    /** Who the visitor is: a JWT signed with the site's secret by the shop's own server. */
    identify: ({ token } = {}) => {
      if (typeof token === "string" && token) tell({ type: "identify", token });
    },
    /** Change the look at any time: color, position, locale, hidden. */
    set: (values = {}) => {
      for (const name of ["color", "position", "locale", "hidden"]) if (name in values) look[name] = values[name];
      dress();
      if (frame) tell({ type: "look", color: look.color || null, locale: look.locale || null });
    },
    /** Listen; returns the way to stop listening. */
    on: (name, listener) => {
      if (!EVENTS.includes(name) || typeof listener !== "function") throw new TypeError(`Makegood.on: ${EVENTS.join(", ")}`);
      (listeners[name] ||= new Set()).add(listener);
      return () => listeners[name].delete(listener);
    },
    /** Forget this visitor, as when somebody signs out on a shared computer. */
    reset: () => {
      keep(FORGOTTEN);
      Object.keys(kept()).forEach((name) => keepFor(name));
      show(false);
      if (frame) frame.remove();
      frame = null;
      isFrameReady = false;
      waiting = [];
      count(0);
    },
    push: (...calls) => calls.forEach(run),
  };

  /** One call made before the script was here: a function, or ["method", argument…]. */
  function run(call) {
    try {
      if (typeof call === "function") call(api);
      else if (Array.isArray(call) && typeof api[call[0]] === "function") api[call[0]](...call.slice(1));
    } catch (error) {
      setTimeout(() => { throw error; }); // the page's own mistake: report it, carry on with the rest
    }
  }

  function emit(name, detail) {
    for (const listener of listeners[name] || []) run(() => listener(detail));
  }

  /* ---- the visitor's token lives in the page's own storage: a cross-site frame may have none ---- */

  /** `change(localStorage)`, or undefined where it is closed or full. */
  function storage(change) {
    try {
      return change(localStorage);
    } catch { /* then memory must do */ }
  }

  function token() {
    return storage((area) => area.getItem(storageKey)) ?? stored;
  }

  function keep(value) {
    stored = value;
    storage((area) => area.setItem(storageKey, value));
  }

  /** What the frame asked us to keep, because its own storage is closed: {name: text}. */
  function kept() {
    const found = {};
    storage((area) => Object.keys(area).forEach((key) => {
      if (key.startsWith(storageKey + ":")) found[key.slice(storageKey.length + 1)] = area[key];
    }));
    return found;
  }

  function keepFor(name, value) {
    const key = `${storageKey}:${name}`;
    storage((area) => (typeof value === "string" ? area.setItem(key, value) : area.removeItem(key)));
  }

  /* ---- the launcher ---- */

  const STYLE = `
    :host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; inset: auto !important }
    [hidden] { display: none !important }
    button, .panel { position: fixed; box-sizing: border-box }
    button { inset-block-end: max(20px, env(safe-area-inset-bottom)); inset-inline-end: 20px; width: 56px; height: 56px; padding: 0; border: 0;
      border-radius: 18px; background: var(--color); color: var(--ink); cursor: pointer; display: grid; place-items: center;
      box-shadow: 0 0 0 1px rgb(255 255 255 / .16), 0 8px 24px rgb(30 25 15 / .24); -webkit-tap-highlight-color: transparent }
    button:focus-visible { outline: 3px solid var(--color); outline-offset: 3px; box-shadow: 0 0 0 3px #fff }
    button svg { width: 28px; height: 28px; grid-area: 1 / 1 }
    button[aria-expanded=true] .talk, button[aria-expanded=false] .shut { visibility: hidden }
    .badge { position: absolute; inset-block-start: -5px; inset-inline-end: -5px; min-width: 22px; height: 22px; padding: 0 6px; box-sizing: border-box;
      border-radius: 11px; border: 2px solid #fff; background: #ad3320; color: #fff; font: 600 12px/18px system-ui, sans-serif; text-align: center }
    .panel { inset-block-end: calc(max(20px, env(safe-area-inset-bottom)) + 68px); inset-inline-end: 20px; width: min(384px, 100vw - 40px);
      height: min(668px, 100vh - 112px); height: min(668px, 100dvh - 112px); border-radius: 16px; overflow: hidden; background: light-dark(#fff, #1e1d1a);
      color: light-dark(#1f1d1a, #eeebe4); color-scheme: light dark; box-shadow: 0 0 0 1px rgb(128 122 110 / .18), 0 12px 40px rgb(30 25 15 / .22); display: grid }
    .panel > * { grid-area: 1 / 1 }
    iframe { width: 100%; height: 100%; border: 0; display: block; color-scheme: light dark }
    iframe.loading { opacity: 0 }
    p { margin: auto; padding: 32px; font: 15px/1.5 system-ui, sans-serif; text-align: center; text-wrap: balance }
    .start button, .start .panel { inset-inline: 20px auto }
    .left button, .left .panel { left: 20px; right: auto }
    .right button, .right .panel { right: 20px; left: auto }
    @media (max-width: 480px) {
      .wrap .panel { inset: 0; width: 100%; height: 100vh; height: 100dvh; border-radius: 0;
        padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left) }
      button[aria-expanded=true] { visibility: hidden }
    }
    @media (prefers-reduced-motion: no-preference) {
      .panel { animation: rise .18s ease-out }
      button { transition: transform .15s } button:hover { transform: translateY(-2px) }
      @keyframes rise { from { opacity: 0; transform: translateY(10px) } }
    }
    @media (forced-colors: active) { button, .panel { border: 1px solid } }
    @media print { .wrap { display: none } }`;

  const STROKES = { fill: "none", stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round", "stroke-linejoin": "round" };
  const TALK = "M7 3.5h14a4 4 0 0 1 4 4v9a4 4 0 0 1-4 4h-7.5L8 25v-4.5H7a4 4 0 0 1-4-4v-9a4 4 0 0 1 4-4ZM14 8v8M10 12h8";
  const SHUT = "m7 11 7 7 7-7";

  /** An element with attributes and children; built by hand, because a page with Trusted Types refuses innerHTML. */
  function make(tag, attributes = {}, ...children) {
    const isSvg = tag === "svg" || tag === "path";
    const made = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    made.append(...children);
    return made;
  }

  const icon = (name, d) => make("svg", { class: name, viewBox: "0 0 28 28", "aria-hidden": true, ...STROKES }, make("path", { d }));

  function mount() {
    element = make("makegood-widget");
    root = element.attachShadow({ mode: "open" });
    style(root);
    badge = make("span", { class: "badge" });
    note = make("p", { role: "status" });
    panel = make("div", { class: "panel", id: "panel", role: "dialog", "aria-label": words.panel, hidden: "" }, note);
    button = make("button", { type: "button", "aria-expanded": false, "aria-haspopup": "dialog", "aria-controls": "panel" }, icon("talk", TALK), icon("shut", SHUT), badge);
    root.append(make("div", {}, panel, button));
    button.addEventListener("click", api.toggle);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isOpen) show(false);
    });
    if (window.visualViewport) for (const name of ["resize", "scroll"]) visualViewport.addEventListener(name, fit);
    dress();
    count(unread);
    document.body.append(element);
  }

  /** A constructed style sheet is allowed under any Content-Security-Policy; old browsers get a plain one. */
  function style(target) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      target.adoptedStyleSheets = [sheet];
    } catch {
      target.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
    }
  }

  function dress() {
    if (!root) return;
    const wrap = root.firstElementChild;
    const color = /^#[0-9a-f]{6}$/i.test(look.color) ? look.color : DEFAULT_COLOR;
    wrap.style.setProperty("--color", color);
    wrap.style.setProperty("--ink", luminance(color) > 0.3 ? "#1f1d1a" : "#fff");
    wrap.className = `wrap ${["left", "right", "start"].includes(look.position) ? look.position : ""}`;
    button.hidden = Boolean(look.hidden);
  }

  /** Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2). */
  function luminance(color) {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  /** On a phone the panel follows what the on-screen keyboard leaves free. */
  function fit() {
    const follow = isOpen && phone.matches && visualViewport.height < innerHeight - 1;
    panel.style.height = follow ? `${visualViewport.height}px` : "";
    panel.style.top = follow ? `${visualViewport.offsetTop}px` : "";
  }

  function count(number) {
    const changed = number !== unread;
    unread = number;
    if (button) {
      badge.hidden = !number;
      badge.textContent = number > 99 ? "99+" : number;
      label();
    }
    if (changed) emit("unread", number);
  }

  function label() {
    const name = isOpen ? words.close : words.open;
    button.setAttribute("aria-label", unread && !isOpen ? `${name} (${unread})` : name);
  }

  /* ---- the panel ---- */

  function show(open) {
    if (!root || open === isOpen) return;
    const hadFocus = root.activeElement;
    isOpen = open;
    if (!element.isConnected) document.body.append(element); // the page swapped its body
    panel.hidden = !open;
    panel.setAttribute("aria-modal", phone.matches);
    button.setAttribute("aria-expanded", open);
    label();
    if (open) load();
    if (frame && isFrameReady) tell({ type: "shown", open, page: page() });
    if (open) frame.focus();
    else if (hadFocus) button.focus();
    emit(open ? "opened" : "closed");
  }

  function load() {
    if (frame) return;
    note.textContent = words.loading;
    frame = document.createElement("iframe");
    frame.title = words.panel;
    frame.className = "loading";
    frame.referrerPolicy = "origin"; // so that the frame knows whom it may talk to
    frame.allow = "clipboard-write";
    frame.src = `${origin}/widget/frame/?site=${encodeURIComponent(site)}`;
    panel.append(frame);
    const mine = frame;
    setTimeout(() => {
      if (frame === mine && !isFrameReady) note.textContent = words.blocked;
    }, 10000);
  }

  function page() {
    return { url: location.href.split("#")[0].slice(0, 2000), title: document.title.slice(0, 200) };
  }

  function tell(message) {
    load();
    if (isFrameReady) frame.contentWindow.postMessage({ makegood: 1, ...message }, origin);
    else waiting.push(message);
  }

  const hears = {
    ready() {
      isFrameReady = true;
      frame.classList.remove("loading");
      note.textContent = "";
      const value = token();
      const fresh = value === FORGOTTEN;
      if (fresh) keep("");
      tell({ type: "hello", token: fresh ? null : value || null, fresh, kept: kept(), open: isOpen, page: page(), color: look.color || null, locale: look.locale || null });
      waiting.splice(0).forEach(tell);
    },
    token: ({ token: value }) => typeof value === "string" && value.length > 15 && value.length < 2049 && keep(value),
    keep: ({ name, value }) => typeof name === "string" && name.length < 100 && keepFor(name, value),
    unread: ({ count: number }) => Number.isInteger(number) && number >= 0 && count(number),
    event: ({ name, detail }) => EVENTS.indexOf(name) > 2 && emit(name, detail),
    color({ color }) {
      if (!look.color && typeof color === "string") {
        look.color = color;
        dress();
      }
    },
    close() {
      if (!isOpen) return;
      show(false);
      button.focus();
    },
  };

  window.addEventListener("message", (event) => {
    if (!frame || event.origin !== origin || event.source !== frame.contentWindow) return;
    const data = event.data;
    if (data && data.makegood === 1 && Object.hasOwn(hears, data.type)) hears[data.type](data);
  });

  /** Someone who wrote before: look for an answer once the page has nothing better to do. */
  function lookForAnswers() {
    const value = token();
    if (!value || value === FORGOTTEN || navigator.connection?.saveData) return;
    const later = window.requestIdleCallback || ((go) => setTimeout(go, 2000));
    later(() => load(), { timeout: 5000 });
  }

  api.ready = new Promise((resolve) => {
    const begin = () => {
      mount();
      resolve(api);
      if (Array.isArray(queue)) queue.forEach(run);
      if (document.readyState === "complete") lookForAnswers();
      else window.addEventListener("load", lookForAnswers, { once: true });
    };
    window.Makegood = api;
    if (document.body) begin();
    else document.addEventListener("DOMContentLoaded", begin, { once: true });
  });
})();
