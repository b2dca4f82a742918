// The live list. Rows slide in when nobody points at them; otherwise a pill says how many are new (key `.`).
import { hasWords } from "./drafts.js"
import { items, stateOf } from "./outbox.js"
import { gettext } from "./words.js"

const list = () => document.getElementById("list")
const rows = () => document.getElementById("rows")
const pill = () => document.getElementById("pill")
const openRef = () => document.querySelector("#conversation[data-ref]")?.dataset.ref
let pending = new Set()
let isWanted = false      // the next one is asked for, by what somebody does
let isAsked = false       // so was the one that is being fetched
let isKept = false        // what was fetched is not shown: the rows are in use
let isStale = false       // something may have come that no cue told us of
let isExtended = false   // "Show more" was pressed: going back to the first page is the reader's decision
let isBusy = false

// A row that was clicked keeps the focus, but nobody points at it any more; one that was reached by key is pointed at.
const isInUse = () => rows()?.matches(":hover") || rows()?.querySelector(":focus-visible")

document.addEventListener("desk:changed", (event) => {
  for (const ref of event.detail.refs) pending.add(ref)
  isStale ||= !event.detail.refs.length
  if (isInUse() || isExtended) announce()
  else refresh()
})

// What one has just done oneself is seen at once, wherever the pointer rests and the focus is.
function reload() {
  if (isExtended) return
  isWanted = true
  refresh()
}
document.addEventListener("desk:reload", reload)
document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig, successful } }) => {
  if (successful && requestConfig?.verb === "post") reload()
})

function announce() {
  // What happens on the open ticket is in sight already; its row catches up when the pointer leaves.
  const news = [...pending].filter((ref) => ref !== openRef()).length
  if (!pill() || news === 0) return
  pill().hidden = false
  pill().querySelector("span").textContent = gettext("%(count)s new", { count: news })
}

let timer = 0
function refresh() {
  // A burst of cues is one request.
  clearTimeout(timer)
  timer = setTimeout(() => {
    if (isBusy || !list()) { if (isBusy) refresh(); return }
    isBusy = true
    isAsked = isWanted
    isWanted = isKept = false
    htmx.trigger(list(), "desk:refresh")
  }, 120)
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#pill")) return
  isExtended = false
  reload()
})
document.addEventListener("mouseout", (event) => {
  const left = event.target.closest?.("#rows") && !event.relatedTarget?.closest?.("#rows")
  if (left && (pending.size || isStale) && !isExtended) refresh()
})
// Somebody may have come to point at the rows while they were being fetched.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig.elt.id !== "list" || isAsked || !isInUse()) return
  isKept = true
  detail.shouldSwap = false
})
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail
  if (elt?.closest?.(".more")) isExtended = true
  if (elt?.id !== "list") return
  isBusy = false
  if (!successful) return
  if (isKept) return announce()
  pending = new Set()
  isStale = false
  if (pill()) pill().hidden = true
})

/** Mark the open ticket's row, show which rows have a draft, and keep the focus somewhere sensible. */
function mark() {
  const open = openRef()
  for (const row of document.querySelectorAll("#rows [data-ref]")) {
    const isOpen = row.dataset.ref === open
    if (isOpen) row.setAttribute("aria-current", "true")
    else row.removeAttribute("aria-current")
    // Opening a ticket is reading it; the server has noted so.
    if (isOpen) row.classList.remove("unread")
    const draft = row.querySelector("[data-draft]")
    if (draft) showDraft(draft, row.dataset.ref)
  }
}

/** Words that have not left: a draft, here or on the server, a message that could not be sent, or one that is held. */
function showDraft(sign, ref) {
  const states = items(ref).map((item) => stateOf(item).state), isHeld = "held" in sign.dataset || states.includes("held")
  const isStuck = states.some((state) => state === "waiting" || state === "refused")
  sign.hidden = !isStuck && !isHeld && !hasWords(ref) && !("saved" in sign.dataset)
  sign.textContent = isStuck ? gettext("Not sent") : isHeld ? gettext("Held") : gettext("Draft")
  sign.classList.toggle("stuck", isStuck)
}

document.addEventListener("htmx:afterSettle", (event) => {
  mark()
  // On a phone the row that was pressed is gone with its pane.
  const isHidden = document.activeElement?.closest?.(".row") && !document.activeElement.checkVisibility()
  if (event.target.id === "conversation" && (document.activeElement === document.body || isHidden)) {
    document.getElementById("conversation").focus({ preventScroll: true })
  }
})
document.addEventListener("desk:draft", ({ detail: { ref } }) => {
  // What this browser knows is newer than the row.
  const sign = document.querySelector(`#rows [data-draft="${CSS.escape(ref)}"]`)
  if (sign) delete sign.dataset.saved
  mark()
})
document.addEventListener("desk:outgoing", ({ detail: { what } }) => {
  mark()
  if (what === "sent") reload()
})
mark()
