/*
 * The frame's own storage, under one prefix. Where the browser closes it (third-party frames), the host page keeps the
 * same few values, as it keeps the token; and where that is closed too, memory does for as long as the page lives.
 */

export class Storage {
  constructor(prefix, area = openArea()) {
    this.prefix = prefix;
    this.area = area;
    this.memory = new Map();
  }

  /** The host page keeps what we cannot: `kept` is what it has, `relay(name, json|null)` takes changes to it. */
  lean(kept, relay) {
    if (this.area) return;
    for (const [name, json] of Object.entries(kept)) {
      try {
        this.memory.set(name, JSON.parse(json));
      } catch { /* not ours */ }
    }
    this.relay = relay;
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
      this.area.setItem(this.prefix + name, JSON.stringify(value));
      return true;
    } catch {
      return false; // closed or full: it lives as long as the page
    }
  }

  remove(name) {
    this.memory.delete(name);
    this.relay?.(name, null);
    try {
      this.area.removeItem(this.prefix + name);
    } catch { /* it was never there */ }
  }

  /** The names that begin with `start`, here and in memory. */
  names(start = "") {
    const found = new Set(this.memory.keys());
    try {
      for (let at = 0; at < this.area.length; at++) {
        const key = this.area.key(at);
        if (key.startsWith(this.prefix)) found.add(key.slice(this.prefix.length));
      }
    } catch { /* memory only */ }
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
