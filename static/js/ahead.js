// The ticket that is probably read next is fetched before it is asked for: the row that is pointed at, and the one below
// the ticket that is read. The browser keeps the answer for some seconds, and htmx gets it from there, once: whoever
// comes back finds what they did meanwhile. A row's address names the state of its ticket, so that nothing old is shown.
const POINTED = 60, SETTLED = 200 // ms on a row until it is meant, and after a ticket was opened
const KEPT = 15_000               // ms; a little less than the server allows
const MOST = 20                   // that wait to be opened
let timer = 0
const ahead = new Map()           // address: when it was fetched; those that were not opened yet

document.addEventListener("pointerover", ({ target }) => soon(target.closest?.("#rows .row")))
document.addEventListener("focusin", ({ target }) => soon(target.closest?.("#rows .row")))

function soon(row) {
  clearTimeout(timer)
  if (row) timer = setTimeout(fetchAhead, POINTED, row)
}

async function fetchAhead(row) {
  const url = row.getAttribute("hx-get"), now = performance.now()
  if (now - ahead.get(url) < KEPT || row.matches("[aria-current]") || navigator.connection?.saveData) return
  ahead.delete(url)
  ahead.set(url, now)
  if (ahead.size > MOST) ahead.delete(ahead.keys().next().value)
  const headers = { "HX-Request": "true", "HX-Preloaded": "true" }
  try {
    await (await fetch(url, { headers, cache: "reload", priority: "low" })).text()
  } catch {
    ahead.delete(url) // without a network it is fetched when it is opened
  }
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.matches("#rows .row") && !ahead.delete(detail.path)) detail.headers["Cache-Control"] = "no-cache"
})

document.addEventListener("htmx:afterSettle", ({ detail: { xhr }, target }) => {
  if (target.id !== "conversation") return
  // Nobody had read it when it was fetched: that is said now, and what came meanwhile is shown.
  if (xhr?.getResponseHeader("HX-Preloaded")) htmx.trigger("#timeline", "desk:refresh")
  const next = document.querySelector("#rows .item:has(.row[aria-current]) + .item .row")
  if (next) setTimeout(fetchAhead, SETTLED, next)
})
