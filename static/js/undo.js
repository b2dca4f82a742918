// The last thing one did, offered to be undone: said for a while, and under the key `z` for ten minutes.
// Whoever else has something to undo marks its button with `data-undo`, the time in ms when it was done:
// `z` presses the newest of them. A listener of `desk:undo` may prevent that and do something newer itself.
import { gettext } from "./words.js"

const LINGER = 12_000
const LONGEST = 10 * 60_000
const form = () => document.getElementById("undo")
let timer = 0

function offer({ url, label, at }) {
  const place = form()
  if (!place) return
  place.action = url
  place.querySelector("[data-undo-label]").textContent = `${label}.`
  const button = place.querySelector("button")
  button.dataset.undo = at
  button.disabled = false
  place.hidden = false
  linger()
}

function linger() {
  clearTimeout(timer)
  timer = setTimeout(() => {
    // Nobody's button goes away under their pointer.
    if (form()?.matches(":hover, :focus-within")) linger()
    else if (form()) form().hidden = true
  }, LINGER)
}

function forget() {
  const place = form()
  if (!place) return
  place.hidden = true
  delete place.querySelector("button").dataset.undo
}

/** The button of what was done last, wherever it is. */
function newest() {
  const buttons = [...document.querySelectorAll("[data-undo]")].filter((button) => !button.disabled && Date.now() - button.dataset.undo < LONGEST)
  return buttons.sort((one, other) => other.dataset.undo - one.dataset.undo)[0]
}

export function undoNewest() {
  const button = newest()
  const event = new CustomEvent("desk:undo", { cancelable: true, detail: { at: Number(button?.dataset.undo ?? 0) } })
  if (!document.dispatchEvent(event)) return
  if (button) button.click()
  else document.dispatchEvent(new CustomEvent("desk:toast", { detail: { text: gettext("There is nothing to undo.") } }))
}

document.addEventListener("submit", (event) => {
  if (event.target !== form()) return
  event.preventDefault()
  const button = form().querySelector("button")
  if (button.disabled) return
  button.disabled = true   // twice is harmless, but says nothing new
  htmx.ajax("POST", form().action, { source: form(), target: form(), swap: "none" }).finally(() => { button.disabled = false })
})
document.addEventListener("desk:undoable", (event) => offer(event.detail))
document.addEventListener("desk:undone", () => {
  forget()
  document.dispatchEvent(new CustomEvent("desk:reload"))
})
if (form() && !form().hidden) linger()
