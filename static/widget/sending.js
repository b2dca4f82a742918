/* What sends files, loaded with the first of them: the tray above the input, the uploads, and the bytes that wait. */
import { part } from "./dom.js";
import { Tray } from "./tray.js";
import { Uploads } from "./uploads.js";

export class Sending {
  constructor({ site, say, locale, session, connection, outbox, composer, blobs, stash, begin }) {
    this.outbox = outbox;
    const send = (blob, name, options) => session.upload(blob, name, options);
    this.uploads = new Uploads({ send, blobs, onChange: (entry) => this.changed(entry) });
    const limits = { bytes: site.max_file_bytes || Infinity, count: site.max_files || 10 };
    this.tray = new Tray({ box: part("tray"), trouble: part("tray-trouble"), say, locale, limits, uploads: this.uploads, onWork: begin, onChange: () => composer.show() });
    composer.tray = this.tray;
    const picked = stash.take();
    this.uploads.restore(picked).then(() => this.tray.fill(picked));
    this.tray.complain("");
    blobs.keepOnly(outbox.waitingFiles());
    this.uploads.online(connection.isOpen);
    outbox.useUploads(this.uploads);
  }

  /** News of a file: whether it lies in the tray, or a message waits for it. */
  changed(entry) {
    this.tray.changed(entry);
    this.outbox.fileChanged(entry);
  }
}
