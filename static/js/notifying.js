// Notifications as they come: the bell in the rail and the open centre fetch themselves again, a note that was pressed
// opens its ticket, and whoever signs out is no longer reached in this browser.
import { postForm } from "./posting.js"

const LOOK_EVERY = 6   // heartbeats, in case a cue was lost
const TOGETHER = 300   // ms: several cues are one look
const PATIENCE = 1500  // ms that signing out waits for the push service
let due = 0, beats = 0

function look() {
  clearTimeout(due)
  due = setTimeout(() => {
    for (const id of ["bell", "told", "due-list"]) if (document.getElementById(id)) htmx.trigger(`#${id}`, "desk:refresh")
  }, TOGETHER)
}

document.addEventListener("desk:frame", ({ detail: frame }) => {
  if (frame.type === "notified" || (frame.type === "heartbeat" && ++beats % LOOK_EVERY === 0)) look()
})
document.addEventListener("desk:changed", (event) => { if (!event.detail.refs.length) look() })   // without a socket
for (const name of ["desk:due", "desk:undone"]) document.addEventListener(name, look)   // a task was done, or not after all
document.addEventListener("visibilitychange", () => { if (!document.hidden) look() })

// What a page fetches while nobody looks at it has been read by nobody; socket.js says so once somebody does.
document.addEventListener("htmx:configRequest", (event) => {
  if (document.hidden && event.detail.verb === "get") event.detail.headers["HX-Preloaded"] = "true"
})

// A note was pressed while this page was open (push-worker.js).
navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data?.type === "open" && new URL(data.url, location.href).origin === location.origin) location.href = data.url
})
navigator.serviceWorker?.startMessages()

async function forgetBrowser() {
  const registration = await navigator.serviceWorker?.getRegistration("/notifications/")
  const subscription = await registration?.pushManager?.getSubscription()
  if (!subscription) return
  await postForm("/notifications/browsers/remove/", new URLSearchParams({ endpoint: subscription.endpoint }))
  await subscription.unsubscribe()
}

let isLeaving = false
document.addEventListener("submit", async (event) => {
  if (isLeaving || !event.target.matches("form[data-signs-out]") || !navigator.serviceWorker) return
  event.preventDefault()
  isLeaving = true
  await Promise.race([forgetBrowser().catch(() => {}), new Promise((resolve) => setTimeout(resolve, PATIENCE))])
  event.target.submit()
})
