/*
 * Pictures in the conversation, loaded with the first. Only what the server made anew itself (its `image` has the size) or
 * what this page has just picked is shown. A press shows it large.
 */
import { make } from "./dom.js";

const AHEAD = "400px"; // how far outside of the view it is fetched already

export class Pictures {
  /** `fetchFile(id)` answers the bytes as a Blob; `local(key)` what this page has of a file that is on its way. */
  constructor({ say, fetchFile, local }) {
    Object.assign(this, { say, fetchFile, local });
    this.known = new Map(); // id or key → promise of {blob, url}
    this.watcher = new IntersectionObserver((seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && this.load(target)), { rootMargin: AHEAD });
  }

  /** Load it when it comes near. */
  watch(button) {
    this.watcher.observe(button);
  }

  press(button) {
    if (button.dataset.state === "here") this.enlarge(button.file);
    else this.load(button);
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
  find({ id, key }) {
    const name = id || key;
    if (!this.known.has(name)) this.known.set(name, this.fetch(id, key && this.local(key)));
    return this.known.get(name);
  }

  async fetch(id, bytes) {
    const blob = (await bytes) || (await this.fetchFile(id));
    return { blob, url: URL.createObjectURL(blob) };
  }

  adopt({ key, id }, bytes) {
    if (!this.known.has(id)) this.known.set(id, this.known.get(key) || this.fetch(id, bytes));
  }

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
