// Making good beside the open ticket: fetched again when something happened there, but never while somebody works in it.
// The form suggests what was lost, until somebody says it.
import { reveal } from "./keys.js"

const place = () => document.querySelector("[data-recovery]")
let due = 0

const isBusy = (panel) => panel.contains(document.activeElement) || panel.querySelector("[popover]:popover-open, [data-busy]")

function look() {
  clearTimeout(due)
  const panel = place()
  if (!panel || document.hidden) return
  if (isBusy(panel)) { due = setTimeout(look, 5000); return }
  htmx.trigger(panel, "desk:recovery")
}

document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (frame.type !== "event" || frame.ref !== place()?.dataset.ref) return
  clearTimeout(due)
  due = setTimeout(look, 1000)   // what one action writes comes together
})

// What was open stays open, when the panel comes again.
let open = []
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, detail } = event
  if (!target.matches?.("[data-recovery]")) return
  // Somebody began to work in it while it was on the way.
  if (detail.requestConfig.triggeringEvent?.type === "desk:recovery" && isBusy(target)) {
    detail.shouldSwap = false
    due = setTimeout(look, 5000)
    return
  }
  open = [...target.querySelectorAll("details[open]:not(.dismiss) > summary")].map((summary) => summary.textContent.trim())
})
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const panel = target.closest?.("[data-recovery]")
  if (!panel) return
  for (const summary of panel.querySelectorAll("details:not(.dismiss) > summary")) {
    if (open.includes(summary.textContent.trim())) summary.parentElement.open = true
  }
})

/** The loss goes by price and severity, as the server has it, until somebody writes it. */
function suggest(form) {
  const loss = form.elements.loss
  if (loss.value && !("suggested" in loss.dataset)) return
  const value = Number(form.elements.value.value.replace(/\s/g, "").replace(",", "."))
  const share = form.dataset.lossPercent.split(",")[Number(form.elements.severity.value) - 1]
  if (!value || !share) return
  const comma = form.elements.value.value.includes(",")
  loss.value = (Math.round(value * Number(share)) / 100).toString().replace(".", comma ? "," : ".")
  loss.dataset.suggested = ""
}

document.addEventListener("input", ({ target }) => {
  const form = target.form
  if (!form?.matches("[data-failure]")) return
  if (target.name === "loss") delete target.dataset.suggested
  else if (target.name === "value" || target.name === "severity") suggest(form)
})

// On a phone the pane lies over the conversation that the evidence is in.
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-evidence]")) document.querySelector("#side[data-open] .close")?.click()
})

// "Mark hassle" in the menu of a message: the panel beside it, open at that message. Without a panel the link is followed.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-marks]"), panel = place()
  if (!link || !panel || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  link.closest("details").open = false
  reveal(panel)
  const address = new URL(link.href)
  await htmx.ajax("GET", address.pathname + address.search, { target: panel, swap: "innerHTML", select: "unset" })
  panel.querySelector(address.hash)?.scrollIntoView({ block: "center" })
  panel.querySelector(`${address.hash} button`)?.focus()
})
