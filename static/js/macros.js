// Choosing a macro, with what it would say on this very ticket beside it. Opened by its button, by the key `m`, or by
// `#` at the start of a word; then what was typed is given back if nothing is chosen.
import { chooser } from "./chooser.js"
import { addSteps } from "./macro-chips.js"

const preview = () => document.getElementById("macro-preview")
let hash = -1   // where the `#` stands that opened it

const macros = chooser({
  name: "macros",
  list: "macro-options",
  address: (form) => form.dataset.macros,
  chosen: shown,
  take,
  selected(option) {
    if (option) htmx.ajax("GET", option.dataset.url, { source: preview(), target: preview(), swap: "innerHTML" })
    else preview().replaceChildren()
  },
  typed(value) {
    const isNone = value.endsWith(" ") && macros.list().querySelector("[aria-disabled]")
    if (hash < 0 || !(/^[\s#]/.test(value) || isNone)) return false
    giveBack()
    macros.close()
    return true
  },
  left: giveBack,
})

/** The words of the macro that is selected, once they are here. */
function shown() {
  const macro = preview().querySelector("[data-macro]")
  return macro && macros.current()?.id === `macro-${macro.dataset.macro}` ? macro : null
}

function take(macro, form) {
  const words = macro.querySelector("[data-words-of-macro]")?.textContent ?? ""
  const steps = [...macro.querySelectorAll("[data-step]")].map(({ dataset, textContent }) => ({ value: dataset.step, again: dataset.again ?? "", words: textContent }))
  // Words for the team must not go to the customer because the composer happened to stand on "Reply".
  if (words && macro.dataset.kind === "note") become(form, "note")
  insert(form.elements.body, words)
  addSteps(form, macro.dataset.macro, steps)
  hash = -1
  macros.close()
}

/** In place of the `#`, or where the cursor is; then not glued to what stands before it. */
function insert(field, words) {
  const { value, selectionStart, selectionEnd } = field
  if (hash >= 0) return write(field, words, hash, hash + 1)
  const isGlued = words && /\S$/.test(value.slice(0, selectionStart))
  write(field, isGlued ? (words.includes("\n") ? "\n\n" : " ") + words : words, selectionStart, selectionEnd)
}

function become(form, kind) {
  const choice = form.querySelector(`input[name=kind][value=${kind}]`)
  if (choice.checked) return
  choice.checked = true
  choice.dispatchEvent(new Event("change", { bubbles: true }))
}

function write(field, words, from, to) {
  field.setRangeText(words, from, to, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
}

/** It was not meant as a macro: what was typed goes where it was meant to go. */
function giveBack() {
  const form = macros.form()
  if (hash >= 0 && form?.isConnected) write(form.elements.body, macros.search().value, hash + 1, hash + 1)
  hash = -1
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-choose-macro]")
  if (!opener) return
  hash = -1
  macros.isOpen() ? macros.close() : macros.open(opener.form)
})
document.addEventListener("input", (event) => {
  const field = event.target
  if (event.data !== "#" || field.name !== "body" || !field.form?.matches("[data-composer]")) return
  const at = field.selectionStart - 1
  if (at > 0 && !/\s/.test(field.value[at - 1])) return
  hash = at
  macros.open(field.form)
})
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target === preview()) macros.settled()
})
// Closed by a press beside it.
document.addEventListener("toggle", (event) => {
  if (event.target.id === "macros" && event.newState === "closed") giveBack()
}, true)
