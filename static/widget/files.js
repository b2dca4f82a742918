/* The files of a message: pictures are shown, other files are buttons. A press fetches one with the visitor's token and saves it. */
import { icon, make, makeButton, save } from "./dom.js";
import { onDemand } from "./rooms.js";

const ARROW = "M10 3v9M6 8.5l4 4 4-4M4 16.5h12";
const [WIDEST, HIGHEST, SMALLEST] = [252, 300, 44]; // px of a picture in the conversation
const SHEET = "M5 2.5h6l4 4v11H5zM11 2.5v4h4";

export class Files {
  /**
   * `fetchFile(id)` answers the bytes as a Blob, or throws an error with the server's `status`; `local(key)` answers what
   * this page has of a file that is on its way from here.
   */
  constructor({ say, locale, fetchFile, local }) {
    Object.assign(this, { say, fetchFile });
    this.pictures = onDemand(() => import("./pictures.js").then(({ Pictures }) => (this.shown = new Pictures({ say, fetchFile, local }))));
    this.sizeOf = sizesIn(locale);
  }

  /** A list, or nothing where there are no files. A file without an id is still on its way to the server. */
  draw(files = []) {
    if (!files.length) return "";
    const list = make("ul", "files");
    for (const file of files) {
      const item = make("li");
      item.append(...(file.image ? [this.picture(file)] : this.row(file)));
      list.append(item);
    }
    return list;
  }

  /** The place of a picture, kept free from the start, so that nothing jumps when it comes. */
  picture(file) {
    const button = makeButton("picture", "", () => this.pictures().then((pictures) => pictures.press(button), () => null));
    const image = make("img");
    fit(button, file.image);
    button.file = file;
    image.alt = file.name;
    button.append(image);
    button.setAttribute("aria-label", this.say("pictureOpen", file));
    this.pictures().then((pictures) => pictures.watch(button), () => null);
    return button;
  }

  /** The server has a picture that this page sent: no need to fetch it again. */
  adopt(file, bytes) {
    if (file.image) this.pictures().then((pictures) => pictures.adopt(file, bytes), () => null);
  }

  /** Another conversation: give the memory back. */
  empty() {
    this.shown?.empty();
  }

  row(file) {
    if (file.removed_at) return [make("span", "file removed", this.say("fileRemoved", file))];
    const name = make("bdi", "file-name", file.name);
    const size = make("bdi", "file-size", this.sizeOf(file.size));
    if (!file.id) {
      const still = make("span", "file");
      still.append(icon(SHEET), name, size);
      return [still];
    }
    const trouble = make("p", "file-trouble");
    trouble.setAttribute("role", "alert");
    const button = makeButton("file", "", () => this.press(file, { button, size, trouble }));
    button.append(icon(ARROW), name, size);
    button.title = this.say("fileSave", file);
    button.setAttribute("aria-label", `${this.say("fileSave", file)}, ${size.textContent}`);
    return [button, trouble];
  }

  async press(file, { button, size, trouble }) {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    size.textContent = this.say("fileLoading");
    trouble.textContent = "";
    try {
      save(await this.fetchFile(file.id), file.name);
    } catch (error) {
      trouble.textContent = this.say(error.status === 404 ? "fileGone" : "fileFailed");
    }
    size.textContent = this.sizeOf(file.size);
    button.removeAttribute("aria-busy");
  }
}

function fit(box, { width, height }) {
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  box.style.inlineSize = `${Math.max(SMALLEST, Math.round(width * scale))}px`;
  box.style.aspectRatio = `${Math.max(width, 1)} / ${Math.max(height, 1)}`;
}

/** A function that writes a number of bytes as people read it: "154 kB". */
export function sizesIn(locale) {
  const unit = (name, digits) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits });
  const [kilobytes, megabytes] = [unit("kilobyte", 0), unit("megabyte", 1)];
  return (size) => (size < 1_000_000 ? kilobytes.format(Math.max(1, Math.round(size / 1000))) : megabytes.format(size / 1_000_000));
}
