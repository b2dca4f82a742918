// A note is changed where it stands. While it is, news of the ticket leave its entry alone.

const editing = (node) => node.querySelector?.(":scope [data-edit-note]")

// What comes live is morphed in; an entry that is being changed keeps what is typed.
if (window.Idiomorph) {
  const before = Idiomorph.defaults.callbacks.beforeNodeMorphed
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node, other) => (node.matches?.("li.message") && editing(node) ? false : before(node, other))
}

function close(form) {
  const entry = form.closest("li.message")
  if (!entry) return false
  form.remove()
  entry.tabIndex = -1
  entry.focus()
  htmx.trigger("#timeline", "desk:refresh")
  return true
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-edit-note]")
  if (!form) return
  if (event.key === "Escape") {
    event.stopPropagation()
    if (!close(form)) form.querySelector("[data-cancel]").click()
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    form.requestSubmit()
  }
}, true)
document.addEventListener("click", (event) => {
  const menu = event.target.closest("[data-edits]")?.closest("details")
  if (menu) menu.open = false
  const cancel = event.target.closest("[data-edit-note] [data-cancel]")
  if (cancel && close(cancel.closest("[data-edit-note]"))) event.preventDefault()
})
