// What opens, closes and says what happened: drawers, definitions, toasts, copy buttons, errors of requests.
import { gettext } from "./words.js"

const drawer = (name) => document.getElementById(name)

function setDrawer(name, isOpen) {
  const pane = drawer(name)
  if (!pane) return
  pane.toggleAttribute("data-open", isOpen)
  for (const button of document.querySelectorAll(`[data-toggle="${name}"]`)) button.setAttribute("aria-expanded", String(isOpen))
  if (isOpen) pane.querySelector("a, button, input, select")?.focus()
}

function closeDrawers(except) {
  for (const pane of document.querySelectorAll("[data-open]")) {
    if (pane === except) continue
    setDrawer(pane.id, false)
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle]")
  if (button) {
    const name = button.dataset.toggle
    const wasOpen = drawer(name)?.hasAttribute("data-open")
    closeDrawers()
    setDrawer(name, !wasOpen)
    if (wasOpen) document.querySelector(`[data-toggle="${name}"][aria-controls]`)?.focus()
    return
  }
  const inside = event.target.closest("[data-open]")
  closeDrawers(inside)
  for (const info of document.querySelectorAll("details.info[open]")) if (!info.contains(event.target)) info.open = false
  if (event.target.closest("[data-toast] button")) event.target.closest("[data-toast]").remove()
  const copy = event.target.closest("[data-copy]")
  if (copy) copyText(copy)
})

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return
  for (const info of document.querySelectorAll("details.info[open]")) {
    info.open = false
    info.querySelector("summary").focus()
  }
  const open = document.querySelector("[data-open]")
  if (!open) return
  setDrawer(open.id, false)
  document.querySelector(`[data-toggle="${open.id}"][aria-controls]`)?.focus()
})

async function copyText(button) {
  const text = document.getElementById(button.dataset.copy)?.textContent.trim()
  try {
    await navigator.clipboard.writeText(text)
    toast(gettext("Copied."))
  } catch {
    toast(gettext("The browser did not allow copying. Select the text and copy it by hand."), true)
  }
}

/** Say something at the bottom of the page. An error stays until it is dismissed. */
function toast(text, isError = false) {
  const line = document.createElement("p")
  line.className = isError ? "toast error" : "toast"
  line.dataset.toast = ""
  const words = document.createElement("span")
  words.textContent = text
  line.append(words)
  document.getElementById("toasts").append(line)
  tend(line)
}

function tend(line) {
  if (line.dataset.toast === "tended") return
  line.dataset.toast = "tended"
  if (!line.classList.contains("error")) {
    setTimeout(() => line.remove(), 6000)
    return
  }
  const button = document.createElement("button")
  button.type = "button"
  button.className = "btn plain"
  button.textContent = gettext("Dismiss")
  line.append(button)
}

document.addEventListener("desk:toast", (event) => toast(event.detail.text, event.detail.isError))

const FAILURES = {
  401: gettext("You are signed out. Open a second tab, sign in there, and try again: your text is safe."),
  403: gettext("That is not allowed with your role, or this page is out of date. Reload it and try again."),
  404: gettext("That is not there any more, or not yours to see."),
  409: gettext("Someone else was faster. Reload to see what changed."),
  429: gettext("That was a lot at once. Wait a minute and try again."),
}
document.addEventListener("htmx:responseError", (event) => {
  toast(FAILURES[event.detail.xhr.status] || gettext("The server could not do that. Nothing was lost; please try again."), true)
})
document.addEventListener("htmx:sendError", () => toast(gettext("No connection. Nothing was sent; your text is still here."), true))

// After every load or swap: tend new toasts, open what the server wants open, move focus to what is wrong.
function settle() {
  for (const line of document.querySelectorAll("[data-toast='']")) tend(line)
  for (const panel of document.querySelectorAll("[popover][data-show]")) {
    panel.removeAttribute("data-show")
    panel.showPopover()
  }
  document.querySelector("[data-focus]")?.focus()
  for (const summary of document.querySelectorAll("[data-focus]")) summary.removeAttribute("data-focus")
}
document.addEventListener("htmx:afterSettle", settle)
settle()

// <input data-filter="id"> hides the labels in #id whose words do not match.
document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset?.filter)
  if (!list) return
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const item of list.querySelectorAll("label")) {
    item.hidden = !item.matches("[data-always]") && !words.every((word) => item.textContent.toLowerCase().includes(word))
  }
})
// Selects that set something at once when a script is there to send them.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit()
})
