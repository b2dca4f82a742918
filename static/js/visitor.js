// What is known of the open chat's visitor: asked for again when something of theirs happened, every ten seconds at most.

const EVERY = 10_000
const TELLING = new Set(["visitor", "event", "receipt"])
const panel = () => document.getElementById("visitor")
let last = 0, due = 0, isTrailOpen = false

function look() {
  clearTimeout(due)
  const wait = last + EVERY - Date.now()
  if (wait > 0) { due = setTimeout(look, wait); return }
  // Nobody's link or button is taken from under their finger.
  if (!panel() || document.hidden || panel().contains(document.activeElement)) return
  last = Date.now()
  isTrailOpen = panel().querySelector("details")?.open ?? false
  htmx.trigger(panel(), "desk:visitor")
}

document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (TELLING.has(frame.type) && frame.ref === panel()?.dataset.ref) look()
})
document.addEventListener("visibilitychange", () => { if (!document.hidden) look() })
document.addEventListener("htmx:afterSwap", () => {
  const trail = panel()?.querySelector("details")
  if (trail && isTrailOpen) trail.open = true
  isTrailOpen = false
})
