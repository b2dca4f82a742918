// What is known of the open chat's visitor: asked for once, then when something of theirs happened, every ten seconds
// at most. When the side is drawn anew, what was there stays.

const EVERY = 10_000
const TELLING = new Set(["visitor", "event", "receipt"])
const panel = () => document.getElementById("visitor")
let kept = null   // the panel as it was last seen
let last = 0, due = 0

function fill() {
  const place = document.querySelector("[data-visitor-place]")
  if (place && !place.firstElementChild && kept?.dataset.ref === place.dataset.ref) {
    place.append(kept)
    htmx.process(kept)
  } else if (place && !place.firstElementChild && !place.isAsked) {
    place.isAsked = true
    last = Date.now()
    htmx.trigger(place, "desk:look")
  }
  // It was fetched again: what was open stays open.
  const trail = panel()?.querySelector("details"), wasOpen = kept?.querySelector("details")?.open
  if (trail && wasOpen && kept !== panel() && kept.dataset.ref === panel().dataset.ref) trail.open = true
  kept = panel() ?? kept
}

function look() {
  clearTimeout(due)
  const wait = last + EVERY - Date.now()
  if (wait > 0) { due = setTimeout(look, wait); return }
  // Nobody's link or button is taken from under their finger.
  if (!panel() || document.hidden || panel().contains(document.activeElement)) return
  last = Date.now()
  htmx.trigger(panel(), "desk:visitor")
}

document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (TELLING.has(frame.type) && frame.ref === panel()?.dataset.ref) look()
})
document.addEventListener("visibilitychange", () => { if (!document.hidden) look() })
document.addEventListener("htmx:load", fill)
document.addEventListener("htmx:afterSettle", fill)
