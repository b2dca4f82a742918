// @ in a note: a list of people and teams at the composer. One goes on typing meanwhile; the list follows.
import { gettext } from "./words.js"

const GAP = 6          // px to the composer and to the edge of the window
const PAUSE = 90       // ms without a key before the desk is asked
const LONGEST = 60     // letters of a name
const START = /(?<![\p{L}\p{N}_@/.+-])@([\p{L}\p{N}_'.()-]*(?: [\p{L}\p{N}_'.()-]*){0,3})$/u
const panel = () => document.getElementById("mentions")
const list = () => document.getElementById("mention-options")
const options = () => [...list().querySelectorAll("[role=option]")]
const current = () => list()?.querySelector("[aria-selected=true]")
const isOpen = () => panel()?.matches(":popover-open")
let field = null       // the words that are being written
let refused = -1       // where the @ stands after which nobody was to be chosen
let asked = "", timer = 0

const isNote = (form) => form.querySelector("input[name=kind]:checked")?.value === "note"

/** What stands after the @ before the cursor, or null. */
function typed() {
  if (field.selectionStart !== field.selectionEnd) return null
  const found = START.exec(field.value.slice(0, field.selectionStart))
  return found && found[1].length <= LONGEST ? { at: found.index, words: found[1] } : null
}

function follow() {
  const found = typed()
  if (!found || found.at === refused || !isNote(field.form)) return close()
  clearTimeout(timer)
  timer = setTimeout(() => {
    asked = found.words
    htmx.ajax("GET", `${field.form.dataset.mentions}?${new URLSearchParams({ q: asked })}`, { source: list(), target: list(), swap: "innerHTML" })
  }, PAUSE)
}

function open() {
  panel().showPopover()
  const box = field.form.getBoundingClientRect(), { style, offsetWidth, offsetHeight } = panel()
  style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - offsetWidth - GAP))}px`
  style.top = `${Math.max(GAP, box.top - offsetHeight - GAP)}px`
  field.setAttribute("aria-controls", "mention-options")
}

function close() {
  clearTimeout(timer)
  if (list()) htmx.trigger(list(), "htmx:abort")
  field?.removeAttribute("aria-activedescendant")
  field?.removeAttribute("aria-controls")
  if (isOpen()) panel().hidePopover()
  document.getElementById("mentions-said")?.replaceChildren()
}

function select(option) {
  current()?.setAttribute("aria-selected", "false")
  option.setAttribute("aria-selected", "true")
  option.scrollIntoView({ block: "nearest" })
  field.setAttribute("aria-activedescendant", option.id)
}

function take(option) {
  const found = typed()
  close()
  if (!found) return
  field.setRangeText(`@${option.dataset.name} `, found.at, field.selectionStart, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
  field.focus()
}

document.addEventListener("input", (event) => {
  const { form, name } = event.target
  if (name !== "body" || !form?.matches("[data-composer][data-mentions]") || !panel() || event.isComposing) return
  field = event.target
  if (refused >= 0 && field.value[refused] !== "@") refused = -1
  follow()
})
document.addEventListener("htmx:afterSettle", (event) => {
  if (!list() || event.target !== list() || !field?.isConnected) return
  if (typed()?.words !== asked || document.activeElement !== field) return   // one has gone on: another answer comes
  const all = options()
  if (!all.length) return close()
  open()
  select(all[0])
  document.getElementById("mentions-said").textContent = gettext("%(count)s to mention. Up and down choose, Enter takes.", { count: all.length })
})
// Before the keys of the desk and of the composer, to which these mean something else.
document.addEventListener("keydown", (event) => {
  if (!isOpen() || event.target !== field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  const all = options(), at = all.indexOf(current())
  if (event.key === "ArrowDown") select(all[at + 1] ?? all[0])
  else if (event.key === "ArrowUp") select(all[at - 1] ?? all.at(-1))
  else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && current()) take(current())
  else if (event.key === "Escape") { refused = typed()?.at ?? -1; close() }
  else return
  event.preventDefault()
  event.stopPropagation()
}, true)
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("#mention-options [role=option]")
  if (!option) return
  event.preventDefault()   // the focus stays with the words
  take(option)
})
document.addEventListener("focusout", (event) => { if (event.target === field && isOpen()) close() })
document.addEventListener("change", (event) => { if (event.target.name === "kind" && isOpen()) close() })
