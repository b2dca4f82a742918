/* What the visitor sends: from the input into the outbox, with files if there are any, and what becomes of it. */
import { Blobs } from "./blobs.js";
import { part } from "./dom.js";
import { Outbox, uuid } from "./outbox.js";
import { onDemand } from "./rooms.js";

const GOES_BACK = ["too_long", "file_lost", "file_refused"]; // codes of what has to be written anew

export class Outgoing {
  constructor(widget) {
    this.widget = widget;
    this.files = null; // what sends files, once it is here; until then the stash has what was picked
    this.stash = { entries: [], take: () => this.stash.entries.splice(0) };
    this.blobs = new Blobs(widget.site.key);
    if (widget.consent.mayKeep) this.blobs.open();
    this.outbox = new Outbox({ storage: widget.storage, send: widget.send, on: (name, item) => this.heard(name, item) });
    this.sending = onDemand(async () => {
      const { Sending } = await import("./sending.js");
      this.files = new Sending({ ...widget, outbox: this.outbox, blobs: this.blobs, stash: this.stash, begin: () => widget.begin() });
      return this.files;
    });
  }

  post(body, entries) {
    const { widget } = this;
    part("tray-trouble").textContent = "";
    widget.begin();
    widget.chat.post(body, entries);
    if (!widget.connection.isOpen) widget.connection.now();
  }

  /** Somebody has picked files. */
  attach(picked) {
    this.widget.composer.hold(this.sending().then(({ tray }) => tray.add(picked), () => this.putAside(picked)));
  }

  /** What sends files cannot be loaded now: they go with the next message all the same, and up with the next line. */
  putAside(picked) {
    const { say, composer } = this.widget;
    for (const file of picked) {
      const entry = { key: uuid(), name: file.name, size: file.size, type: file.type, image: null };
      this.stash.entries.push(entry);
      this.blobs.put(entry.key, file);
    }
    part("tray-trouble").textContent = `${this.stash.entries.map(({ name }) => name).join(", ")}: ${say("fileWaiting")}`;
    composer.show();
  }

  online(isOpen) {
    this.files?.uploads.online(isOpen);
    if (this.stash.entries.length || this.outbox.items.some(({ files }) => files)) this.sending().catch(() => null); // with the next line again
    this.outbox.online(isOpen);
  }

  /** The outbox speaks. */
  heard(name, item) {
    const { widget } = this;
    if (name === "sent") this.sent(item);
    if (name === "failed") widget.tell("message:failed", { ref: item.ref, client_id: item.client_id });
    this.keepWaiting();
    widget.changed();
  }

  sent({ ref, client_id, files = [] }) {
    const { widget } = this;
    widget.tell("message:sent", { ref, client_id });
    for (const file of files) {
      widget.files.adopt(file, this.blobs.get(file.key));
      this.files?.uploads.drop(file.key);
    }
    if (widget.chat.isAway) widget.cards.askAddress();
  }

  /** Whether words wait to be sent is the one thing that the loader has to know when we are not there. */
  keepWaiting() {
    const { consent, host } = this.widget;
    const isWaiting = this.outbox.items.length > 0;
    if (isWaiting === this.isWaiting || !consent.mayKeep) return;
    this.isWaiting = isWaiting;
    host?.tell({ type: "keep", name: "waiting", value: isWaiting ? "1" : null });
  }

  /** What was not sent was pressed: try again, or give it back to be changed. */
  retry(client_id) {
    const { outbox } = this;
    const { chat, composer, connection } = this.widget;
    if (GOES_BACK.includes(outbox.find(client_id)?.code) && !composer.input.value) {
      const { body, files = [] } = outbox.withdraw(client_id);
      composer.fill(body);
      this.files?.tray.fill(files);
    } else outbox.retry(client_id, { ref: chat.current, conversation: chat.conversation });
    connection.now();
    composer.input.focus();
  }
}
