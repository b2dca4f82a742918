/* The files that go with the next message: picked, dropped, pasted or photographed, and shown above the input until then. */
import { icon, make, makeButton, part } from "./dom.js";
import { sizesIn } from "./files.js";

const CROSS = "m5.5 5.5 9 9M14.5 5.5l-9 9";
const SHEET = "M5 2.5h6l4 4v11H5zM11 2.5v4h4";
const SHOWN = ["image/png", "image/jpeg", "image/webp", "image/gif"]; // that every browser can draw

export class Tray {
  /** `limits` {bytes, count}; `uploads` takes the files; `onWork()` hears that the server is needed now, `onChange()` of each. */
  constructor({ box, trouble, say, locale, limits, uploads, onWork, onChange }) {
    Object.assign(this, { box, trouble, say, limits, uploads, onWork, onChange });
    this.sizeOf = sizesIn(locale);
    this.percent = new Intl.NumberFormat(locale, { style: "percent" });
    this.entries = [];
    this.chips = new Map(); // key → node
  }

  /** Take files in, as far as they can be; what cannot is said in words. */
  add(files) {
    const troubles = new Set();
    for (const file of files) {
      const trouble = this.troubleWith(file);
      if (trouble) troubles.add(trouble);
      else this.put(file);
    }
    this.complain([...troubles].join(" "));
    this.onChange();
    if (this.entries.length) this.onWork();
  }

  troubleWith({ name, size }) {
    if (this.entries.length >= this.limits.count) return this.say("fileTooMany", { count: this.limits.count });
    if (!size) return this.say("fileEmpty", { name });
    return size > this.limits.bytes ? this.tooLarge(name) : "";
  }

  tooLarge(name) {
    return this.say("fileTooLarge", { name, size: this.sizeOf(this.limits.bytes) });
  }

  put(file) {
    const entry = this.uploads.add(file, { name: file.name || this.say("attach") });
    this.entries.push(entry);
    this.show(entry, file);
    measure(entry, file);
  }

  /** Files of a message that was taken back. */
  async fill(files) {
    for (const { key } of files) {
      const entry = this.uploads.entries.get(key);
      const blob = entry && entry.state !== "refused" ? await this.uploads.blobs.get(key) : null;
      if (!blob) {
        this.uploads.drop(key);
        continue;
      }
      this.entries.push(entry);
      this.show(entry, blob);
    }
    this.onChange();
  }

  show(entry, blob) {
    const chip = make("div", "chip");
    chip.append(SHOWN.includes(entry.type) ? thumbnail(blob) : icon(SHEET), make("bdi", "file-name", entry.name), make("bdi", "file-size", this.sizeOf(entry.size)));
    const remove = makeButton("remove", "", () => this.remove(entry));
    remove.title = this.say("fileRemove", entry);
    remove.setAttribute("aria-label", remove.title);
    remove.append(icon(CROSS));
    chip.append(make("progress"), remove);
    this.chips.set(entry.key, chip);
    this.box.append(chip);
    this.box.hidden = false;
    this.changed(entry);
  }

  /** News of an upload. */
  changed(entry) {
    const chip = this.chips.get(entry.key);
    if (!chip) return;
    if (entry.state === "refused") {
      this.complain(entry.code === "too_large" ? this.tooLarge(entry.name) : this.say("fileRefused", entry));
      this.remove(entry);
      return;
    }
    const progress = chip.querySelector("progress");
    progress.hidden = entry.state === "done";
    progress.value = entry.share;
    const said = this.uploads.isOnline ? this.say("fileUploading", { percent: this.percent.format(entry.share) }) : this.say("fileWaiting");
    progress.setAttribute("aria-label", said);
    progress.title = said;
  }

  remove(entry) {
    const hadFocus = this.chips.get(entry.key)?.contains(document.activeElement);
    this.entries = this.entries.filter((other) => other !== entry);
    this.uploads.drop(entry.key);
    this.clear(entry.key);
    this.onChange();
    if (hadFocus) part("composer").querySelector("textarea").focus();
  }

  /** They leave with a message now. */
  take() {
    const { entries } = this;
    this.entries = [];
    entries.forEach(({ key }) => this.clear(key));
    this.complain("");
    return entries;
  }

  clear(key) {
    const image = this.chips.get(key)?.querySelector("img");
    if (image) URL.revokeObjectURL(image.src);
    this.chips.get(key)?.remove();
    this.chips.delete(key);
    this.box.hidden = this.chips.size === 0;
  }

  complain(text) {
    this.trouble.textContent = text;
  }
}

/** How large a picture is; the server's own word, once it is there, counts more. */
async function measure(entry, blob) {
  const picture = SHOWN.includes(entry.type) ? await createImageBitmap(blob).catch(() => null) : null;
  if (picture && entry.state !== "done") entry.image = { width: picture.width, height: picture.height };
  picture?.close();
}

function thumbnail(blob) {
  const image = make("img");
  image.alt = "";
  image.src = URL.createObjectURL(blob);
  return image;
}
