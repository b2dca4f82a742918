// Choosing an article: a list that one searches, with what may answer the customer first. What is chosen becomes a link
// where the cursor is.
import { put } from "./formatting.js"

const GAP = 8         // px to the composer and to the edge of the window
const PHONE = 820     // px; narrower, the style sheet says where it is
const PAUSE = 120     // ms without a key before the desk is asked
const panel = () => document.getElementById("articles")
const search = () => panel().querySelector("input")
const list = () => document.getElementById("article-options")
const options = () => [...list().querySelectorAll("[role=option]:not([aria-disabled])")]
const current = () => list().querySelector("[aria-selected=true]")
const isOpen = () => panel()?.matches(":popover-open")
let form = null                   // the composer that it is for
let asked = "", listed = null     // the words that the desk was asked for, and those of the list as it is
let isMeant = false               // Enter was pressed before the list was here
let timer = 0

function open(composer) {
  form = composer
  isMeant = false
  listed = null
  search().value = ""
  list().replaceChildren()
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
  htmx.ajax("GET", `${form.dataset.articles}?${new URLSearchParams({ q: asked })}`, { source: list(), target: list(), swap: "innerHTML" })
}

function select(option) {
  current()?.setAttribute("aria-selected", "false")
  if (!option) return search().removeAttribute("aria-activedescendant")
  option.setAttribute("aria-selected", "true")
  option.scrollIntoView({ block: "nearest" })
  search().setAttribute("aria-activedescendant", option.id)
}

function choose() {
  isMeant = true
  if (listed === search().value && current()) take(current())
}

/** Not glued to what stands before it. */
function take({ dataset: { words } }) {
  const field = form.elements.body, { value, selectionStart: from, selectionEnd: to } = field
  panel().hidePopover()
  put(field, (/\S$/.test(value.slice(0, from)) ? " " : "") + words, from, to)
}

function step(key) {
  const all = options(), at = all.indexOf(current())
  const next = { ArrowDown: all[at + 1] ?? all[0], ArrowUp: all[at - 1] ?? all.at(-1) }[key]
  if (next) select(next)
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-choose-article]")
  if (opener) return isOpen() ? panel().hidePopover() : open(opener.form)
  const option = event.target.closest?.("#article-options [role=option]:not([aria-disabled])")
  if (option) take(option)
})
document.addEventListener("mouseover", (event) => {
  const option = event.target.closest?.("#article-options [role=option]:not([aria-disabled])")
  if (option && option !== current() && (event.movementX || event.movementY)) select(option)
})
document.addEventListener("input", (event) => {
  if (!isOpen() || event.target !== search()) return
  isMeant = false
  clearTimeout(timer)
  timer = setTimeout(find, PAUSE)
})
// Before the keys of the desk, to which Escape in a field means something else.
document.addEventListener("keydown", (event) => {
  if (!isOpen() || event.target !== search() || event.isComposing) return
  const { key } = event
  if (!["ArrowDown", "ArrowUp", "Enter", "Escape"].includes(key)) return
  event.preventDefault()
  event.stopPropagation()
  if (key === "Enter") return choose()
  if (key !== "Escape") return step(key)
  panel().hidePopover()
  form.elements.body.focus()
}, true)
document.addEventListener("htmx:afterSettle", (event) => {
  if (!isOpen() || event.target !== list()) return
  putInPlace()
  listed = asked
  isMeant &&= options().length > 0
  select(options()[0])
  if (isMeant && listed === search().value) take(current())
})
