// A form that closes the open ticket: from its first moment this page says no more that the ticket is being read, or
// what is made unread would be read again at once. If it fails, the ticket is as open as before.

const conversation = () => document.getElementById("conversation")
const closes = (event) => event.detail.elt?.matches?.("[data-closes]")

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!closes(event)) return
  conversation().dataset.closing = conversation().dataset.ref
  delete conversation().dataset.ref
  htmx.trigger("#timeline", "htmx:abort")   // a look that is under way would count as reading, too
})
document.addEventListener("htmx:afterRequest", (event) => {
  if (!closes(event) || event.detail.successful || !conversation().dataset.closing) return
  conversation().dataset.ref = conversation().dataset.closing
})
