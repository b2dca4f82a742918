/*
 * The line to the server. A websocket, watched by its heartbeat and opened anew with full-jitter backoff for as long as
 * the page lives; where sockets are blocked, a short poll carries the same frames. States: "connecting" "online"
 * "polling" "offline" "refused".
 */
import { Poll } from "./poll.js";

const SILENCE = 25_000; // ms without a frame: the line is dead, whatever the browser thinks
const PATIENCE = 10_000; // ms until "ready"
const STABLE = 10_000; // ms online until the backoff begins anew
const LONGEST_PAUSE = 20_000;
const RESTART = 30_000; // ms: a line that is not gone for longer may be back any moment, so
const SHORT_PAUSE = 3_000; // until then no pause is longer than this
const SOCKET_TRIES = 2; // failed in a row before the poll takes over

export class Connection {
  /** `hello()` gives the cursors {ref: seq} to resume from; `onFrame`, `onState` hear the rest. */
  constructor({ url, session, hello, onFrame, onState }) {
    Object.assign(this, { url, session, hello, onFrame, onState });
    this.state = "connecting";
    this.failures = 0;
    this.poll = new Poll({ session, hello, onFrame: (frame) => this.onFrame(frame), onReach: (reached) => this.polled(reached) });
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.now());
  }

  get isOpen() {
    return this.state === "online" || this.state === "polling";
  }

  /** Connect, or try again at once if there is no line at the moment. */
  now() {
    if (this.isStopped || this.socket || this.isStarting) return;
    clearTimeout(this.retry);
    this.open();
  }

  /** Say hello anew, as somebody else. */
  renew() {
    if (!this.socket) return;
    this.close();
    this.dial();
  }

  stop() {
    this.isStopped = true;
    this.poll.stop();
    clearTimeout(this.retry);
    this.close();
  }

  /** Put a frame on the line; false if it could not go. */
  send(frame) {
    if (this.state === "online") {
      this.socket.send(JSON.stringify(frame));
      return true;
    }
    return this.state === "polling" && this.poll.send(frame);
  }

  async open() {
    try {
      if (!this.session.isStarted) {
        this.isStarting = true;
        await this.session.start();
      }
    } catch (error) {
      if (error.isFinal) return this.enter("refused");
      return this.failed();
    } finally {
      this.isStarting = false;
    }
    if (!this.isStopped) this.dial();
  }

  dial() {
    let socket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      return this.failed(); // forbidden by policy: the poll will do
    }
    this.socket = socket;
    this.watch(PATIENCE);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: this.session.token, after: this.hello() }));
    socket.onmessage = ({ data }) => this.socket === socket && this.receive(data);
    socket.onclose = ({ code }) => this.socket === socket && this.lost(code);
  }

  receive(data) {
    this.watch(SILENCE);
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (!frame || typeof frame !== "object") return;
    if (frame.type === "ready") {
      this.poll.stop();
      this.stable = setTimeout(() => (this.failures = 0), STABLE);
      this.enter("online");
    }
    this.onFrame(frame);
  }

  watch(patience) {
    clearTimeout(this.watchdog);
    const { socket } = this;
    this.watchdog = setTimeout(() => this.socket === socket && this.lost(), patience);
  }

  lost(code) {
    const wasOnline = this.state === "online";
    this.close();
    if (code === 4401) this.session.doubt();
    this.failed({ wasOnline, isCrowded: code === 4429 });
  }

  close() {
    clearTimeout(this.watchdog);
    clearTimeout(this.stable);
    const { socket } = this;
    this.socket = null;
    if (socket) socket.close();
  }

  failed({ wasOnline = false, isCrowded = false } = {}) {
    if (!this.failures) this.goneAt = Date.now();
    this.failures += 1;
    if (!wasOnline && this.failures >= SOCKET_TRIES && this.session.isStarted) this.poll.start();
    if (this.state !== "polling") this.enter("offline");
    const longest = Date.now() - this.goneAt < RESTART && !isCrowded ? SHORT_PAUSE : LONGEST_PAUSE;
    const ceiling = Math.min(longest, (isCrowded ? 5000 : 500) * 2 ** Math.min(this.failures, 8));
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.now(), 100 + Math.random() * ceiling);
  }

  polled(reached) {
    if (this.state === "online") return;
    this.enter(reached ? "polling" : "offline");
  }

  enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
