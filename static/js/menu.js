// The menu of the open ticket. What closes the ticket: from its first moment this page says no more that the ticket is
// being read, or what is made unread would be read again at once. If it fails, the ticket is as open as before.

const conversation = () => document.getElementById("conversation")
let closing = ""   // the ref of the ticket that is about to be closed
const closes = (event) => event.detail.elt?.matches?.("[data-closes]")

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!closes(event)) return
  closing = conversation().dataset.ref
  delete conversation().dataset.ref
  htmx.trigger("#timeline", "htmx:abort")   // a look that is under way would count as reading, too
})
document.addEventListener("htmx:afterRequest", (event) => {
  if (!closes(event)) return
  if (event.detail.successful) document.querySelector(`#rows [data-ref="${CSS.escape(closing)}"]`)?.classList.add("unread")
  else conversation().dataset.ref = closing
})

// A link to a page of its own that a script shows in a panel instead: without one it is simply followed.
document.addEventListener("htmx:afterSwap", (event) => {
  const opens = event.detail.requestConfig?.elt?.dataset?.opens
  const panel = opens && document.getElementById(opens)
  if (panel && !panel.matches(":popover-open")) panel.showPopover()
})

// What opens a panel of its own has no more use for the menu.
document.addEventListener("click", (event) => {
  const menu = event.target.closest("[popovertarget]")?.closest("details.menu")
  if (menu) menu.open = false
})
