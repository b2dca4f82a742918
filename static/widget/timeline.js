/* What of one conversation has been shown, and what to do with the next frame. Pure: no clock, no network, no page. */

export class Timeline {
  constructor() {
    this.last = 0; // seq of the last event shown
    this.events = []; // in order, each once
  }

  /**
   * Take an event frame {seq, prev, event}. "show": it follows the last one and is now part of the timeline;
   * "gap": something before it is missing, ask for it; "ignore": already shown, or not an event at all.
   */
  take({ seq, prev, event }) {
    if (!Number.isInteger(seq) || seq <= this.last || !event) return "ignore";
    if ((prev ?? 0) !== this.last) return "gap";
    this.last = seq;
    this.events.push({ seq, ...event });
    return "show";
  }

  /** Whether the server, whose newest seq is `head`, has something that is not here. */
  lags(head) {
    return Number.isInteger(head) && head > this.last;
  }
}
