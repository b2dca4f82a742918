// What one writes is Markdown: buttons and keys that write its signs, lists that go on by themselves, and what is pasted.
// All of it is the browser's own editing, so that its undo takes it back.
import { toMarkdown } from "./pasting.js"

const ADDRESS = /^https?:\/\/[^\s<>"']+$/
const isMine = (field) => field?.name === "body" && field.matches("[data-composer] textarea")

/** Write text over `from` to `to`, and select what is said then: nothing, after it, if nothing is said. */
export function put(field, text, from, to, first = from + text.length, last = first) {
  field.focus()
  field.setSelectionRange(from, to)
  if (text || from !== to) {
    const isDone = document.execCommand(text ? "insertText" : "delete", false, text)
    if (!isDone) {
      field.setRangeText(text, from, to, "end")
      field.dispatchEvent(new Event("input", { bubbles: true }))
    }
  }
  field.setSelectionRange(first, last)
}

/** What is selected, without the spaces at its ends: {value, from, to, words}. */
function selected({ value, selectionStart, selectionEnd }) {
  const words = value.slice(selectionStart, selectionEnd)
  const from = selectionStart + (words.trim() ? words.length - words.trimStart().length : 0)
  return { value, from, to: from + words.trim().length, words: words.trim() }
}

/** How many of a sign's letter stand before `from` and after `to`: of `**` and `*` it is the same letter. */
function around(value, from, to, letter) {
  let count = 0
  while (from - count > 0 && value[from - count - 1] === letter && value[to + count] === letter) count++
  return count
}

/** Put a sign on both sides of what is selected, or take it away. */
function toggle(field, sign) {
  const { value, from, to, words } = selected(field), size = sign.length
  const count = around(value, from, to, sign[0])
  if (words.includes("\n") && sign === "`") return fence(field)
  if (sign === "*" ? count % 2 === 1 : count >= size) return put(field, words, from - size, to + size, from - size, to - size)
  const isInside = words.length > 2 * size && words.startsWith(sign) && words.endsWith(sign) && !(sign === "*" && words.startsWith("**") && !words.startsWith("***"))
  if (isInside) return put(field, words.slice(size, -size), from, to, from, to - 2 * size)
  put(field, sign + words + sign, from, to, from + size, to + size)
}

/** The lines that are touched by the selection: {from, to, lines}. */
function touched({ value, selectionStart, selectionEnd }) {
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1, end = value.indexOf("\n", selectionEnd)
  const to = end < 0 ? value.length : end
  return { from, to, lines: value.slice(from, to).split("\n") }
}

function fence(field) {
  const { from, to, lines } = touched(field), text = `\`\`\`\n${lines.join("\n")}\n\`\`\``
  put(field, text, from, to, from + 4, from + text.length - 4)
}

const LISTED = /^(?:[-*+]|\d{1,9}[.)]) /
const MARKS = {
  list: { has: /^[-*+] /, mark: () => "- ", instead: LISTED },
  numbers: { has: /^\d{1,9}[.)] /, mark: (number) => `${number}. `, instead: LISTED },
  quote: { has: /^> ?/, mark: () => "> ", instead: /^/ },
}

/** Begin each line with a mark, or, if all have it, with none. An empty line between others stays empty. */
function markLines(field, { has, mark, instead }) {
  const { from, to, lines } = touched(field), isOne = lines.length === 1
  const isOn = lines.some((line) => has.test(line)) && lines.every((line) => has.test(line) || !line.trim())
  let number = 0
  const made = lines.map((line) => {
    if (isOn) return line.replace(has, "")
    return line.trim() || isOne ? mark(++number) + line.replace(instead, "") : line
  })
  const text = made.join("\n")
  put(field, text, from, to, isOne ? from + text.length : from, from + text.length)
}

/** What is selected becomes a link's words, or its address; then what is still missing is selected. */
function link(field, address = "") {
  const { from, to, words } = selected(field)
  if (!address && ADDRESS.test(words)) return put(field, `[](${words})`, from, to, from + 1)
  const text = `[${words}](${address || "https://"})`, at = from + words.length + 3
  if (address) put(field, text, from, to)
  else put(field, text, from, to, words ? at : from + 1, words ? at + 8 : from + 1)
}

const TOOLS = {
  bold: (field) => toggle(field, "**"),
  italic: (field) => toggle(field, "*"),
  code: (field) => toggle(field, "`"),
  list: (field) => markLines(field, MARKS.list),
  numbers: (field) => markLines(field, MARKS.numbers),
  quote: (field) => markLines(field, MARKS.quote),
  link,
}
const KEYS = { KeyB: "bold", KeyI: "italic", KeyE: "code" }
const SHIFTED = { KeyK: "link", Digit7: "numbers", Digit8: "list", Digit9: "quote" }

/** A list or a quote goes on with the next line; Enter on an empty item ends it. */
function goOn(event) {
  const field = event.target, { value, selectionStart: at, selectionEnd } = field
  if (at !== selectionEnd) return
  const begun = value.lastIndexOf("\n", at - 1) + 1
  const found = value.slice(begun, at).match(/^(\s{0,12})([-*+]|\d{1,9}[.)]|>)( {1,4})(.*)$/)
  if (!found) return
  const [, indent, mark, space, words] = found, isEnd = at === value.length || value[at] === "\n"
  event.preventDefault()
  if (!words.trim() && isEnd) return put(field, "", begun, at)
  const next = /^\d/.test(mark) ? `${parseInt(mark, 10) + 1}${mark.at(-1)}` : mark
  put(field, `\n${indent}${next}${space}`, at, at)
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-format]")
  if (button) TOOLS[button.dataset.format](button.form.elements.body)
})
document.addEventListener("mousedown", (event) => { if (event.target.closest?.("[data-format]")) event.preventDefault() })   // the selection stays
document.addEventListener("keydown", (event) => {
  const field = event.target
  if (!isMine(field) || event.isComposing || event.defaultPrevented || event.altKey) return
  if (event.ctrlKey || event.metaKey) {
    const tool = (event.shiftKey ? SHIFTED : KEYS)[event.code]
    if (!tool) return
    event.preventDefault()
    TOOLS[tool](field)
  } else if (event.key === "Enter" && !event.shiftKey && !field.hasAttribute("aria-activedescendant")) goOn(event)
})
document.addEventListener("paste", (event) => {
  const field = event.target, data = event.clipboardData
  if (!isMine(field) || !data || data.files.length) return
  const plain = data.getData("text/plain").trim()
  const isOver = field.selectionStart !== field.selectionEnd && ADDRESS.test(plain) && !ADDRESS.test(selected(field).words)
  const words = isOver ? "" : toMarkdown(data.getData("text/html"))
  if (!isOver && !words) return
  event.preventDefault()
  if (isOver) link(field, plain)
  else put(field, words, field.selectionStart, field.selectionEnd)
})
