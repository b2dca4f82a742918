/* One message on screen: who, when, the words, the files, and how far it has got. */
import { make, makeButton } from "./dom.js";
import { face } from "./header.js";
import { withLinks } from "./links.js";
import { rich } from "./rich.js";

const TROUBLE = { too_long: "tooLong", file_lost: "fileLost", file_refused: "fileUnwanted" }; // code → what it says

export class Bubbles {
  /** `files` draws what is attached; `faceOf(thing)` finds a picture; `onRetry(client_id)` hears that one is to be tried again. */
  constructor({ say, locale, files, faceOf, onRetry }) {
    Object.assign(this, { say, files, faceOf, onRetry });
    this.clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
    this.exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
    this.percent = new Intl.NumberFormat(locale, { style: "percent" });
  }

  make({ body, html, isMine }) {
    const bubble = make("div", "bubble");
    bubble.dir = "auto";
    bubble.append(make("div"));
    this.drawWords(bubble, { body, html });
    const node = make("div", `message ${isMine ? "mine" : "theirs"}`);
    node.append(make("p", "name"), bubble, make("p", "state"));
    return node;
  }

  update(node, thing) {
    const [name, bubble, state] = node.children;
    node.classList.toggle("first", Boolean(thing.isFirst));
    node.classList.toggle("last", Boolean(thing.isLast));
    node.dataset.state = thing.state || "";
    this.drawWords(bubble, thing);
    name.replaceChildren(...this.byline(thing));
    name.className = thing.isMine || !thing.isFirst ? "name hushed" : "name"; // always said, not always seen
    bubble.title = this.exact.format(new Date(thing.at));
    this.drawFiles(bubble, thing);
    this.drawState(state, thing);
    this.drawFace(node, thing);
  }

  byline({ isMine, name, at }) {
    const time = make("time", "", this.clock.format(new Date(at)));
    time.dateTime = at;
    return [make("b", "", isMine ? this.say("you") : name || this.say("team")), " ", time];
  }

  /** Words change only if something is taken out of them. */
  drawWords(bubble, { body, html }) {
    if (bubble.said === (body || "")) return;
    bubble.said = body || "";
    while (bubble.childNodes.length > 1) bubble.firstChild.remove(); // the last one are the files
    bubble.prepend(html ? rich(html) : withLinks(bubble.said));
  }

  drawFiles(bubble, { body, files = [] }) {
    const drawn = JSON.stringify(files);
    if (bubble.drawn === drawn) return;
    bubble.drawn = drawn;
    bubble.classList.toggle("wordless", !body);
    bubble.classList.toggle("bare", !body && files.length > 0 && files.every(({ image }) => image));
    bubble.lastChild.replaceWith(this.files.draw(files) || make("div"));
  }

  drawState(state, { showsState, state: name, share, code, client_id, at }) {
    state.replaceChildren();
    state.hidden = !showsState || !name;
    if (state.hidden) return;
    if (name === "late" || name === "refused") state.append(makeButton("", this.say(TROUBLE[code] || name), () => this.onRetry(client_id)));
    else if (name === "sent") state.textContent = `${this.say("sent")} ${this.clock.format(new Date(at))}`;
    else if (share !== undefined) state.textContent = this.say("filesUploading", { percent: this.percent.format(share) });
    else state.textContent = this.say(name);
  }

  /** A face beside the last of what somebody said in one go. */
  drawFace(node, thing) {
    const person = !thing.isMine && thing.isLast ? this.faceOf(thing) : null;
    const drawn = JSON.stringify(person);
    if (node.drawn === drawn) return;
    node.drawn = drawn;
    node.querySelector(":scope > .face")?.remove();
    if (!person) return;
    const picture = face(person);
    picture.setAttribute("aria-hidden", "true");
    node.append(picture);
  }
}
