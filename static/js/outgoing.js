// The messages of the outbox on the open ticket, below what is stored: Sending, or Not sent and what to do about it;
// held, with what somebody else has written meanwhile.
import { discard, items, retry, stateOf, withdraw } from "./outbox.js"
import { gettext } from "./words.js"

const LINGER = 8000   // ms that a stored message stays here at most until the timeline has it
const shown = new Map()   // client_id -> {item, element, state, gone}

const list = () => document.querySelector("[data-outgoing]")
const WORDS = { sending: gettext("Sending"), held: gettext("Held") }
const isInTimeline = (client_id) => document.querySelector(`:is(#timeline, #later) [data-client="${CSS.escape(client_id)}"]`) !== null

function draw() {
  const place = list()
  if (!place) return
  if (place.bubbles !== shown) { place.bubbles = shown; shown.clear() }   // another ticket, or the same one drawn anew
  const waiting = items(place.dataset.ref)
  for (const item of waiting) show(place, item)
  for (const [client_id, bubble] of shown) {
    const isWaiting = waiting.some((item) => item.client_id === client_id)
    if (isInTimeline(client_id)) remove(client_id)
    else if (!isWaiting && !bubble.gone) leave(client_id, bubble)
  }
}

function show(place, item) {
  if (isInTimeline(item.client_id)) return
  const bubble = shown.get(item.client_id) ?? make(place, item)
  const { state, reason } = stateOf(item)
  Object.assign(bubble, { item, state })
  bubble.element.dataset.state = state
  bubble.element.querySelector("[data-state-words]").textContent = WORDS[state] ?? gettext("Not sent")
  const line = bubble.element.querySelector("[data-trouble]"), card = bubble.element.querySelector("[data-held]")
  line.hidden = state === "sending" || state === "held"
  line.querySelector("[data-reason]").textContent = reason
  line.querySelector("[data-take-back]").hidden = state !== "refused"
  if (!card) return   // a note is never held
  card.hidden = state !== "held"
  card.querySelector("[data-reason]").textContent = reason
  card.querySelector("ol").replaceChildren(...(item.held?.between ?? []).map(said))
}

/** What somebody wrote since the reply was begun. */
function said({ by, at, body }) {
  const line = document.createElement("li"), who = document.createElement("b"), time = document.createElement("time"), words = document.createElement("q")
  who.textContent = by
  time.dateTime = at
  time.dataset.clock = ""
  words.textContent = body
  line.append(who, " ", time, " ", words)
  return line
}

function make(place, item) {
  const element = document.getElementById(`outgoing-${item.kind}`).content.firstElementChild.cloneNode(true)
  const words = element.querySelector(".words")
  words.textContent = item.body
  words.hidden = !item.body
  element.dataset.clientId = item.client_id
  const time = element.querySelector("time")
  time.dateTime = new Date(item.written).toISOString()
  for (const file of item.files) {
    const name = document.createElement("bdi")
    name.textContent = file.name
    const chip = document.createElement("span")
    chip.className = "file"
    chip.append(name)
    element.querySelector(".files").append(chip)
  }
  element.querySelector(".files").hidden = !item.files.length
  place.append(element)
  const bubble = { element }
  shown.set(item.client_id, bubble)
  document.dispatchEvent(new CustomEvent("desk:drawn"))
  element.closest(".scroll").scrollTop = 0   // its end, since it is laid out from there
  return bubble
}

/** It left the outbox. Stored: it stays until the timeline shows it. Taken back: it goes at once. */
function leave(client_id, bubble) {
  if (bubble.state === "refused" || bubble.state === "held") return remove(client_id)
  bubble.gone = true
  bubble.element.dataset.state = "sent"
  bubble.element.querySelector("[data-state-words]").textContent = gettext("Sent")
  bubble.element.querySelector("[data-trouble]").hidden = true
  setTimeout(() => remove(client_id), LINGER)
}

function remove(client_id) {
  shown.get(client_id)?.element.remove()
  shown.delete(client_id)
}

const composerStatus = (words) => {
  const line = document.querySelector("[data-composer] [data-draft-state]")
  if (line) line.textContent = words
}

document.addEventListener("desk:outgoing", (event) => {
  const { item, what } = event.detail
  draw()
  if (!item || item.ref !== list()?.dataset.ref) return
  const { state, reason } = what === "sent" ? {} : stateOf(item)
  // The line is a status: whoever does not see the bubble hears it.
  if (what === "sent") composerStatus("")
  else if (what === "scheduled") composerStatus(item.asked?.until ? "" : gettext("It leaves in a moment. Ctrl+Z takes it back."))
  else if (what === "held") composerStatus(gettext("Held. %(reason)s", { reason }))
  else if (state !== "sending") composerStatus(gettext("Not sent. %(reason)s", { reason }))
})

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-retry], [data-take-back], [data-discard]")
  if (!button) return
  const { clientId } = button.closest("[data-client-id]").dataset
  if (button.matches("[data-retry]")) return retry(clientId)
  if (button.matches("[data-discard]")) return discard(clientId)
  const item = withdraw(clientId)
  if (item?.held) item.begun = item.held.seen   // read before it is written anew
  if (item) document.dispatchEvent(new CustomEvent("desk:rewrite", { detail: item }))
})

document.addEventListener("htmx:afterSwap", draw)
document.addEventListener("htmx:afterSettle", draw)
draw()
