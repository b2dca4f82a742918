/* Who the visitor is to the server: a token from /widget/start/, and HTTP calls that carry it. */

const PATIENCE = 15_000; // ms for a call
const FILE_PATIENCE = 180_000; // ms for a whole file to come, over a slow line
const STALLED = 30_000; // ms in which nothing of a file goes over

export class Session {
  /** `onStart(answer)` hears each beginning, `onForget()` that the server took us for somebody new. */
  constructor({ site, token, page, locale, onStart, onForget }) {
    Object.assign(this, { site, token, page, locale, onStart, onForget });
    this.isStarted = false;
    this.tickets = []; // [{ref, last}], newest first
  }

  /** Begin, or renew what was begun. Throws a Refusal when the server says no, a TypeError when it is not reached. */
  async start() {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const answer = await this.call("/widget/start/", { site: this.site, page: this.page || undefined, time_zone: timeZone, locale: this.locale });
    if (this.token && this.token !== answer.token) this.onForget();
    this.token = answer.token;
    this.tickets = answer.tickets || [];
    this.isStarted = true;
    this.onStart(answer);
    return answer;
  }

  /** The token was not accepted, or not in time: ask again, with it, before the next connection. */
  doubt() {
    this.isStarted = false;
  }

  /** The events of a conversation after `after`: {events: [{seq, prev, event}]}. */
  events(ref, after) {
    return this.call(`/widget/tickets/${encodeURIComponent(ref)}/events/?after=${after}`);
  }

  /** The bytes of a file, as a Blob. */
  async file(id) {
    const response = await this.fetch(`/widget/files/${encodeURIComponent(id)}/`, { patience: FILE_PATIENCE });
    if (!response.ok) throw new Refusal(response.status);
    return response.blob();
  }

  /** Send a file; `onShare` hears how much of it is over, 0 to 1. (fetch cannot say that, hence XMLHttpRequest.) */
  async upload(blob, name, { onShare, signal }) {
    if (!this.isStarted) await this.start();
    const form = new FormData();
    form.append("file", blob, name);
    const request = new XMLHttpRequest();
    const ended = new Promise((resolve, reject) => {
      request.onload = resolve;
      request.onerror = request.onabort = () => reject(new TypeError("not reached"));
    });
    request.open("POST", "/widget/uploads/");
    request.setRequestHeader("Authorization", `Bearer ${this.token}`);
    let stalled;
    const watch = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      onShare(loaded / total);
    };
    watch();
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
    await ended.finally(() => clearTimeout(stalled));
    if (request.status === 401) this.doubt();
    return answerOf(request.status, parsed(request.responseText));
  }

  /** GET, or POST where there is a body; the answer's JSON. */
  async call(path, body) {
    const response = await this.fetch(path, { body });
    return answerOf(response.status, await response.json().catch(() => null));
  }

  fetch(path, { body, patience = PATIENCE }) {
    const headers = { Accept: "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (body) headers["Content-Type"] = "application/json";
    return fetch(path, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
  }
}

function answerOf(status, answer) {
  if (status < 200 || status > 299) throw new Refusal(status, answer?.error);
  if (!answer) throw new TypeError("The answer is not JSON"); // a proxy's page: as good as not reached
  return answer;
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** The server's "no": its status and the error's code, detail and fields. */
export class Refusal extends Error {
  constructor(status, { code = "invalid", detail = "", fields = {} } = {}) {
    super(detail || code);
    Object.assign(this, { status, code, detail, fields });
  }

  /** Whether the same request cannot succeed later either. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![401, 408, 425, 429].includes(this.status);
  }
}
