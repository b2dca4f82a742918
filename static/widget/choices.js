/* What one can do beside writing: the menu, the earlier conversations, emoji, and the way out of each. */
import { part } from "./dom.js";
import { menuOf } from "./menu.js";
import { onDemand } from "./rooms.js";

export class Choices {
  constructor(widget) {
    this.widget = widget;
    const { say, locale, session, host, composer } = widget;
    const pages = { section: part("earlier"), list: part("earlier-list"), say, locale, read: (ref) => session.events(ref, 0), pick: (ref) => this.carryOn(ref) };
    this.earlier = onDemand(() => import("./earlier.js").then(({ Earlier }) => new Earlier(pages)));
    const picker = { box: part("emoji"), button: part("emoji-button"), say, pick: (sign) => composer.insert(sign) };
    this.emoji = onDemand(() => import("./emoji.js").then(({ Emoji }) => new Emoji(picker)));
    this.menu = menuOf({ button: part("menu-button"), menu: part("menu"), choose: (name) => this.choose(name), allowed: (name) => this.allowed(name) });
    part("close").hidden = !host;
    part("close").addEventListener("click", () => host.tell({ type: "close" }));
    part("back").addEventListener("click", () => this.carryOn(widget.chat.current));
    part("emoji-button").addEventListener("click", () => this.emoji().then((emoji) => emoji.toggle(), () => null));
    document.addEventListener("keydown", (event) => this.escape(event));
  }

  choose(name) {
    const { widget } = this;
    if (name === "new") this.carryOn(null);
    if (name === "earlier") this.showEarlier();
    if (name === "end") widget.send({ type: "chat.end", ref: widget.chat.current });
    if (name === "mail") widget.cards.askAddress({ isWanted: true });
    if (name === "copy") widget.cards.askCopy();
  }

  allowed(name) {
    const { chat, session, connection, site } = this.widget;
    if (name === "earlier") return session.isStarted;
    if (name === "copy" && !site.features?.copy) return false;
    return Boolean(chat.current) && (connection.isOpen || !["end", "copy"].includes(name));
  }

  async showEarlier() {
    const { session, chat } = this.widget;
    await session.start().catch(() => null);
    const earlier = await this.earlier().catch(() => null);
    earlier?.show(session.tickets, chat.current);
  }

  /** Put a conversation on screen and the cursor in its input. */
  carryOn(ref) {
    const { chat, view, files, composer, screen } = this.widget;
    part("earlier").hidden = true;
    if (ref !== chat.current) {
      view.empty();
      files.empty();
      screen.opening = null;
      chat.show(ref);
      composer.restore();
    }
    composer.input.focus();
  }

  async escape(event) {
    if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
    if (this.menu.close()) return;
    if (!part("emoji").hidden) {
      (await this.emoji()).close();
      part("emoji-button").focus();
    } else if (!part("earlier").hidden) this.carryOn(this.widget.chat.current);
    else this.widget.host?.tell({ type: "close" });
  }
}
