/*
 * Files on their way to the server, one after the other, each tried again until the server has it or says that it will
 * not. A message goes only when all of its files are there. Entries: {key, name, size, type, image, state, share, id, code},
 * state "waiting", "going", "done" or "refused"; `share` of it is over, 0 to 1.
 */
import { uuid } from "./outbox.js";

const LONGEST_PAUSE = 20_000; // ms between two tries
const SLOW_DOWN = 5_000; // ms to wait when told to

export class Uploads {
  /** `send(blob, name, {onShare, signal})` answers {id, name, size, type, image} or throws; `onChange(entry)` hears of news. */
  constructor({ send, blobs, onChange }) {
    Object.assign(this, { send, blobs, onChange });
    this.entries = new Map();
    this.isOnline = false;
    this.failures = 0;
  }

  /** Take a file in. */
  add(blob, { name }) {
    const entry = { key: uuid(), name, size: blob.size, type: blob.type, image: null, state: "waiting", share: 0 };
    this.entries.set(entry.key, entry);
    this.blobs.put(entry.key, blob);
    this.next();
    return entry;
  }

  /** The files of a message that waited over a reload: what the server has not got is sent again, if its bytes are here. */
  async restore(files) {
    for (const file of files.filter(({ key }) => !this.entries.has(key))) {
      const entry = { ...file, state: file.id ? "done" : "waiting", share: file.id ? 1 : 0 };
      this.entries.set(entry.key, entry);
      if (!file.id && !(await this.blobs.get(file.key))) Object.assign(entry, { state: "refused", code: "lost" });
      this.onChange(entry);
    }
    this.next();
  }

  /** What is left to do for these files: null, "wait", or the code of what cannot be helped. */
  holdUp(files) {
    const entries = files.map(({ key }) => this.entries.get(key)).filter(Boolean);
    const refused = entries.find(({ state }) => state === "refused");
    if (refused) return refused.code === "lost" ? "file_lost" : "file_refused";
    return entries.every(({ state }) => state === "done") && entries.length === files.length ? null : "wait";
  }

  /** How much of these files the server has, 0 to 1. */
  share(files) {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    return total ? files.reduce((sum, { key, size }) => sum + size * (this.entries.get(key)?.share ?? 0), 0) / total : 0;
  }

  /** The line came or went. What has not moved while it was away hangs: begin it anew. */
  online(isOnline) {
    if (isOnline && this.going && this.going.share === this.lostAt) this.abort.abort();
    this.lostAt = isOnline ? null : this.going?.share;
    this.isOnline = isOnline;
    for (const entry of this.entries.values()) if (entry.state === "waiting") this.onChange(entry);
    if (!isOnline) return;
    clearTimeout(this.timer);
    this.next();
  }

  /** Not wanted any more, or stored with its message: let go of its bytes. */
  drop(key) {
    const entry = this.entries.get(key);
    if (entry?.state === "going") this.abort.abort();
    this.entries.delete(key);
    this.blobs.remove(key);
    this.next();
  }

  /** The server has forgotten what it had of these: send them anew. */
  again(files) {
    for (const { key } of files) if (this.entries.has(key)) Object.assign(this.entries.get(key), { state: "waiting", share: 0, id: undefined, code: undefined });
    this.next();
  }

  async next() {
    const entry = [...this.entries.values()].find(({ state }) => state === "waiting");
    if (!entry || this.going || !this.isOnline) return;
    this.going = entry;
    this.abort = new AbortController();
    try {
      await this.go(entry);
      this.failures = 0;
    } catch (error) {
      this.failed(entry, error);
    }
    this.going = null;
    if (this.entries.has(entry.key)) this.onChange(entry);
    if (entry.state !== "waiting" || !this.entries.has(entry.key)) this.next();
  }

  async go(entry) {
    Object.assign(entry, { state: "going", share: 0 });
    const blob = await this.blobs.get(entry.key);
    if (!blob) throw Object.assign(new Error("its bytes are gone"), { isFinal: true, code: "lost" });
    const onShare = (share) => {
      entry.share = share;
      this.onChange(entry);
    };
    const { id, image } = await this.send(blob, entry.name, { onShare, signal: this.abort.signal });
    Object.assign(entry, { id, image: image || null, state: "done", share: 1 });
  }

  failed(entry, error) {
    if (!this.entries.has(entry.key)) return;
    if (error.isFinal) {
      Object.assign(entry, { state: "refused", code: error.status === 413 ? "too_large" : error.code });
      return;
    }
    Object.assign(entry, { state: "waiting", share: 0 });
    this.failures += 1;
    const pause = error.status === 429 ? SLOW_DOWN : Math.min(LONGEST_PAUSE, 500 * 2 ** this.failures);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.next(), pause);
  }
}
