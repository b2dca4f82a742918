// Chats that ring, and invitations: cards that nobody can miss and that take nothing from whoever is typing.
// `ringing` frames say what rings and for how long; the cards themselves come from the server, like everything.
import { chime } from "./chime.js"
import { gettext } from "./words.js"

const CHIME_EVERY = 9000        // ms, while something rings
const TAKEN_SHOWN = 2600        // ms, how long a card says who has it
const PATIENCE = 700            // ms to learn who has a chat that stopped ringing
const LOOK_EVERY = 6            // heartbeats, in case a cue was lost
const CHANGES = new Set(["ticket.assigned", "ticket.handed_over", "ticket.resolved", "ticket.reopened", "chat.ended",
  "agent.invited", "agent.joined", "agent.left"])

const place = () => document.getElementById("calls")
const calls = () => [...document.querySelectorAll("[data-call]:not([data-over])")]
const cards = () => [...document.querySelectorAll(":is([data-call], [data-asked]):not([data-over])")]
const ends = new Map()          // ref -> when it stops ringing here, in ms
const announced = new Set()     // ids of cards that were told already
let isHeld = 0                  // until then a card says who has it, and stays
let due = 0, chimed = 0, beats = 0

function look(after = 0) {
  clearTimeout(due)
  due = setTimeout(() => { if (place()) htmx.trigger(place(), "desk:refresh") }, Math.max(after, isHeld - Date.now(), 0))
}

document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (frame.type === "ringing") hearRinging(frame.tickets)
  else if (frame.type === "heartbeat" && ++beats % LOOK_EVERY === 0) look()
  else if (frame.type === "event" && CHANGES.has(frame.event?.type)) hearEvent(frame)
})
document.addEventListener("desk:changed", (event) => { if (!event.detail.refs.length) look() })   // of no ticket in particular

function hearRinging(tickets) {
  const shown = calls().map((card) => card.dataset.ref)
  for (const [ref, seconds] of Object.entries(tickets)) ends.set(ref, Date.now() + seconds * 1000)
  const isNew = Object.keys(tickets).some((ref) => !shown.includes(ref)), isGone = shown.some((ref) => !(ref in tickets))
  if (isNew) look()
  else if (isGone) look(PATIENCE)
}

function hearEvent({ ref, event }) {
  const card = document.querySelector(`[data-call][data-ref="${CSS.escape(ref)}"]`), taker = event.data?.user?.to
  if (card && event.type === "ticket.assigned" && taker && !event.by.you) over(card, gettext("%(name)s has it", { name: taker.split(" ")[0] }))
  look(400)
}

function over(card, words) {
  card.dataset.over = ""
  card.querySelector("[data-taken]").textContent = words
  isHeld = Date.now() + TAKEN_SHOWN
}

/** After every look: know when each ends, tell what is new. */
function tend() {
  for (const card of calls()) {
    const ref = card.dataset.ref, end = Date.now() + Number(card.dataset.seconds) * 1000
    if (card.dataset.counted !== card.dataset.seconds || !ends.has(ref)) ends.set(ref, end)
    card.dataset.counted = card.dataset.seconds
  }
  for (const card of cards()) {
    if (announced.has(card.id)) continue
    announced.add(card.id)
    tell(card)
  }
  for (const id of announced) if (!document.getElementById(id)) announced.delete(id)
  document.dispatchEvent(new CustomEvent("desk:drawn"))
  tick()
}

/** Who does not see it hears it: at once if it rings, after the sentence if it is an invitation. */
function tell(card) {
  const words = card.querySelector(".first").textContent, isCall = card.matches("[data-call]"), { who } = card.dataset
  document.getElementById("calls-said").textContent = isCall ? "" : gettext("%(who)s asks you to help with %(words)s", { who, words })
  document.getElementById("calls-rung").textContent = isCall ? gettext("A chat rings. %(who)s: %(words)s", { who, words }) : ""
  chimed = Date.now()
  chime()
}

function tick() {
  const now = Date.now()
  for (const card of calls()) {
    const left = Math.max(0, ((ends.get(card.dataset.ref) ?? 0) - now) / 1000)
    card.querySelector("meter").value = left
    if (left === 0) { card.dataset.over = ""; look(300) }
  }
  if (calls().length && now - chimed > CHIME_EVERY) { chimed = now; chime() }
  blink()
}

let title = null   // the page's own, while ours stands there
function blink() {
  const count = cards().length
  if (title !== null && !document.title.startsWith("(")) title = null   // another page's title came meanwhile
  if (count && document.hidden && title === null) {
    title = document.title
    document.title = `(${count}) ${cards()[0].dataset.who} · ${title}`
  } else if (title !== null) {
    document.title = title
    title = null
  }
}

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-quietly]")) return
  event.preventDefault()
  const form = event.target
  form.closest(".call").dataset.over = ""
  await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).catch(() => {})
  look()
})
// Somebody was faster: the card says who, and no error is shouted.
document.addEventListener("desk:taken", (event) => {
  const card = event.target.closest?.("[data-call]")
  if (card) over(card, event.detail.text)
  look()
})
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 409 && event.detail.requestConfig?.elt?.closest?.("[data-call]")) event.detail.isError = false
})
document.addEventListener("change", (event) => { if (event.target.name === "availability") look(400) })
document.addEventListener("htmx:afterSettle", tend)
document.addEventListener("visibilitychange", blink)
setInterval(tick, 1000)
tend()
