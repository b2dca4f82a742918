/*
 * What the widget remembers, under one prefix. It begins in memory and touches the browser only once `open` has said that
 * it may (a visitor may have to agree first). Where the browser closes its storage (third-party frames), the host page
 * keeps the same few values, as it keeps the token; and where that is closed too, memory does for as long as the page lives.
 */

export class Storage {
  constructor(prefix) {
    this.prefix = prefix;
    this.area = null;
    this.relay = null;
    this.memory = new Map();
  }

  /** Keep from now on, what was said so far included. `kept` is what the host page has, `relay(name, json|null)` changes it. */
  open({ kept = {}, relay = null } = {}) {
    const said = new Map(this.memory);
    this.area = openArea();
    this.relay = this.area ? null : relay;
    if (!this.area) this.recall(kept);
    for (const [name, value] of said) this.set(name, value);
  }

  /** Keep nothing any more: what the browser has is taken out, what this page needs stays in memory. */
  close() {
    const held = new Map(this.names().map((name) => [name, this.get(name)]));
    this.clear();
    Object.assign(this, { area: null, relay: null, memory: held });
  }

  recall(kept) {
    for (const [name, json] of Object.entries(kept)) {
      try {
        this.memory.set(name, JSON.parse(json));
      } catch { /* not ours */ }
    }
  }

  /** Read one value without keeping anything. */
  peek(name) {
    try {
      return JSON.parse(window.localStorage.getItem(this.prefix + name));
    } catch {
      return null;
    }
  }

  /** Take out whatever is here of an earlier visit, whether we may keep anything or not. */
  wipe() {
    try {
      const { localStorage } = window;
      Object.keys(localStorage).filter((key) => key.startsWith(this.prefix)).forEach((key) => localStorage.removeItem(key));
    } catch { /* closed: there is nothing */ }
    this.memory.clear();
  }

  get(name) {
    try {
      return JSON.parse(this.area.getItem(this.prefix + name)) ?? this.memory.get(name) ?? null;
    } catch {
      return this.memory.get(name) ?? null;
    }
  }

  set(name, value) {
    this.memory.set(name, value);
    this.relay?.(name, JSON.stringify(value));
    try {
      this.area?.setItem(this.prefix + name, JSON.stringify(value));
    } catch { /* full: it lives as long as the page */ }
  }

  remove(name) {
    this.memory.delete(name);
    this.relay?.(name, null);
    this.area?.removeItem(this.prefix + name);
  }

  /** The names that begin with `start`, here and in memory. */
  names(start = "") {
    const found = new Set(this.memory.keys());
    for (let at = 0; at < (this.area?.length || 0); at++) {
      const key = this.area.key(at);
      if (key.startsWith(this.prefix)) found.add(key.slice(this.prefix.length));
    }
    return [...found].filter((name) => name.startsWith(start));
  }

  clear() {
    this.names().forEach((name) => this.remove(name));
  }
}

function openArea() {
  try {
    window.localStorage.setItem("makegood:probe", "1");
    window.localStorage.removeItem("makegood:probe");
    return window.localStorage;
  } catch {
    return null;
  }
}
