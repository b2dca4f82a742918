// What macros do besides their words: chips in the composer, each of which can be left out. Their hidden fields go
// along with the message (composer.js takes them), or are sent at once by "Apply now". Kept with the draft's id, so
// that they come back after a reload, and never with another message.
import { me } from "./posting.js"
import { gettext } from "./words.js"

const keyOf = (form) => `makegood.steps.${me}.${form.dataset.ref}`
const composer = () => document.querySelector("[data-composer]")
const place = (form) => form.querySelector("[data-along]")
const fields = (form) => [...place(form).querySelectorAll("input[type=hidden]")]
const kindOf = (value) => value.split(":", 1)[0]
const plain = ({ name, value, dataset }) => ({ name, value, ...dataset })

/** Add what one macro brings: its id, so that it is counted, and its steps [{value, words, again}]. */
export function addSteps(form, macro, steps) {
  for (const step of steps) {
    // Two macros cannot both say whose it is: the later one is meant.
    const same = fields(form).filter((field) => field.name === "step" && (step.again ? field.value === step.value : kindOf(field.value) === kindOf(step.value)))
    for (const field of same) field.closest("li").remove()
    put(form, { name: "step", ...step })
  }
  if (!fields(form).some((field) => field.name === "macro" && field.value === macro)) put(form, { name: "macro", value: macro })
  changed(form)
}

function put(form, { name, value, ...data }) {
  const field = document.createElement("input")
  field.type = "hidden"
  field.name = name
  field.value = value
  Object.assign(field.dataset, data)
  if (name === "step") place(form).querySelector("ul").append(chip(field))
  else place(form).append(field)
}

function chip(field) {
  const item = document.createElement("li"), words = document.createElement("span"), remove = document.createElement("button")
  item.className = "tag"
  words.textContent = field.dataset.words
  remove.type = "button"
  remove.textContent = "×"
  remove.dataset.leaveOut = ""
  remove.setAttribute("aria-label", gettext("Leave out: %(words)s", { words: field.dataset.words }))
  item.append(words, remove, field)
  return item
}

function changed(form) {
  place(form).hidden = !fields(form).some((field) => field.name === "step")
  const kept = fields(form).map(plain)
  try {
    if (kept.length) localStorage.setItem(keyOf(form), JSON.stringify({ id: form.elements.client_id.value, kept }))
    else localStorage.removeItem(keyOf(form))
  } catch { /* this browser keeps nothing */ }
}

function show(form, kept) {
  for (const item of place(form).querySelectorAll("li, :scope > input")) item.remove()
  for (const field of kept) put(form, field)
}

function restore() {
  const form = composer()
  if (!form || !place(form) || fields(form).length) return
  let stored = null
  try { stored = JSON.parse(localStorage.getItem(keyOf(form))) } catch { /* nothing to bring back */ }
  if (!stored?.kept || stored.id !== form.elements.client_id.value) return
  show(form, stored.kept)
  changed(form)
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-leave-out]")
  if (!button) return
  const form = button.form
  button.closest("li").remove()
  changed(form)
  form.elements.body.focus()
})
document.addEventListener("desk:emptied", ({ target: form }) => {
  show(form, [])
  changed(form)
})
// Refused words come back with what went along with them.
document.addEventListener("desk:rewrite", ({ detail }) => {
  const form = composer()
  if (form?.dataset.ref !== detail.ref || !detail.along?.length) return
  show(form, detail.along)
  changed(form)
})
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail
  const form = requestConfig?.elt?.matches?.("[data-apply]") && xhr.status < 300 && requestConfig.elt.form
  if (!form) return
  show(form, [])
  changed(form)
})
document.addEventListener("htmx:afterSettle", restore)
restore()
