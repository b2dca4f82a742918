// Other ways of sending what stands in the composer: at a chosen time, or together with solving (Ctrl+Shift+Enter).
import { leave } from "./keys.js"
import { gettext } from "./words.js"

const composer = () => document.querySelector("[data-composer]")
const PAUSE = 200   // ms without a key before the desk is asked what the words mean
let timer = 0, asked = ""

function send(extras, panel) {
  panel.hidePopover()
  document.dispatchEvent(new CustomEvent("desk:post", { detail: extras }))
}

/** Nothing to send: back to the words. */
function isEmpty() {
  const form = composer()
  return !form.elements.body.value.trim() && !form.querySelector("[data-files] input")
}

/** The moment that words mean, as ISO 8601; empty if they mean none. What cannot be asked is left to the server. */
async function meant(form, words) {
  asked = words
  const line = form.querySelector("[role=status]")
  try {
    const response = await fetch(`${form.dataset.sendLater}?${new URLSearchParams({ words })}`)
    if (!response.ok) return ""
    const said = new DOMParser().parseFromString(await response.text(), "text/html").body
    if (words !== asked) return ""
    const time = said.querySelector("time")
    line.textContent = !words ? "" : time ? time.textContent : gettext("No time that I know. Try “tomorrow 9”, “friday 14:30” or “in 2 hours”.")
    return time?.dateTime ?? ""
  } catch {
    return words
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-send-later]")
  if (!form) return
  clearTimeout(timer)
  timer = setTimeout(() => meant(form, event.target.value.trim()), PAUSE)
})

document.addEventListener("submit", async (event) => {
  const form = event.target
  if (form.matches("[data-send-solve]")) {
    event.preventDefault()
    send({ do: "solve", resolve: new FormData(form).get("resolve") }, form.closest("[popover]"))
    return leave(composer().elements.body)   // this one is done
  }
  if (!form.matches("[data-send-later]")) return
  event.preventDefault()
  const choice = event.submitter?.matches(".choice") ? event.submitter.value : ""
  // A page that has lain open offers moments that have passed.
  if (choice && new Date(choice) < Date.now()) return meant(form, choice)
  const words = form.elements.until.value.trim()
  const until = choice || (words && await meant(form, words))
  if (!until) return form.elements.until.focus()
  form.reset()
  form.querySelector("[role=status]").textContent = ""
  send({ until, written: Date.now() }, form.closest("[popover]"))
})

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-composer]")
  if (!form || event.key !== "Enter" || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  const panel = document.getElementById("send-solve"), isReply = form.querySelector("input[name=kind]:checked").value === "reply"
  if (panel && isReply && !isEmpty()) panel.showPopover()
})

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ways] button")
  if (!button) return
  button.closest("details").open = false
  if (isEmpty()) return composer().elements.body.focus()
  document.getElementById(button.dataset.opens)?.showPopover()
})
