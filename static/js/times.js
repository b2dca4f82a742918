// Relative times, with the exact one on hover, in the viewer's zone; how long someone waits, against the promise.
import { gettext, ngettext, pgettext } from "./words.js"

const { lang, dataset } = document.documentElement
const words = lang === "en" ? "en-GB" : lang   // "3 Nov" rather than "Nov 3", as the server writes
const format = (options) => new Intl.DateTimeFormat(words, { timeZone: dataset.zone || undefined, ...options })
const weekday = format({ weekday: "short" })
const dayOfYear = format({ day: "numeric", month: "short" })
const withYear = format({ day: "numeric", month: "short", year: "numeric" })
const clock = format({ hour: "2-digit", minute: "2-digit" })
const exact = format({ dateStyle: "full", timeStyle: "short" })
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR
const inMinutes = (count) => gettext("%(count)s min", { count })
const inHours = (count) => gettext("%(count)s h", { count })
const inDays = (count) => ngettext("%(count)s day", "%(count)s days", count)

/** "now", "4 min", "2 h", "Thu", "3 Nov", "3 Nov 2025". */
function ago(at, now) {
  const passed = now - at
  if (passed < MINUTE) return pgettext("time", "now")
  if (passed < HOUR) return inMinutes(Math.floor(passed / MINUTE))
  if (passed < DAY) return inHours(Math.floor(passed / HOUR))
  if (passed < 6 * DAY) return weekday.format(at)
  return at.getFullYear() === now.getFullYear() ? dayOfYear.format(at) : withYear.format(at)
}

/** What is still to come: "09:00", "Thu, 09:00", "3 Nov, 09:00". */
function coming(at, now) {
  const days = Math.abs(at - now) / DAY, time = clock.format(at)
  if (dayOfYear.format(at) === dayOfYear.format(now) && days < 1) return time
  return `${(days < 6 ? weekday : at.getFullYear() === now.getFullYear() ? dayOfYear : withYear).format(at)}, ${time}`
}

/** "8 min", "2 h 5 min", "3 days". */
function span(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE))
  if (minutes < 60) return inMinutes(minutes)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return inDays(Math.floor(hours / 24))
  return hours < 6 && minutes % 60 ? `${inHours(hours)} ${inMinutes(minutes % 60)}` : inHours(hours)
}

function draw() {
  const now = new Date()
  for (const element of document.querySelectorAll("time[data-ago], time[data-clock], time[data-when]")) {
    const at = new Date(element.dateTime)
    const text = "clock" in element.dataset ? clock.format(at) : "when" in element.dataset ? coming(at, now) : ago(at, now)
    if (element.textContent !== text) element.textContent = text
    element.title = exact.format(at)
  }
  for (const element of document.querySelectorAll("time[data-zone]")) drawZone(element, now)
  for (const element of document.querySelectorAll("[data-since]")) drawWait(element, now)
}

/** What their clock shows now; a zone that this browser does not know stays a name. */
function drawZone(element, now) {
  const zone = element.dataset.zone
  try {
    const text = new Intl.DateTimeFormat(words, { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit" }).format(now)
    if (element.textContent !== text) element.textContent = text
    element.title = zone
  } catch { /* its name says enough */ }
}

function drawWait(element, now) {
  const since = new Date(element.dataset.since), due = element.dataset.due && new Date(element.dataset.due)
  const line = element.querySelector("[data-words]"), meter = element.querySelector("meter")
  if (!due) {
    line.textContent = now - since < MINUTE ? gettext("just now") : gettext("waiting %(time)s", { time: span(now - since) })
    return
  }
  const part = (now - since) / Math.max(1, due - since)
  element.dataset.state = part >= 1 ? "late" : part >= 0.75 ? "soon" : "fine"
  line.textContent = part >= 1 ? gettext("late by %(time)s", { time: span(now - due) }) : gettext("%(time)s of %(promised)s", { time: span(now - since), promised: span(due - since) })
  if (meter) meter.value = now / 1000
}

// Whoever sets the desk up is most likely where it is.
const zones = document.querySelector("[data-guess-zone] select[name=time_zone]")
const here = new Intl.DateTimeFormat().resolvedOptions().timeZone
if ([...zones?.options ?? []].some((option) => option.value === here)) zones.value = here

draw()
setInterval(draw, 20_000)
document.addEventListener("htmx:afterSwap", draw)
document.addEventListener("desk:drawn", draw)
