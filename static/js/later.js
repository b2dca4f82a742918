// Replies that have not left yet: how long one can be undone, and what the buttons below it do.
import { postForm } from "./posting.js"
import { gettext } from "./words.js"

const strip = () => document.getElementById("later")
const ref = () => document.querySelector("#conversation[data-ref]")?.dataset.ref
const toast = (text) => document.dispatchEvent(new CustomEvent("desk:toast", { detail: { text, isError: true } }))
const TICK = 250
let ticking = 0

/** The timeline brings the strip with it. */
function refresh() {
  const timeline = document.getElementById("timeline")
  if (timeline) htmx.trigger(timeline, "desk:refresh")
}

function tick() {
  const lines = [...strip()?.querySelectorAll("[data-left]") ?? []]
  for (const line of lines) {
    // Counted from when it came: clocks differ.
    line.until ??= performance.now() + Number(line.dataset.left) * 1000
    const seconds = Math.ceil((line.until - performance.now()) / 1000)
    const words = seconds > 0 ? gettext("Sending in %(seconds)s s", { seconds }) : gettext("Sending")
    if (line.textContent !== words) line.textContent = words
  }
  if (!lines.length) { clearInterval(ticking); ticking = 0 }
}

function watch() {
  if (ticking || !strip()?.querySelector("[data-left]")) return
  ticking = setInterval(tick, TICK)
  tick()
}

document.addEventListener("submit", async (event) => {
  const form = event.target
  if (!form.matches("[data-later]")) return
  event.preventDefault()
  if (form.isBusy) return
  form.isBusy = true
  let answer = null
  try {
    const response = await postForm(new URL(form.action).pathname, new URLSearchParams(new FormData(form, event.submitter)))
    answer = await response.json()
    if (!response.ok) toast(answer.error?.detail ?? gettext("That did not work. Reload the page and try again."))
  } catch {
    toast(gettext("No connection. Nothing has changed; try again."))
  }
  form.isBusy = false
  if (answer?.draft) document.dispatchEvent(new CustomEvent("desk:rewrite", { detail: { ref: ref(), ...answer.draft } }))
  if (answer) refresh()
})

// Right after sending, the empty field has the focus: there, undo means this.
document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return
  if (!event.target.matches?.("[data-composer] textarea") || event.target.value) return
  const button = [...strip()?.querySelectorAll("[data-undo]") ?? []].at(-1)
  if (!button) return
  event.preventDefault()
  button.click()
})

document.addEventListener("desk:outgoing", ({ detail: { item, what } }) => {
  if (what === "scheduled" && item.ref === ref()) refresh()
})
document.addEventListener("htmx:afterSettle", watch)
watch()
