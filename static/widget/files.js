/* The files of a message as buttons. A press fetches one with the visitor's token and saves it; nothing is opened here. */
import { make } from "./view.js";

const KEPT = 60_000; // ms until a saved file's memory is given back; the browser has read it by then
const ARROW = "M10 3v9M6 8.5l4 4 4-4M4 16.5h12";

export class Files {
  /** `fetchFile(id)` answers the bytes as a Blob, or throws an error with the server's `status`. */
  constructor({ say, locale, fetchFile }) {
    Object.assign(this, { say, fetchFile });
    const unit = (name, digits) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits });
    this.kilobytes = unit("kilobyte", 0);
    this.megabytes = unit("megabyte", 1);
  }

  /** A list of buttons, or nothing where there are no files. */
  draw(files = []) {
    if (!files.length) return "";
    const list = make("ul", "files");
    list.append(...files.map((file) => this.item(file)));
    return list;
  }

  item(file) {
    const button = make("button", "file");
    button.type = "button";
    const name = make("bdi", "file-name");
    name.textContent = file.name;
    const size = make("span", "file-size");
    size.textContent = this.size(file);
    button.append(arrow(), name, size);
    button.title = this.say("fileSave", file);
    button.setAttribute("aria-label", `${this.say("fileSave", file)}, ${size.textContent}`);
    const trouble = make("p", "file-trouble");
    trouble.setAttribute("role", "alert");
    button.addEventListener("click", () => this.press(file, { button, size, trouble }));
    const item = make("li");
    item.append(button, trouble);
    return item;
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
    size.textContent = this.size(file);
    button.removeAttribute("aria-busy");
  }

  size({ size }) {
    return size < 1_000_000 ? this.kilobytes.format(Math.max(1, Math.round(size / 1000))) : this.megabytes.format(size / 1_000_000);
  }
}

function save(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}

function arrow() {
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = make("svg", { viewBox: "0 0 20 20", fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" });
  svg.append(make("path", { d: ARROW }));
  return svg;
}
