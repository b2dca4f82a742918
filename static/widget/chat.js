/*
 * What the widget knows: the visitor's conversations, which of them is on screen, what waits in the outbox, who is there.
 * Frames go in, `onChange()` says that the picture is another one, `tell(name, detail)` informs the host page. No DOM.
 */
import { Reading } from "./reading.js";
import { Timeline } from "./timeline.js";

const TYPING_FOR = 6_000; // ms an agent counts as typing after the last sign
const ASK_AGAIN = 5_000; // ms before the same gap is asked for again

export class Chat {
  constructor({ storage, outbox, line, onChange, tell }) {
    Object.assign(this, { storage, outbox, line, onChange, tell });
    this.connection = "connecting";
    this.presence = null;
    this.isWatched = false; // panel open and tab visible
    this.clear();
  }

  /** No conversation at all, as for somebody new. */
  clear() {
    this.timelines = new Map();
    this.reading = new Reading({ storage: this.storage, send: (frame) => this.line.send(frame) });
    this.asked = new Map();
    this.acked = new Map(); // client_id → item: sent, and its event not here yet
    this.places = new Map(); // ref → place in the queue, 1 is next
    this.typist = null;
    this.show(null);
  }

  /** After /widget/start/: carry on with the newest conversation, unless a new one waits to be sent. */
  begin(tickets) {
    for (const { ref, last } of tickets) {
      this.reading.meet(ref, last);
      if (last > this.reading.seen(ref)) this.timeline(ref);
    }
    const [newest] = tickets;
    if (newest && !this.current && !this.pending().length) this.show(newest.ref);
  }

  /** The visitor has proved to be somebody: only that one's conversations are left, and others than before may appear. */
  identified(tickets) {
    const theirs = new Set(tickets.map(({ ref }) => ref));
    for (const ref of [...this.timelines.keys()]) if (!theirs.has(ref)) this.timelines.delete(ref);
    if (this.current && !theirs.has(this.current)) this.show(null);
    this.begin(tickets);
  }

  /** After a reload: carry on where something still waits to be sent. */
  showWaiting() {
    const waiting = this.outbox.items.at(-1);
    if (waiting) this.show(waiting.ref, waiting.conversation);
  }

  /** Put a conversation on screen; null is one that has not begun. */
  show(ref, name = ref || `new:${Date.now()}`) {
    this.current = ref;
    this.conversation = name; // what its messages are filed under until there is a ref
    this.beganHere = ref ? null : name;
    this.typist = null;
    if (ref && !this.timelines.has(ref)) this.ask(ref, this.timeline(ref));
    this.onChange();
  }

  timeline(ref) {
    if (!this.timelines.has(ref)) this.timelines.set(ref, new Timeline());
    return this.timelines.get(ref);
  }

  /** The events of the conversation on screen. */
  get events() {
    return this.timelines.get(this.current)?.events || [];
  }

  /** Where to resume from, for hello and poll. */
  cursors() {
    return Object.fromEntries([...this.timelines].map(([ref, timeline]) => [ref, timeline.last]));
  }

  post(body, files) {
    this.outbox.add(body, { ref: this.current, conversation: this.conversation, files });
  }

  take(frame) {
    const handle = { event: "takeEvent", ack: "takeAck", error: "takeError", ready: "takeHeads", heartbeat: "takeHeads", typing: "takeTyping" }[frame.type];
    if (handle) this[handle](frame);
    else if (frame.type === "receipt") this.reading.take(frame);
    else if (frame.type === "presence") this.presence = frame;
    else if (frame.type === "queue") this.places.set(frame.ref, frame.place);
    else return;
    this.onChange();
  }

  takeEvent(frame) {
    const timeline = this.timeline(frame.ref);
    const verdict = timeline.take(frame);
    if (verdict === "gap") this.ask(frame.ref, timeline);
    if (verdict !== "show") return;
    const outdated = timeline.outdatedBy(frame.event);
    if (outdated) this.line.send({ type: "resume", ref: frame.ref, after: outdated - 1 }); // it comes as it reads now
    const { by = {}, message } = frame.event;
    if (!message) return;
    if (by?.you) {
      this.settle({ client_id: message.client_id, ref: frame.ref });
      return;
    }
    if (this.current === frame.ref) this.typist = null;
    if (frame.seq > (this.reading.seen(frame.ref) ?? 0)) this.tell("message:received", { ref: frame.ref });
  }

  takeAck({ client_id, ref, seq }) {
    const item = this.settle({ client_id, ref });
    if (item) this.acked.set(client_id, item);
    if (ref && this.timeline(ref).lags(seq)) this.ask(ref, this.timeline(ref), 1000); // its event is on the way
  }

  settle({ client_id, ref }) {
    this.acked.delete(client_id);
    const filed = this.outbox.find(client_id)?.conversation;
    const item = this.outbox.settle({ client_id, ref });
    if (item && filed === this.conversation && this.current !== ref) {
      // The first words have opened a conversation; or the old one was closed, and they continue in a new one.
      this.current = this.conversation = ref;
      this.timeline(ref);
    }
    return item;
  }

  takeError(frame) {
    if (frame.client_id) this.outbox.refuse(frame);
  }

  /** The server's newest seq of each conversation: whatever is behind asks for the rest. */
  takeHeads({ tickets = {}, type }) {
    for (const [ref, head] of Object.entries(tickets)) {
      const isKnown = this.timelines.has(ref);
      if (!isKnown && head <= (this.reading.seen(ref) ?? 0)) continue; // an earlier one, with nothing new
      if (type === "ready" && isKnown) continue; // hello has asked already
      const timeline = this.timeline(ref);
      if (timeline.lags(head)) this.ask(ref, timeline);
    }
  }

  takeTyping({ ref, by }) {
    if (ref !== this.current || by?.you) return;
    this.typist = by || {};
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => {
      this.typist = null;
      this.onChange();
    }, TYPING_FOR);
  }

  /** Ask once for what comes after the last event shown; again only if nothing came of it. */
  ask(ref, timeline, patience = 0) {
    const before = this.asked.get(ref);
    if (before && before.after === timeline.last && Date.now() - before.at < ASK_AGAIN) return;
    this.asked.set(ref, { after: timeline.last, at: Date.now() });
    const { last } = timeline;
    const go = () => timeline.last === last && this.line.send({ type: "resume", ref, after: last });
    if (patience) setTimeout(go, patience);
    else go();
  }

  /** Everything up to the newest event on screen has been read, if anybody is looking. */
  markSeen() {
    const last = this.timelines.get(this.current)?.last;
    if (last && this.isWatched) this.reading.mark(this.current, last);
  }

  unread() {
    return this.reading.unread(this.timelines);
  }

  /** Nobody can answer now, as far as we were told. */
  get isAway() {
    return Boolean(this.presence) && !this.presence.agents?.length;
  }

  /** What stands at the end of the conversation on screen and is not in its timeline yet. */
  pending() {
    const mine = (item) => item.conversation === this.conversation || (this.current && item.ref === this.current);
    const acked = [...this.acked.values()].map((item) => ({ ...item, state: "sent" }));
    return [...acked, ...this.outbox.items].filter(mine);
  }
}
