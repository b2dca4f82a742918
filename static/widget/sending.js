/* What sends files, loaded with the first of them: the tray above the input, the uploads, and the bytes that wait. */
import { Blobs } from "./blobs.js";
import { part } from "./dom.js";
import { Tray } from "./tray.js";
import { Uploads } from "./uploads.js";

export class Sending {
  constructor({ site, say, locale, session, consent, connection, outbox, composer, begin }) {
    this.outbox = outbox;
    this.blobs = new Blobs(site.key);
    if (consent.mayKeep) this.blobs.open();
    const send = (blob, name, options) => session.upload(blob, name, options);
    this.uploads = new Uploads({ send, blobs: this.blobs, onChange: (entry) => this.changed(entry) });
    const limits = { bytes: site.max_file_bytes || Infinity, count: site.max_files || 10 };
    this.tray = new Tray({ box: part("tray"), trouble: part("tray-trouble"), say, locale, limits, uploads: this.uploads, onWork: begin, onChange: () => composer.show() });
    composer.tray = this.tray;
    this.blobs.keepOnly(outbox.items.flatMap(({ files = [] }) => files.map(({ key }) => key)));
    this.uploads.online(connection.isOpen);
    outbox.useUploads(this.uploads);
  }

  /** News of a file: whether it lies in the tray, or a message waits for it. */
  changed(entry) {
    this.tray.changed(entry);
    this.outbox.fileChanged(entry);
  }
}
