/* What of one conversation has been shown, and what to do with the next frame. Pure: no clock, no network, no page. */

export class Timeline {
  constructor() {
    this.last = 0; // seq of the last event shown
    this.events = []; // in order, each once
  }

  /**
   * Take an event frame {seq, prev, event}. "show": it follows the last one and is now part of the timeline;
   * "gap": something before it is missing, ask for it; "again": shown, but it reads otherwise now; "ignore": already
   * shown, or not an event at all.
   */
  take({ seq, prev, event }) {
    if (!Number.isInteger(seq) || !event) return "ignore";
    if (seq <= this.last) return this.replace(seq, event) ? "again" : "ignore";
    if ((prev ?? 0) !== this.last) return "gap";
    this.last = seq;
    this.events.push({ seq, ...event });
    return "show";
  }

  /** Something was taken out of the message shown at `seq`: what is left of it stands here from now on. */
  replace(seq, event) {
    const at = this.events.findIndex((known) => known.seq === seq);
    if (at < 0 || takenAt(event) <= takenAt(this.events[at])) return false;
    this.events[at] = { seq, ...event };
    return true;
  }

  /** The seq of the message that an event says has changed, if it is shown here as it was before; else nothing. */
  outdatedBy({ type, at, data }) {
    if (type !== "message.redacted" && type !== "file.removed") return undefined;
    const known = this.events.find(({ seq }) => seq === data?.seq);
    return known?.message && takenAt(known) < at ? known.seq : undefined;
  }

  /** Whether the server, whose newest seq is `head`, has something that is not here. */
  lags(head) {
    return Number.isInteger(head) && head > this.last;
  }
}

/** When something was last taken out of an event's message; times in ISO 8601 sort as text. */
function takenAt({ message }) {
  const times = [message?.redacted_at, ...(message?.attachments || []).map((file) => file.removed_at)];
  return times.filter(Boolean).sort().at(-1) || "";
}
