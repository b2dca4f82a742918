/* Who has read how far: we our side's messages, they ours. Both only ever move forward. */

export class Reading {
  constructor({ storage, send }) {
    Object.assign(this, { storage, send });
    this.receipts = new Map(); // ref → seq up to which our side has seen the visitor's messages
    this.told = new Map(); // ref → seq up to which we said that the visitor has seen
  }

  /** Up to which seq the visitor has seen this conversation, in any tab; null if we never met it. */
  seen(ref) {
    return this.storage.get(`seen:${ref}`);
  }

  /** A conversation of which we know nothing yet counts as read up to here. */
  meet(ref, seq) {
    if (this.seen(ref) === null) this.storage.set(`seen:${ref}`, seq);
  }

  /** The visitor has seen everything up to `seq`; say so once, as soon as there is a line. */
  mark(ref, seq) {
    if (seq > (this.seen(ref) ?? 0)) this.storage.set(`seen:${ref}`, seq);
    if (seq <= (this.told.get(ref) ?? 0)) return;
    if (this.send({ type: "seen", ref, seq })) this.told.set(ref, seq);
  }

  take({ ref, by, seq }) {
    if (by?.you || by?.kind === "customer") return;
    this.receipts.set(ref, Math.max(seq, this.receipts.get(ref) || 0));
  }

  /** How many of our side's messages nobody has looked at. */
  unread(timelines) {
    let count = 0;
    for (const [ref, { events }] of timelines) {
      const seen = this.seen(ref) ?? 0;
      for (let at = events.length - 1; at >= 0 && events[at].seq > seen; at--) count += events[at].message && !events[at].by?.you ? 1 : 0;
    }
    return count;
  }
}
