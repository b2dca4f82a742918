// Drafts: kept in this browser with every key, on the server a second later, and brought back from wherever the last
// word was written. Knows no DOM but the document it speaks to: `desk:draft` {ref, draft, what}, what being changed |
// saved | unsaved (no connection) | replaced (by what the server has: the composer shows it).
import { items } from "./keeping.js"
import { me, newId, postForm } from "./posting.js"

const PREFIX = `makegood.draft.${me}.`
const PAUSE = 1000, LONGEST = 4000, AGAIN = 15_000   // ms after a key; while one goes on typing; without a connection
const memory = new Map()     // ref -> draft, where the browser keeps nothing
const timers = new Map()     // ref -> {timer, since}
const underWay = new Set()   // refs
const left = new Set()       // client ids that were sent from here
let ahead = 0                // ms by which the server's clock is ahead of this one

export const now = () => Date.now() + ahead
const learn = (time) => { if (time) ahead = ahead === 0 ? time - Date.now() : Math.max(ahead, time - Date.now()) }
const say = (ref, what) => document.dispatchEvent(new CustomEvent("desk:draft", { detail: { ref, draft: read(ref), what } }))
const isWorth = (draft) => Boolean(draft && (draft.body?.trim() || draft.files?.length))
const isGone = (id) => left.has(id) || items().some((item) => item.client_id === id)

export function read(ref) {
  try {
    const draft = JSON.parse(localStorage.getItem(PREFIX + ref))
    if (draft) return draft
  } catch { /* closed: only what this page remembers */ }
  return memory.get(ref) ?? null
}

/** True if it also survives the page. */
function store(ref, draft) {
  memory.delete(ref)
  try {
    if (draft) localStorage.setItem(PREFIX + ref, JSON.stringify(draft))
    else localStorage.removeItem(PREFIX + ref)
    return true
  } catch {
    if (draft) memory.set(ref, draft)
    return !draft
  }
}

export const hasWords = (ref) => isWorth(read(ref))
export const isKey = (key, ref) => key === PREFIX + ref

/** Keep what stands in the composer: {url, body, kind, clientId, begun, files}. True if it survives the page. */
export function write(ref, draft) {
  const isSafe = store(ref, { ...draft, at: now(), known: read(ref)?.known ?? 0, isSaved: false })
  say(ref, "changed")
  const since = timers.get(ref)?.since ?? Date.now()
  clearTimeout(timers.get(ref)?.timer)
  const wait = Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now()))
  timers.set(ref, { since, timer: setTimeout(() => push(ref), wait) })
  return isSafe
}

/** It has been sent from here: the server lets go of it together with storing the message. */
export function forget(ref, clientId) {
  clearTimeout(timers.get(ref)?.timer)
  timers.delete(ref)
  left.add(clientId)
  store(ref, null)
  say(ref, "changed")
}

/** Bring the server up to date. */
export async function push(ref) {
  clearTimeout(timers.get(ref)?.timer)
  timers.delete(ref)
  const draft = read(ref)
  if (!draft?.url || draft.isSaved || underWay.has(ref)) return
  underWay.add(ref)
  let response = null, answer = null
  try {
    response = await save(draft)
    if (response.ok || response.status === 409) answer = await response.json()
  } catch { /* no connection, or no answer that can be read */ }
  underWay.delete(ref)
  if (answer) settle(ref, draft, answer, response.status)
  else later(ref)
}

function save(draft) {
  const fields = { by: me, body: draft.body, kind: draft.kind, client_id: draft.clientId, written: Math.round(draft.at), known: draft.known }
  const body = new URLSearchParams(fields)
  if (draft.begun != null) body.set("begun_seq", draft.begun)
  for (const file of draft.files) body.append("attachments", file.id)
  return postForm(draft.url, body)
}

function later(ref) {
  timers.set(ref, { since: Date.now(), timer: setTimeout(() => push(ref), AGAIN) })
  say(ref, "unsaved")
}

function settle(ref, sent, { draft: theirs, now: time, error }, status) {
  learn(time)
  const mine = read(ref)
  if (!mine) return                                     // sent or emptied elsewhere meanwhile
  if (status === 409) return error?.code === "sent" ? begin(ref, mine, sent) : join(ref, mine, theirs)
  if (mine.at !== sent.at) {                            // written on while it was under way
    store(ref, { ...mine, known: theirs?.at ?? mine.known })
    return push(ref)
  }
  store(ref, theirs && isWorth(mine) ? { ...mine, at: theirs.at, known: theirs.at, isSaved: true } : null)
  say(ref, "saved")
}

/** These words left from another device; what was written on here is another message. */
function begin(ref, mine, sent) {
  if (mine.clientId === sent.clientId) store(ref, { ...mine, clientId: newId(), at: now() })
  say(ref, "replaced")
  push(ref)
}

/** Two devices wrote: neither loses a word. */
function join(ref, mine, theirs) {
  if (!isWorth(theirs)) return store(ref, { ...mine, at: now(), known: theirs?.at ?? 0 })
  const [a, b] = [mine.body.trim(), theirs.body.trim()]
  const body = a.includes(b) ? mine.body : b.includes(a) ? theirs.body : `${theirs.body}\n\n${mine.body}`
  const files = [...new Map([...theirs.files, ...mine.files].map((file) => [file.id, file])).values()]
  const kind = [mine, theirs].some((draft) => draft.kind === "note" && draft.body.trim()) ? "note" : "reply"
  const begun = Math.min(mine.begun ?? theirs.begun, theirs.begun)
  store(ref, { ...mine, body, kind, files, begun, clientId: theirs.clientId, at: Math.max(now(), theirs.at + 1), known: theirs.at, isSaved: false })
  say(ref, "replaced")
  push(ref)
}

/** Ask the server what it has, and show the newer. */
export async function pull(ref, url) {
  let answer
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" })
    if (!response.ok) return
    answer = await response.json()
  } catch { return }
  learn(answer.now)
  take(ref, url, answer.draft)
}

/** What the server has: it is shown unless this browser has something that the server does not know yet. */
export function take(ref, url, theirs) {
  const mine = read(ref)
  if (mine && !mine.isSaved) return push(ref)
  if (theirs && isGone(theirs.clientId)) theirs = null
  if (theirs ? mine && theirs.at <= mine.at : !mine) return
  store(ref, theirs && { ...theirs, url, known: theirs.at, isSaved: true })
  say(ref, "replaced")
}

/** What could not be saved when it was written, on whatever ticket. */
function pushAll() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) push(key.slice(PREFIX.length))
  } catch { /* nothing is kept here */ }
}

window.addEventListener("online", pushAll)
document.addEventListener("desk:frame", ({ detail }) => { if (detail.type === "ready") pushAll() })
window.addEventListener("pagehide", pushAll)
document.addEventListener("visibilitychange", () => { if (document.hidden) pushAll() })
pushAll()
