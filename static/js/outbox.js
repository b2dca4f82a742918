// What one has sent, from the moment the composer lets go of it until the server has stored it: over reloads, lost
// connections and several tabs. In order per ticket, one at a time, always under the same client_id, so that sending
// twice is harmless. Knows no DOM but the document it speaks to: `desk:outgoing` {item, what}, what being changed | sent |
// scheduled (the server has it, and it leaves later) | refused | held (somebody else was faster).
import { PREFIX, drop, find, items, keep } from "./keeping.js"
import { newId, post } from "./posting.js"
import { gettext } from "./words.js"

export { items }
const FIRST_WAIT = 1000, LONGEST_WAIT = 15_000
const REASONS = {
  offline: gettext("No connection. It is sent by itself when there is one."),
  server: gettext("The desk does not answer. It is sent by itself when it does."),
  signedOut: gettext("You are signed out. Sign in in another tab, and it is sent by itself."),
}

const trouble = new Map()  // ref -> {reason, tries, timer}
const busy = new Set()     // refs that this tab is sending for

const say = (item, what) => document.dispatchEvent(new CustomEvent("desk:outgoing", { detail: { item, what } }))

/** What keeps a message here: {state: sending | waiting | refused | held, reason}. */
export function stateOf(item) {
  if (item.held) return { state: "held", reason: item.held.detail }
  if (item.refused) return { state: "refused", reason: item.refused }
  const late = trouble.get(item.ref)
  return late ? { state: "waiting", reason: REASONS[late.reason] } : { state: "sending", reason: "" }
}

/** Take in what posting.js posts, with its `ref` and `url`; true if it also survives the page. */
export function add(message) {
  const order = Math.max(Date.now(), (items().at(-1)?.order ?? 0) + 1)
  const item = { ...message, order, written: Date.now() }
  const isSafe = keep(item)
  say(item, "changed")
  flush(item.ref)
  return isSafe
}

/** Try again now: what was refused or held goes to the end, what waits keeps its place. Held: its writer has read
 * what came in between, and wants it sent all the same. */
export function retry(client_id) {
  const item = find(client_id)
  if (!item) return
  if (isStopped(item)) {
    if (item.held) item.begun = item.held.seen
    delete item.refused
    delete item.held
    item.order = Math.max(Date.now(), items().at(-1).order + 1)
    keep(item)
  }
  settleTrouble(item.ref)
  say(item, "changed")
  flush(item.ref)
}

/** Take a refused or held message back out, to be written anew. What may have arrived cannot be taken back. */
export function withdraw(client_id) {
  const item = find(client_id)
  if (!item || !isStopped(item)) return null
  drop(item)
  say(item, "changed")
  return item
}

/** Throw a held message away. */
export function discard(client_id) {
  withdraw(client_id)
}

function flushAll() {
  for (const ref of new Set(items().map((item) => item.ref))) flush(ref)
}

async function flush(ref) {
  if (busy.has(ref)) return
  busy.add(ref)
  clearTimeout(trouble.get(ref)?.timer)
  try {
    // One tab sends; another one goes on where this one ends. Without locks all do, and the client_id keeps it harmless.
    if (navigator.locks) await navigator.locks.request(PREFIX + ref, () => sendAll(ref))
    else await sendAll(ref)
  } finally {
    busy.delete(ref)
  }
  if (!trouble.has(ref) && next(ref)) flush(ref)   // it came while the last one was being put away
}

const isStopped = (item) => Boolean(item.refused || item.held)
const next = (ref) => items(ref).find((item) => !isStopped(item))

async function sendAll(ref) {
  for (let item = next(ref); item; item = next(ref)) {
    if (!await send(item)) return
  }
}

/** One attempt; true if the next one may go. */
async function send(item) {
  let response, answer
  try {
    response = await post(item)
    if (response.ok) answer = await response.json()
  } catch (error) {
    return later(item, error.name === "TimeoutError" || error instanceof SyntaxError ? "server" : "offline")
  }
  if (answer) {
    settleTrouble(item.ref)
    drop(item)
    say({ ...item, seq: answer.seq }, answer.scheduled ? "scheduled" : "sent")
    if (answer.warning) document.dispatchEvent(new CustomEvent("desk:toast", { detail: { text: answer.warning } }))
    return true
  }
  const { status, type } = response
  if (type === "opaqueredirect" || status === 401) return later(item, "signedOut")
  if (status >= 500 || status === 408 || status === 429) return later(item, "server")
  return refuse(item, status, await response.json().catch(() => null))
}

/** It was not sent, and that may pass: try again by itself, at growing distances. */
function later(item, reason) {
  if (!find(item.client_id)) return true   // a live event has brought it meanwhile: it had arrived
  const tries = (trouble.get(item.ref)?.tries ?? 0) + 1
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
  trouble.set(item.ref, { reason, tries, timer: setTimeout(() => flush(item.ref), wait) })
  say(item, "changed")
  return false
}

/** The server will not have it like this. What is behind it goes on. */
function refuse(item, status, answer) {
  const { code, detail } = answer?.error ?? {}
  settleTrouble(item.ref)
  if (code === "conflict") {   // these very words are not stored anywhere: they only need an id of their own
    drop(item)
    keep({ ...item, client_id: newId() })
    say(item, "changed")
    return true
  }
  if (code === "held") {
    item.held = { ...answer.held, detail }
    keep(item)
    say(item, "held")
    return true
  }
  item.refused = detail || (status === 403 ? gettext("That is not allowed with your role.") : gettext("The desk did not take it."))
  keep(item)
  say(item, "refused")
  return true
}

function settleTrouble(ref) {
  clearTimeout(trouble.get(ref)?.timer)
  trouble.delete(ref)
}

function goOn() {
  for (const ref of [...trouble.keys()]) settleTrouble(ref)
  flushAll()
}

window.addEventListener("online", goOn)
document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (frame.type === "ready") goOn()
  const item = frame.type === "event" && frame.event?.message?.client_id && find(frame.event.message.client_id)
  if (!item) return
  // Its answer got lost on the way, or is slower than the socket.
  settleTrouble(item.ref)
  drop(item)
  say({ ...item, seq: frame.seq }, "sent")
  flush(item.ref)
})
document.addEventListener("visibilitychange", () => { if (!document.hidden) flushAll() })
window.addEventListener("storage", (event) => {
  if (event.key !== null && !event.key.startsWith(PREFIX)) return
  say(null, "changed")
  flushAll()   // if that tab is closed before it is done, this one goes on
})
flushAll()
