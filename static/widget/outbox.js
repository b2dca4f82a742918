/*
 * Messages on their way out. One rests here from the moment the input lets go of it until the server has it in its log,
 * over reloads and lost connections. Strictly in order, one at a time, always under the same client_id, so that sending
 * twice is harmless and order of writing is order of the timeline.
 */

const LATE_AFTER = 30_000; // ms without an answer until we say so
const RESEND_AFTER = 10_000; // ms until an unanswered message is sent again on the same connection
const PAUSE = 5_000; // ms to wait when told to slow down

export class Outbox {
  /** `send(frame)` puts a frame on the wire; `on(name, item)` hears "changed", "failed" and "sent". */
  constructor({ storage, send, on, now = () => Date.now() }) {
    Object.assign(this, { storage, send, on, now });
    this.uploads = null; // know how far the files are; they come with the first of them
    this.isOnline = false;
    this.inFlight = null; // {client_id, at}
    this.pausedUntil = 0;
    this.items = storage.names("out:").map((name) => storage.get(name)).filter(Boolean).sort((a, b) => a.order - b.order);
    this.items.forEach((item) => Object.assign(item, { since: now(), state: "sending" }));
    this.count = this.items.length ? this.items.at(-1).order : 0;
    this.tick();
  }

  /** Take a message in. `conversation` is the ticket's ref, or a name of our own while there is none. */
  add(body, { ref = null, conversation = ref, files = [] } = {}) {
    this.count = Math.max(this.count + 1, this.now());
    const item = { client_id: uuid(), ref, conversation, body, order: this.count, written: this.now(), since: this.now(), state: "sending" };
    if (files.length) item.files = files.map(asKept);
    this.items.push(item);
    this.keep(item);
    this.changed();
    return item;
  }

  useUploads(uploads) {
    this.uploads = uploads;
    this.items.forEach(({ files }) => files && uploads.restore(files));
    this.changed();
  }

  online(isOnline) {
    this.isOnline = isOnline;
    this.inFlight = null; // a new connection knows nothing of the old one's frames
    this.flush();
  }

  /** The server has it (an ack, or the message itself in the timeline): let go of it. */
  settle({ client_id, ref }) {
    const item = this.find(client_id);
    if (!item) return null;
    this.drop(item);
    this.adopt(item.conversation, ref);
    Object.assign(item, { ref, conversation: ref });
    this.on("sent", item);
    this.changed();
    return item;
  }

  /** An error frame that names a message: slow down, or give this one up until it is tapped; the others go on. */
  refuse({ client_id, code }) {
    const item = this.find(client_id);
    if (!item) return;
    if (this.inFlight?.client_id === client_id) this.inFlight = null;
    if (code === "rate_limited") {
      this.pausedUntil = this.now() + PAUSE;
    } else {
      Object.assign(item, { state: "refused", code });
      this.keep(item);
      this.on("failed", item);
    }
    this.changed();
  }

  /** Try again what was not sent; `where` says in which conversation, if the one it was written in is closed to us. */
  retry(client_id, where) {
    const item = this.find(client_id);
    if (!item) return;
    if (item.state === "refused") {
      this.items = [...this.items.filter((other) => other !== item), item];
      this.count = item.order = Math.max(this.count + 1, this.now());
      if (item.code === "not_found" || item.code === "forbidden") Object.assign(item, where);
      if (item.code === "conflict") {
        this.storage.remove(`out:${client_id}`);
        item.client_id = uuid();
      }
      if (item.files) this.uploads?.again(item.files); // what was not taken may have been a file that is gone by now
    }
    Object.assign(item, { state: "sending", since: this.now(), code: undefined });
    this.keep(item);
    this.inFlight = null;
    this.changed();
  }

  /** Take a message back out, to be written anew. */
  withdraw(client_id) {
    const item = this.find(client_id);
    if (item) this.drop(item);
    this.changed();
    return item;
  }

  /** A message has found its conversation's ref (or a new one): what waits behind it follows. */
  adopt(conversation, ref) {
    for (const item of this.items.filter((other) => other.conversation === conversation && other.ref !== ref)) {
      Object.assign(item, { ref, conversation: ref });
      this.keep(item);
    }
  }

  flush() {
    const head = this.items.find((item) => item.state !== "refused");
    if (!head || !this.isOnline || this.now() < this.pausedUntil) return;
    const { inFlight } = this;
    if (inFlight && inFlight.client_id === head.client_id && this.now() - inFlight.at < RESEND_AFTER) return;
    if (head.files && !this.haveArrived(head)) return;
    this.inFlight = { client_id: head.client_id, at: this.now() };
    const frame = { type: "message.post", client_id: head.client_id, body: head.body };
    if (head.ref) frame.ref = head.ref;
    if (head.files) frame.attachments = head.files.map(({ id }) => id);
    this.send(frame);
  }

  /** Whether the server has the files of this message; the words wait for them, and it is not late while they move. */
  haveArrived(item) {
    if (!this.uploads) return false;
    const code = this.uploads.holdUp(item.files);
    if (code && code !== "wait") this.refuse({ client_id: item.client_id, code });
    if (code === "wait" && item.share !== this.uploads.share(item.files)) Object.assign(item, { since: this.now(), share: this.uploads.share(item.files) });
    if (code) return false;
    const known = item.files.map(({ key }) => asKept(this.uploads.entries.get(key)));
    if (JSON.stringify(known) !== JSON.stringify(item.files)) {
      item.files = known;
      this.keep(item);
    }
    return true;
  }

  /** News of a file: of the message that waits for it, if one does. */
  fileChanged({ key }) {
    const item = this.items.find(({ files }) => files?.some((file) => file.key === key));
    if (!item) return;
    if (item.state === "late") item.state = "sending";
    this.changed();
  }

  /** Once a second while anything waits: say what is late, send again what got no answer. */
  tick() {
    clearTimeout(this.timer);
    if (this.items.length) this.timer = setTimeout(() => this.tick(), 1000);
    const late = this.items.filter((item) => item.state === "sending" && this.now() - item.since >= LATE_AFTER);
    for (const item of late) {
      item.state = "late";
      this.on("failed", item);
    }
    if (late.length) this.on("changed");
    this.flush();
  }

  changed() {
    this.on("changed");
    this.tick();
  }

  /** The keys of all files that messages wait for, other tabs' included. */
  waitingFiles() {
    return this.storage.names("out:").flatMap((name) => this.storage.get(name)?.files || []).map(({ key }) => key);
  }

  find(client_id) {
    return this.items.find((item) => item.client_id === client_id);
  }

  keep(item) {
    this.storage.set(`out:${item.client_id}`, item);
  }

  drop(item) {
    this.items = this.items.filter((other) => other !== item);
    if (this.inFlight?.client_id === item.client_id) this.inFlight = null;
    this.storage.remove(`out:${item.client_id}`);
  }
}

/** What of a file is worth keeping with its message. */
function asKept({ key, name, size, type, image, id }) {
  return { key, name, size, type, image, id };
}

/** A random UUID, also on pages without https, where crypto.randomUUID does not exist. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
