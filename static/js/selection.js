// Selected rows. The selection belongs to the page and goes by reference, so a list that is drawn anew keeps it.
import { gettext } from "./words.js"

const MOST = 200
const picked = new Map()   // ref -> number
let anchor = ""            // the row from which a range goes

const boxes = () => [...document.querySelectorAll("#rows [data-pick]")]
const boxOf = (ref) => boxes().find((box) => box.dataset.pick === ref)
const bulk = () => document.getElementById("bulk")
const panel = () => document.getElementById("bulk-panel")
const toast = (text) => document.dispatchEvent(new CustomEvent("desk:toast", { detail: { text } }))

function set(box, isOn) {
  if (!isOn) return picked.delete(box.dataset.pick)
  if (picked.size >= MOST && !picked.has(box.dataset.pick)) return toast(gettext("%(count)s tickets at once are the most.", { count: MOST }))
  picked.set(box.dataset.pick, box.value)
}

function pick(box, isOn) {
  set(box, isOn)
  anchor = box.dataset.pick
  show()
}

/** Everything between the last row that was picked and this one. */
function pickRange(box) {
  const all = boxes(), from = all.indexOf(boxOf(anchor)), to = all.indexOf(box)
  if (from < 0) return pick(box, true)
  for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) set(one, true)
  show()
}

function clear() {
  picked.clear()
  anchor = ""
  show()
}

/** Draw the selection into rows and bar, whoever has drawn them last. */
function show() {
  const bar = bulk()
  if (!bar) return
  const shown = new Set()
  for (const box of boxes()) {
    box.checked = picked.has(box.dataset.pick)
    box.closest(".item").toggleAttribute("data-picked", box.checked)
    shown.add(box.dataset.pick)
  }
  const elsewhere = [...picked].filter(([ref]) => !shown.has(ref))
  const isActive = picked.size > 0
  document.getElementById("list").toggleAttribute("data-selecting", isActive)
  bar.toggleAttribute("data-active", isActive)
  const words = isActive ? counted(picked.size, elsewhere.length) : ""
  const count = bar.querySelector("[data-bulk-count]")
  if (count.textContent !== words) count.textContent = words
  // Those that have left this list are meant all the same.
  bar.querySelector("[data-bulk-elsewhere]").replaceChildren(...elsewhere.map(([, number]) => hidden(number)))
}

const counted = (count, elsewhere) => elsewhere
  ? gettext("%(count)s selected, %(elsewhere)s not in sight", { count, elsewhere })
  : gettext("%(count)s selected", { count })

function hidden(number) {
  const input = document.createElement("input")
  Object.assign(input, { type: "hidden", name: "number", value: number })
  return input
}

/** The row that the keys are on: the focused one, the open one, or the one under the pointer. */
function cursor() {
  const row = document.activeElement?.closest?.("#rows .item") ?? document.querySelector("#rows .item:has([aria-current])")
  return (row ?? document.querySelector("#rows .item:hover"))?.querySelector("[data-pick]")
}

document.addEventListener("desk:pick", (event) => {
  const box = cursor()
  if (!box) return
  if (event.detail.isRange) pickRange(box)
  else pick(box, !picked.has(box.dataset.pick))
})
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-pick]")
  // The browser has ticked it by now; only the range is ours.
  if (box && event.shiftKey && anchor) pickRange(box)
  else if (box) pick(box, box.checked)
  else if (event.target.closest?.("[data-pick-all]")) { for (const one of boxes()) set(one, true); show() }
  else if (event.target.closest?.("[data-pick-none]")) clear()
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !picked.size || event.defaultPrevented) return
  if (document.querySelector("[popover]:popover-open, dialog[open], [data-open]") || event.target.matches?.("input:not([type=checkbox]), textarea, select")) return
  clear()
})

// The panel's form is the server's; it comes when it is asked for.
document.addEventListener("htmx:afterSettle", (event) => {
  show()
  if (event.target.id === "bulk-panel") panel().querySelector("[autofocus], select, textarea, input")?.focus()
})
document.addEventListener("htmx:oobAfterSwap", show)
document.addEventListener("htmx:afterSwap", show)

// What became of it. What was done is not selected any more; what could not be done still is.
document.addEventListener("desk:bulk", (event) => {
  const { numbers, text, isError } = event.detail
  const done = new Set(numbers.map(String))
  for (const [ref, number] of picked) if (done.has(number)) picked.delete(ref)
  show()
  const line = panel()?.querySelector("[data-bulk-error]")
  if (line) line.textContent = isError && !done.size ? text : ""
  if (!done.size) return
  panel()?.hidePopover()
  document.dispatchEvent(new CustomEvent("desk:reload"))
})
show()

// A reply to many tells how far it has come.
setInterval(() => {
  if (!document.hidden && document.querySelector("#bulk-progress [data-under-way]")) htmx.trigger("#bulk-progress", "desk:progress")
}, 1500)
