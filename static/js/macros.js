// Choosing a macro: a list that one searches, with what it would say on this very ticket beside it. Opened by its
// button, by the key `m`, or by `#` at the start of a word; then what was typed is given back if nothing is chosen.
import { addSteps } from "./macro-chips.js"

const GAP = 8         // px to the composer and to the edge of the window
const PHONE = 820     // px; narrower, the style sheet says where it is
const PAUSE = 120     // ms without a key before the desk is asked
const panel = () => document.getElementById("macros")
const search = () => panel()?.querySelector("input")
const list = () => document.getElementById("macro-options")
const preview = () => document.getElementById("macro-preview")
const options = () => [...list().querySelectorAll("[role=option]:not([aria-disabled])")]
const current = () => list().querySelector("[aria-selected=true]")
const isOpen = () => panel()?.matches(":popover-open")
let form = null       // the composer that it is for
let hash = -1         // where the `#` stands that opened it
let isMeant = false   // Enter was pressed before the list, or the words, were here
let asked = null, listed = null   // the words that the desk was asked for, and those of the list as it is
let timer = 0

function open(composer, at) {
  form = composer
  hash = at
  isMeant = false
  listed = null
  search().value = ""
  list().replaceChildren()
  preview().replaceChildren()
  panel().showPopover()
  putInPlace()
  search().focus()
  find()
}

function putInPlace() {
  const { style, offsetWidth, offsetHeight } = panel()
  style.left = style.top = ""
  if (innerWidth <= PHONE) return
  const box = form.getBoundingClientRect()
  style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - offsetWidth - GAP))}px`
  style.top = `${Math.max(GAP, box.top - offsetHeight - GAP)}px`
}

function find() {
  asked = search().value
  htmx.ajax("GET", `${form.dataset.macros}?${new URLSearchParams({ q: asked })}`, { source: list(), target: list(), swap: "innerHTML" })
}

function select(option) {
  current()?.setAttribute("aria-selected", "false")
  if (!option) {
    search().removeAttribute("aria-activedescendant")
    preview().replaceChildren()
    return
  }
  option.setAttribute("aria-selected", "true")
  option.scrollIntoView({ block: "nearest" })
  search().setAttribute("aria-activedescendant", option.id)
  htmx.ajax("GET", option.dataset.url, { source: preview(), target: preview(), swap: "innerHTML" })
}

const shown = () => {
  const macro = preview().querySelector("[data-macro]")
  return macro && current()?.id === `macro-${macro.dataset.macro}` ? macro : null
}

function choose() {
  isMeant = true
  if (listed === search().value && shown()) take(shown())
}

function take(macro) {
  isMeant = false
  const words = macro.querySelector("[data-words-of-macro]")?.textContent ?? ""
  const steps = [...macro.querySelectorAll("[data-step]")].map(({ dataset, textContent }) => ({ value: dataset.step, again: dataset.again ?? "", words: textContent }))
  // Words for the team must not go to the customer because the composer happened to stand on "Reply".
  if (words && macro.dataset.kind === "note") become("note")
  insert(words)
  addSteps(form, macro.dataset.macro, steps)
  close()
}

/** In place of the `#`, or where the cursor is; then not glued to what stands before it. */
function insert(words) {
  const { value, selectionStart, selectionEnd } = form.elements.body
  if (hash >= 0) return write(words, hash, hash + 1)
  const isGlued = words && /\S$/.test(value.slice(0, selectionStart))
  write(isGlued ? (words.includes("\n") ? "\n\n" : " ") + words : words, selectionStart, selectionEnd)
}

function become(kind) {
  const choice = form.querySelector(`input[name=kind][value=${kind}]`)
  if (choice.checked) return
  choice.checked = true
  choice.dispatchEvent(new Event("change", { bubbles: true }))
}

function write(words, from, to) {
  const field = form.elements.body
  field.setRangeText(words, from, to, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
}

function close() {
  hash = -1
  panel().hidePopover()
  form.elements.body.focus()
}

/** It was not meant as a macro: what was typed goes where it was meant to go. */
function giveBack() {
  if (hash >= 0 && form?.isConnected) write(search().value, hash + 1, hash + 1)
  hash = -1
}

function step(key) {
  const all = options(), at = all.indexOf(current())
  const next = { ArrowDown: all[at + 1] ?? all[0], ArrowUp: all[at - 1] ?? all.at(-1) }[key]
  if (next) select(next)
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-choose-macro]")
  if (opener) return isOpen() ? close() : open(opener.form, -1)
  const option = event.target.closest("#macro-options [role=option]:not([aria-disabled])")
  if (!option) return
  clearTimeout(timer)
  htmx.trigger(list(), "htmx:abort")   // what one has pressed is meant, not what may come after it
  listed = search().value
  select(option)
  choose()
})
document.addEventListener("mouseover", (event) => {
  const option = event.target.closest?.("#macro-options [role=option]:not([aria-disabled])")
  if (option && option !== current() && (event.movementX || event.movementY)) select(option)
})
document.addEventListener("input", (event) => {
  if (event.target === search()) {
    const { value } = event.target
    const isNone = value.endsWith(" ") && list().querySelector("[aria-disabled]")
    if (hash >= 0 && (/^[\s#]/.test(value) || isNone)) { giveBack(); return close() }
    isMeant = false
    clearTimeout(timer)
    timer = setTimeout(find, PAUSE)
    return
  }
  const field = event.target
  if (event.data !== "#" || field.name !== "body" || !field.form?.matches("[data-composer]")) return
  const at = field.selectionStart - 1
  if (at === 0 || /\s/.test(field.value[at - 1])) open(field.form, at)
})
// Before the keys of the desk, to which Escape in a field means something else.
document.addEventListener("keydown", (event) => {
  if (!isOpen() || !panel().contains(event.target) || event.isComposing) return
  const { key } = event, isArrow = key === "ArrowDown" || key === "ArrowUp"
  if (!isArrow && key !== "Enter" && key !== "Escape") return
  if (isArrow && event.target !== search()) return   // the words beside it scroll
  event.preventDefault()
  event.stopPropagation()
  if (isArrow) step(key)
  else if (key === "Enter") choose()
  else { giveBack(); close() }
}, true)
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target === list()) {
    listed = asked
    isMeant &&= options().length > 0
    select(options()[0])
  }
  if (event.target === preview() && isMeant && shown()) take(shown())
})
// Closed by a press beside it.
document.addEventListener("toggle", (event) => {
  if (event.target.id === "macros" && event.newState === "closed") giveBack()
}, true)
