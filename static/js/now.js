// How things stand now: asks for itself again when something happens, and says so when what it shows has grown old.
// On a wall it also keeps the screen awake, and loads the whole page anew now and then, for newer versions of it.
import { gettext } from "./words.js"

const AT_MOST_EVERY = 2000     // however much happens
const AT_LEAST_EVERY = 15_000  // waits grow, and promises run out, without anything happening
const OLD = 45_000
const PATIENCE = 20_000
const ANEW = 6 * 3_600_000

const shown = () => document.getElementById("now")
const wall = document.querySelector("[data-wall]")
const opened = Date.now()
let askedAt = Date.now(), freshAt = Date.now(), timer = 0, isAsking = false, awake = null

function soon() {
  if (!timer) timer = setTimeout(refresh, Math.max(100, askedAt + AT_MOST_EVERY - Date.now()))
}

async function refresh() {
  timer = 0
  if (isAsking) return soon()
  isAsking = true
  askedAt = Date.now()
  try {
    const answer = await fetch(shown().dataset.src, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) })
    if (answer.redirected || answer.status === 403) return location.reload()   // signed out: the page says what to do
    if (answer.ok) draw(await answer.text())
  } catch { /* the line is dead: what is shown grows old, and says so */ } finally {
    isAsking = false
    tellAge()
  }
}

function draw(html) {
  // A definition that somebody reads stays open.
  const callbacks = { beforeAttributeUpdated: (name, element) => !(name === "open" && element.matches("details")) }
  window.Idiomorph.morph(shown(), html, { morphStyle: "outerHTML", callbacks })
  freshAt = Date.now()
  const clock = document.getElementById("clock"), { at, clock: words } = shown().dataset
  clock.dateTime = at
  clock.textContent = words
  document.dispatchEvent(new CustomEvent("desk:drawn"))
  if (wall && freshAt - opened > ANEW) location.reload()
}

function tellAge() {
  const isOld = Date.now() - freshAt > OLD, line = document.getElementById("stale")
  document.getElementById("main").classList.toggle("is-old", isOld)
  if (line.hidden === !isOld) return
  line.textContent = isOld ? gettext("As of %(time)s. No connection; we keep trying.", { time: shown().dataset.clock }) : ""
  line.hidden = !isOld
}

/** A screen on a wall does not go dark, where the browser can help it; it lets go whenever the page is hidden. */
async function stayAwake() {
  if (!wall || document.hidden || (awake && !awake.released)) return
  try { awake = await navigator.wakeLock?.request("screen") } catch { /* the battery is low, or it is not allowed */ }
}

document.addEventListener("desk:frame", ({ detail: { type } }) => { if (type === "event" || type === "ready") soon() })
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return
  stayAwake()
  if (Date.now() - freshAt > AT_LEAST_EVERY) soon()
})
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-fullscreen]")) return
  if (document.fullscreenElement) document.exitFullscreen()
  else document.documentElement.requestFullscreen?.()
})
setInterval(() => {
  tellAge()
  if ((wall || !document.hidden) && Date.now() - askedAt >= AT_LEAST_EVERY) soon()
}, 3000)
stayAwake()
