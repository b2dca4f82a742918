// Single keys for everything that is done all day. Never while typing, and one switch turns them off (WCAG 2.1.4).
import { undoNewest } from "./undo.js"

const PLACES = { i: "/inbox/", c: "/customers/", d: "/dashboard/", n: "/notifications/", f: "/follow-ups/", m: "/recovery/" }
let isGoing = 0   // when `g` was pressed

const rows = () => [...document.querySelectorAll("#rows .row")]
const isTyping = (target) => target.matches?.("input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]")

function move(step) {
  const all = rows()
  if (!all.length) return
  let at = all.indexOf(document.activeElement.closest(".item")?.querySelector(".row"))
  if (at < 0) at = all.findIndex((row) => row.hasAttribute("aria-current"))
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]
  next.focus()
  next.scrollIntoView({ block: "nearest" })
}

function write(kind) {
  const composer = document.querySelector("[data-composer]")
  if (!composer) return
  const choice = composer.querySelector(`input[name=kind][value=${kind}]`)
  choice.checked = true
  choice.dispatchEvent(new Event("change", { bubbles: true }))
  composer.querySelector("textarea").focus()
}

/** Press a button or step into a field that says which key is its own. While rows are selected, they are meant. */
function use(key) {
  const own = CSS.escape(key)
  const element = document.querySelector(`#bulk[data-active] [data-bulk-key="${own}"]`) ?? document.querySelector(`[data-key="${own}"]`)
  if (!element) return false
  reveal(element)
  if (element.matches("button, a")) element.click()
  else element.focus()
  return true
}

/** Open the drawer in which something is, if it is one now. */
export function reveal(element) {
  const drawer = element.closest(".side, .rail")
  if (drawer && !element.checkVisibility({ visibilityProperty: true })) document.querySelector(`[data-toggle="${drawer.id}"][aria-controls]`)?.click()
}

function handOver(what) {
  const choice = document.querySelector(`#hand-over [value=${what}]`)
  if (choice) choice.checked = true
  use("t")
}

const say = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }))

// What is not simply the button that has the key (`data-key`).
const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => use("r") || write("reply"),
  n: () => write("note"),
  t: () => handOver("transfer"),
  i: () => handOver("invite"),
  x: () => say("desk:pick", { isRange: false }),
  X: () => say("desk:pick", { isRange: true }),
  z: undoNewest,
  "/": () => document.querySelector("[data-search]")?.focus(),
  ".": () => { const pill = document.getElementById("pill"); if (pill && !pill.hidden) pill.click() },
  "?": () => document.getElementById("keys")?.togglePopover(),
  g: () => { isGoing = Date.now() },
}

/** Do what a key does; whether it does anything. */
export function act(key) {
  const action = ACTIONS[key]
  action?.()
  return Boolean(action) || (key.length === 1 && use(key))
}

/** Out of a field, to where single keys mean something. */
export function leave(field) {
  const row = document.querySelector("#rows .row[aria-current]")
  field.blur()
  ;(row?.checkVisibility() ? row : document.getElementById("conversation"))?.focus({ preventScroll: true })
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isTyping(event.target)) {
    leave(event.target)
    return
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return
  if (isTyping(event.target) || document.documentElement.dataset.keys === "off") return
  if (document.querySelector("[popover]:popover-open, dialog[open]") && event.key !== "?") return
  if (Date.now() - isGoing < 1500 && event.key in PLACES) {
    event.preventDefault()
    location.href = PLACES[event.key]
    return
  }
  isGoing = 0
  if (act(event.key)) event.preventDefault()
})
