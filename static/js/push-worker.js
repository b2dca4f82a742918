// Shows notes while nobody looks (a service worker: it has no page, and power over /notifications/ only).
// What comes is encrypted for this browser alone: {title, body, url, tag}.

// What is said if it cannot be read, stands in the worker's own address: in the language of the page that brought it.
const NEWS = new URL(self.location).searchParams.get("news") ?? ""
const HOME = { title: "Makegood", body: NEWS, url: "/notifications/", tag: "news" }

function read(event) {
  try {
    return { ...HOME, ...event.data?.json() }
  } catch {
    return HOME
  }
}

/** Our own pages: the chat of a website is shown from this address, too, and is nobody's workspace. */
async function desks() {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true })
  return all.filter(({ url }) => !new URL(url).pathname.startsWith("/widget/"))
}

async function show(note) {
  const path = new URL(note.url, self.location).pathname
  // Whoever has the ticket in front of them sees what happens there.
  if ((await desks()).some((page) => page.focused && new URL(page.url).pathname === path)) return
  await self.registration.showNotification(note.title, { body: note.body, tag: note.tag, data: { url: note.url }, icon: "/static/img/mark.svg" })
}

/** The ticket where it is open; else in a tab that is open; else in a new one. */
async function open(url) {
  const target = new URL(url, self.location)
  if (target.origin !== self.location.origin) return
  const pages = await desks()
  const there = pages.find((page) => new URL(page.url).pathname === target.pathname)
  if (there) return there.focus()
  if (!pages.length) return self.clients.openWindow(target.href)
  const page = await pages[0].focus().catch(() => pages[0])
  page.postMessage({ type: "open", url: target.pathname + target.search })
}

self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("push", (event) => event.waitUntil(show(read(event))))
self.addEventListener("notificationclick", (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data?.url ?? HOME.url))
})
