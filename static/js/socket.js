// The agent's socket: it brings cues, never pages. What a cue touches is fetched again from the page's own address.
// Frames: docs/protocol.md. The HTTP page is always right; a lost cue is healed by the next heartbeat.
import { gettext } from "./words.js"

const HEARTBEAT_MISSED = 25_000   // the server sends one every 10 s
const POLL = 15_000               // while there is no socket at all
const MAX_WATCHED = 500
const FINAL = { 4401: gettext("You are signed out. Sign in again to see what is new; your drafts are safe."), 4403: gettext("This page may not listen for news. Reload it.") }

let socket = null
let attempts = 0
let goneAt = 0
let lastHeard = 0
let isOver = false
let retry = 0

const conversation = () => document.querySelector("#conversation[data-ref]")
const shownSeq = () => Number(document.querySelector("#timeline")?.dataset.last ?? 0)
const say = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }))

function watched() {
  const refs = [...document.querySelectorAll("#rows [data-ref]")].map((row) => row.dataset.ref)
  const open = conversation()?.dataset.ref
  return [...new Set(open ? [open, ...refs] : refs)].slice(0, MAX_WATCHED)
}

let told = ""
function watch() {
  const refs = watched()
  if (refs.join() === told || socket?.readyState !== WebSocket.OPEN) return
  told = refs.join()
  send({ type: "watch", refs })
  tellSeen()
}

let seen = ""
/** The customer learns that their words were read. Loading the page has noted it too, but a page reaches nobody. */
function tellSeen() {
  const ref = conversation()?.dataset.ref, seq = shownSeq()
  if (!ref || !seq || document.hidden || seen === `${ref}/${seq}` || socket?.readyState !== WebSocket.OPEN) return
  seen = `${ref}/${seq}`
  send({ type: "seen", ref, seq })
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
}

function connect() {
  clearTimeout(retry)
  if (isOver || socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return
  const address = new URL("/ws/inbox/", location.href)
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:"
  const mine = socket = new WebSocket(address)
  lastHeard = Date.now()
  mine.addEventListener("open", () => {
    const ref = conversation()?.dataset.ref
    const here = document.querySelector("[data-wall]") ? { here: false } : {}   // nobody sits at a screen on the wall
    send({ type: "hello", after: ref ? { [ref]: shownSeq() } : {}, ...here })
  })
  mine.addEventListener("message", (message) => { if (mine === socket) hear(JSON.parse(message.data)) })
  mine.addEventListener("close", (event) => { if (mine === socket) lose(event.code) })
}

function hear(frame) {
  lastHeard = Date.now()
  if (frame.type === "ready") {
    attempts = 0
    told = ""
    watch()
    showConnection(true)
    compare(frame.tickets)
    say("desk:changed", { refs: [] })   // what is new since the page was drawn is watched by nobody yet
  } else if (frame.type === "heartbeat") {
    compare(frame.tickets)
  } else if (frame.type === "event") {
    happened(frame)
  } else if (frame.type === "receipt") {
    if (frame.ref === conversation()?.dataset.ref && frame.by?.kind === "customer") refreshTicket(false)   // they have seen it
  } else if (frame.type === "error") {
    console.warn("socket:", frame.code, frame.detail)
  }
  say("desk:frame", frame)
}

/** An event somewhere: draw the open ticket again if it is that one, and tell the list. */
function happened(frame) {
  if (frame.ref === conversation()?.dataset.ref && frame.seq > shownSeq()) {
    refreshTicket(frame.event?.type !== "message.posted")
  }
  say("desk:changed", { refs: [frame.ref] })
}

/** Heads as the server has them; whatever lags behind is fetched. */
function compare(heads = {}) {
  const open = conversation()?.dataset.ref
  if (open in heads && heads[open] > shownSeq()) refreshTicket(true)
  const late = [...document.querySelectorAll("#rows [data-ref]")].filter((row) => heads[row.dataset.ref] > Number(row.dataset.last))
  if (late.length) say("desk:changed", { refs: late.map((row) => row.dataset.ref) })
}

let isDue = false, busy = null // the timeline that is being fetched again
function refreshTicket(withSide) {
  const timeline = document.getElementById("timeline")
  if (!timeline) return
  // One that was swapped out meanwhile never says that it is done.
  if (busy?.isConnected) { isDue = true; return }
  busy = timeline
  htmx.trigger(timeline, "desk:refresh")
  // Nobody's choice in a menu is overwritten while they make it.
  const side = document.getElementById("side")
  if (withSide && side && !side.contains(document.activeElement)) htmx.trigger(side, "desk:refresh")
}
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt?.id !== "timeline") return
  busy = null
  if (isDue) { isDue = false; refreshTicket(true) }
})

function lose(code) {
  if (code in FINAL) {
    isOver = true
    say("desk:toast", { text: FINAL[code], isError: true })
    return
  }
  if (!attempts) goneAt = Date.now()
  attempts += 1
  // Full jitter, so that a restart does not bring everybody back in the same moment; but nobody waits long for one.
  const longest = Date.now() - goneAt < 30_000 ? 3000 : 30_000
  const wait = code === 1012 ? 500 + Math.random() * 1500 : Math.random() * Math.min(longest, 1000 * 2 ** Math.min(attempts, 5))
  retry = setTimeout(connect, wait)
  setTimeout(() => { if (socket?.readyState !== WebSocket.OPEN) showConnection(false) }, 2500)
}

function showConnection(isThere) {
  const line = document.getElementById("connection")
  if (!line) return
  line.hidden = isThere
  line.textContent = isThere ? "" : gettext("Connection lost. Your text is safe, we keep trying.")
}

setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN && Date.now() - lastHeard > HEARTBEAT_MISSED) {
    const dead = socket
    socket = null
    dead.close()
    lose(1006)
  }
}, 5000)
setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN || isOver || !navigator.onLine || document.hidden) return
  refreshTicket(true)
  say("desk:changed", { refs: [] })
}, POLL)

document.addEventListener("desk:send", (event) => send(event.detail))
// Stored over HTTP: its event is on the way here, unless the socket or the bell is not there.
document.addEventListener("desk:outgoing", (event) => {
  const { item, what } = event.detail
  if (what !== "sent") return
  setTimeout(() => { if (item.ref === conversation()?.dataset.ref && item.seq > shownSeq()) refreshTicket(true) }, 150)
})
document.addEventListener("htmx:afterSettle", () => { watch(); tellSeen() })
window.addEventListener("online", () => { attempts = 0; connect() })
document.addEventListener("visibilitychange", () => { if (!document.hidden) { connect(); tellSeen() } })
connect()
