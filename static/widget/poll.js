/* The way round a blocked websocket: the same frames over plain HTTP. */

const OPEN_EVERY = 3_000; // ms between two looks while somebody is watching
const HIDDEN_EVERY = 20_000;

export class Poll {
  /** `onReach(true|false)` hears whether the server was reached. */
  constructor({ session, hello, onFrame, onReach }) {
    Object.assign(this, { session, hello, onFrame, onReach });
    this.isOn = false;
  }

  start() {
    if (this.isOn) return;
    this.isOn = true;
    this.look();
  }

  stop() {
    this.isOn = false;
    clearTimeout(this.timer);
  }

  /** One look at a time, and the next one some seconds later. */
  async look() {
    if (this.isLooking) return;
    this.isLooking = true;
    clearTimeout(this.timer);
    try {
      const cursors = Object.entries(this.hello());
      if (!cursors.length && !this.isReached) await this.session.start(); // nothing to ask for yet: is anybody there?
      for (const [ref, after] of cursors) await this.fetch(ref, after);
      if (this.isOn) this.reach(true);
    } catch (error) {
      if (error.status === 401) this.session.doubt();
      if (this.isOn) this.reach(false);
    }
    this.isLooking = false;
    if (this.isOn) this.timer = setTimeout(() => this.look(), document.visibilityState === "visible" ? OPEN_EVERY : HIDDEN_EVERY);
  }

  reach(isReached) {
    this.isReached = isReached;
    this.onReach(isReached);
  }

  async fetch(ref, after) {
    try {
      const { events } = await this.session.events(ref, after);
      for (const frame of events) this.onFrame({ type: "event", ref, ...frame });
    } catch (error) {
      if (!error.isFinal) throw error; // a conversation that is not ours any more must not hold up the others
    }
  }

  /** What has a door travels this way too; typing, receipts and pages can wait for a socket. */
  send(frame) {
    if (frame.type === "message.post") this.post(frame);
    else if (frame.type === "resume") this.fetch(frame.ref, frame.after).catch(() => this.reach(false));
    else if (frame.type === "chat.end") this.act(frame, `/widget/tickets/${encodeURIComponent(frame.ref)}/end/`, {});
    else if (frame.type === "chat.rate") this.act(frame, `/widget/tickets/${encodeURIComponent(frame.ref)}/rating/`, { score: frame.score, comment: frame.comment });
    else if (frame.type === "identify") this.act(frame, "/widget/identify/", { token: frame.token });
    else return false;
    return true;
  }

  async post({ ref, client_id, body, attachments }) {
    const path = ref ? `/widget/tickets/${encodeURIComponent(ref)}/messages/` : "/widget/tickets/";
    try {
      const { ref: known = ref, seq } = await this.session.call(path, { client_id, body, attachments });
      this.onFrame({ type: "ack", client_id, ref: known, seq });
      this.look();
    } catch (error) {
      if (error.status === 429) this.onFrame({ type: "error", code: "rate_limited", client_id });
      else if (error.isFinal) this.onFrame({ type: "error", code: error.code, detail: error.detail, client_id });
      else this.reach(false); // it stays in the outbox
    }
  }

  /** Do one thing, and let its answer look like the frame that a socket would have brought. */
  async act({ type, ref }, path, body) {
    try {
      const answer = await this.session.call(path, body);
      if (type === "identify") this.onFrame({ ...answer, type: "identified", tickets: Object.fromEntries(answer.tickets.map(({ ref, last }) => [ref, last])) });
      else await this.fetch(ref, this.hello()[ref] || 0);
    } catch (error) {
      if (!error.status || error.status >= 500) this.reach(false); // not a no: what still matters is said again
      else this.onFrame({ type: "error", code: error.code, detail: error.detail, about: type });
    }
  }
}
