// The ticket that is probably read next is fetched before it is asked for: the row that is pointed at, and the one below
// the ticket that is read. The browser keeps the answer for some seconds, and htmx gets it from there. A row's address
// names the state of its ticket, so that nothing old is shown.
const POINTED = 60, SETTLED = 200 // ms on a row until it is meant, and after a ticket was opened
let timer = 0
let newest = ""    // what was fetched last

document.addEventListener("pointerover", ({ target }) => soon(target.closest?.("#rows .row")))
document.addEventListener("focusin", ({ target }) => soon(target.closest?.("#rows .row")))

function soon(row) {
  clearTimeout(timer)
  if (row) timer = setTimeout(fetchAhead, POINTED, row)
}

async function fetchAhead(row) {
  const url = row.getAttribute("hx-get")
  if (url === newest || row.matches("[aria-current]") || navigator.connection?.saveData) return
  newest = url
  try {
    await (await fetch(url, { headers: { "HX-Request": "true", "HX-Preloaded": "true" }, priority: "low" })).text()
  } catch {
    newest = "" // without a network it is fetched when it is opened
  }
}

document.addEventListener("htmx:afterSettle", ({ detail: { elt, xhr }, target }) => {
  if (target.id !== "conversation") return
  // Nobody had read it when it was fetched: that is said now, and what came meanwhile is shown.
  if (xhr?.getResponseHeader("HX-Preloaded")) htmx.trigger("#timeline", "desk:refresh")
  const next = document.querySelector("#rows .item:has(.row[aria-current]) + .item .row")
  if (next) setTimeout(fetchAhead, SETTLED, next)
})
