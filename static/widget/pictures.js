/*
 * Pictures in the conversation. Only what the server made anew itself (its `image` has the size) or what this page has
 * just picked is shown; its place is kept free from the start, so that nothing jumps. A press shows it large.
 */
import { make } from "./dom.js";

const [WIDEST, HIGHEST, SMALLEST] = [252, 300, 44]; // px
const AHEAD = "400px"; // how far outside of the view it is fetched already

export class Pictures {
  /** `fetchFile(id)` answers the bytes as a Blob; `local(file)` what this page has of it, or null. */
  constructor({ say, fetchFile, local }) {
    Object.assign(this, { say, fetchFile, local });
    this.known = new Map(); // id or key → promise of {blob, url}
    this.watcher = new IntersectionObserver((seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && this.load(target)), { rootMargin: AHEAD });
  }

  draw(file) {
    const button = make("button", "picture");
    const image = make("img");
    button.type = "button";
    button.file = file;
    image.alt = file.name;
    fit(button, file.image);
    button.append(image);
    button.setAttribute("aria-label", this.say("pictureOpen", file));
    button.addEventListener("click", () => (button.dataset.state === "here" ? this.enlarge(file) : this.load(button)));
    this.watcher.observe(button);
    return button;
  }

  async load(button) {
    if (button.dataset.state) return;
    this.watcher.unobserve(button);
    button.dataset.state = "loading";
    button.querySelector(".file-trouble")?.remove();
    const image = button.querySelector("img");
    try {
      image.src = (await this.find(button.file)).url;
      await image.decode();
      button.dataset.state = "here";
    } catch (error) {
      this.known.delete(button.file.id || button.file.key);
      delete button.dataset.state;
      button.append(make("span", "file-trouble", this.say(error.status === 404 ? "fileGone" : "fileFailed")));
    }
  }

  /** Its bytes and an address for them, fetched once. */
  find(file) {
    const name = file.id || file.key;
    if (!this.known.has(name)) this.known.set(name, this.fetch(file));
    return this.known.get(name);
  }

  async fetch(file) {
    const blob = (await this.local(file)) || (await this.fetchFile(file.id));
    return { blob, url: URL.createObjectURL(blob) };
  }

  /** The server has what this page sent: no need to fetch it again. */
  adopt({ key, id, image }) {
    if (image) this.known.set(id, this.known.get(key) || this.fetch({ key, id }));
  }

  /** Another conversation: give the memory back. */
  empty() {
    for (const found of this.known.values()) found.then(({ url }) => URL.revokeObjectURL(url)).catch(() => null);
    this.known.clear();
  }

  async enlarge(file) {
    const found = await this.find(file);
    const { enlarge } = await import("./viewer.js");
    enlarge(file, found, this.say);
  }
}

/** Keep its place free, before anything of it is here. */
function fit(box, { width, height }) {
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  box.style.inlineSize = `${Math.max(SMALLEST, Math.round(width * scale))}px`;
  box.style.aspectRatio = `${Math.max(width, 1)} / ${Math.max(height, 1)}`;
}
