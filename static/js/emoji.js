// A small picker of emoji beside the composer; what is chosen goes where the cursor is. Made at its first opening.
import { gettext } from "./words.js"

const NAMES = { faces: gettext("Faces"), hands: gettext("Hands"), hearts: gettext("Joy"), things: gettext("Things"), signs: gettext("Signs") }
const GAP = 8   // px to its button and to the edge of the window
const panel = () => document.getElementById("emoji")
const buttons = () => [...panel().querySelectorAll("button")]
let field = null   // where it goes

async function fill() {
  const { groups } = await import("../widget/emoji-list.js")
  panel().replaceChildren(...groups.map(({ id, emoji }) => {
    const group = document.createElement("div"), title = document.createElement("h3")
    title.id = `emoji-${id}`
    title.textContent = NAMES[id] ?? id
    group.setAttribute("role", "group")
    group.setAttribute("aria-labelledby", title.id)
    group.append(title, ...emoji.map(make))
    return group
  }))
  buttons()[0].tabIndex = 0
}

function make(emoji) {
  const button = document.createElement("button")
  button.type = "button"
  button.tabIndex = -1   // one stop for Tab, arrows inside
  button.textContent = emoji
  return button
}

function place(opener) {
  const at = opener.getBoundingClientRect(), { style, offsetWidth, offsetHeight } = panel()
  const left = document.dir === "rtl" ? at.right - offsetWidth : at.left
  style.left = `${Math.max(GAP, Math.min(left, innerWidth - offsetWidth - GAP))}px`
  style.top = `${Math.max(GAP, at.top - offsetHeight - GAP)}px`
}

async function open(opener) {
  field = opener.closest("form").elements.body
  if (!panel().firstChild) await fill()
  panel().showPopover()
  place(opener)
  buttons().find((button) => button.tabIndex === 0).focus()
}

function insert(emoji) {
  panel().hidePopover()
  if (!field?.isConnected) return
  field.setRangeText(emoji, field.selectionStart, field.selectionEnd, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
  field.focus()
}

/** The emoji beside, above or below this one as one sees it: lines wrap, groups have titles. */
function beside(button, key) {
  const all = buttons(), at = all.indexOf(button), forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight"
  if (key === "Home") return all[0]
  if (key === "End") return all.at(-1)
  if (key === "ArrowRight" || key === "ArrowLeft") return all[at + (key === forward ? 1 : -1)]
  const here = button.getBoundingClientRect(), isDown = key === "ArrowDown"
  const rest = isDown ? all.slice(at + 1) : all.slice(0, at).reverse()
  const next = rest.map((other) => ({ other, box: other.getBoundingClientRect() })).filter(({ box }) => Math.abs(box.top - here.top) > 4)
  const line = next.filter(({ box }) => Math.abs(box.top - next[0].box.top) < 4)
  return line.sort((a, b) => Math.abs(a.box.left - here.left) - Math.abs(b.box.left - here.left))[0]?.other
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-emoji]")
  if (opener) return panel().matches(":popover-open") ? panel().hidePopover() : open(opener)
  const choice = event.target.closest("#emoji button")
  if (choice) insert(choice.textContent)
})
document.addEventListener("keydown", (event) => {
  const button = event.target.closest?.("#emoji button")
  if (!button || !/^(Arrow|Home$|End$)/.test(event.key)) return
  event.preventDefault()
  const next = beside(button, event.key)
  if (!next) return
  button.tabIndex = -1
  next.tabIndex = 0
  next.focus()
})
// Closed without a choice: back to the words.
document.addEventListener("toggle", (event) => {
  if (event.target.id === "emoji" && event.newState === "closed" && document.activeElement === document.body) field?.focus()
}, true)
