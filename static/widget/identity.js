/* Who the visitor is to the server, as that becomes known: a visitor's token, a signed identity, a proved address. */

export class Identity {
  /** `host` may be null; `cards` hear what is not about the identity. */
  constructor({ session, chat, connection, consent, host, storage }) {
    Object.assign(this, { session, chat, connection, consent, host, storage });
    this.claim = null; // a signed identity that the server has not taken yet
  }

  /** The page says who this is: it counts on every connection from now on, until the server has taken or refused it. */
  identify(token) {
    this.claim = token;
    this.online();
  }

  online() {
    if (this.claim && this.connection.isOpen) this.connection.send({ type: "identify", token: this.claim });
  }

  /** It has: we are somebody else now, with that one's conversations. */
  take({ token, tickets }) {
    this.claim = null;
    const list = Object.entries(tickets || {}).map(([ref, last]) => ({ ref, last }));
    Object.assign(this.session, { token, tickets: list });
    this.keepToken();
    this.chat.identified(list);
  }

  /** An error that names no message: whether it was about the identity. The host page's developer is the one to know. */
  refused({ code, detail, about }) {
    if (!this.claim || about === "chat.rate" || !(about === "identify" || code === "forbidden" || code === "invalid")) return about === "identify";
    this.claim = null;
    console.warn(`Makegood.identify: ${detail || code}`);
    return true;
  }

  /** An address was proved; the server may know us under another token from now on. */
  proved({ token }) {
    if (!token || token === this.session.token) return;
    this.session.token = token;
    this.keepToken();
    this.connection.renew();
  }

  /** Where somebody has to agree first, nobody is given the token to keep. */
  keepToken() {
    const { token } = this.session;
    if (!token || !this.consent.mayKeep) return;
    if (this.host) this.host.tell({ type: "token", token });
    else this.storage.set("token", token);
  }
}
