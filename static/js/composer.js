// What you write is safe: drafts.js keeps it while you write it, and lets go of it only into the outbox.
import { forget, hasWords, isKey, pull, push, read, take, write } from "./drafts.js"
import { files, showFiles } from "./files.js"
import { add } from "./outbox.js"
import { newId } from "./posting.js"
import { gettext } from "./words.js"

const composer = () => document.querySelector("[data-composer]")
const bodyOf = (form) => form.elements.body
const kindOf = (form) => form.querySelector("input[name=kind]:checked").value
const shownSeq = () => Number(document.getElementById("timeline")?.dataset.last ?? 0)
const clean = (text) => text.replaceAll("\0", "").replaceAll("\r\n", "\n").trim()   // as the server keeps it
const TYPING_EVERY = 3000
let lastTyping = 0

function tell(form, words) {
  form.querySelector("[data-draft-state]").textContent = words
}

function complain(form, words) {
  form.querySelector("#composer-error")?.remove()
  bodyOf(form).toggleAttribute("aria-invalid", false)
  if (!words) return
  const line = document.createElement("p")
  line.className = "error"
  line.id = "composer-error"
  line.setAttribute("role", "alert")
  line.textContent = words
  bodyOf(form).setAttribute("aria-invalid", "true")
  bodyOf(form).setAttribute("aria-describedby", line.id)
  bodyOf(form).after(line)
}

/** Bring back the draft, from here or from the server, whichever is newer; give the message its id. */
function prepare(form) {
  form.dataset.ready = ""
  const { ref, draftUrl, draft: data } = form.dataset
  const theirs = data ? JSON.parse(data) : null, mine = read(ref)
  if (mine && !mine.url) write(ref, { ...mine, url: draftUrl, files: mine.files ?? [] })
  if (theirs) take(ref, draftUrl, theirs)
  else if (mine?.isSaved) pull(ref, draftUrl)   // this page may have been fetched before it was written
  else if (mine) push(ref)
  const draft = read(ref)
  fill(form, draft ?? {}, hasWords(ref) ? gettext("Draft restored") : "")
}

function fill(form, { body = "", kind, clientId, begun, files: kept = [] }, words) {
  bodyOf(form).value = body
  if (kind) form.querySelector(`input[name=kind][value=${kind === "note" ? "note" : "reply"}]`).checked = true
  form.elements.client_id.value = clientId || newId()
  form.elements.begun_seq.value = begun ?? ""
  showFiles(form, kept)
  showKind(form)
  tell(form, words)
}

function showKind(form) {
  bodyOf(form).placeholder = bodyOf(form).dataset[kindOf(form) === "note" ? "notePlaceholder" : "replyPlaceholder"]
}

function keep(form) {
  const body = bodyOf(form).value, kept = files(form).ready, { client_id: id, begun_seq: begun } = form.elements
  const isWorth = body.trim() !== "" || kept.length > 0
  if (!isWorth) begun.value = ""
  else if (begun.value === "") begun.value = shownSeq()
  if (!isWorth && !read(form.dataset.ref)) return tell(form, "")
  const isSafe = write(form.dataset.ref, { url: form.dataset.draftUrl, body, kind: kindOf(form), clientId: id.value, begun: isWorth ? Number(begun.value) : null, files: kept })
  if (!isSafe) tell(form, gettext("This browser keeps no drafts: its storage is full or switched off."))
}

/** Into the outbox, with what is asked besides. The field is emptied only when the words rest there. */
function post(form, asked = {}) {
  const body = clean(bodyOf(form).value), { ready, isUnderWay, isFailed } = files(form)
  const words = hindrance(form, body, isUnderWay, isFailed)
  complain(form, words)
  if (words || (!body && !ready.length)) return bodyOf(form).focus()
  if (kindOf(form) === "reply" && form.elements.uncopied?.checked) asked = { ...asked, uncopied: "1" }
  const kind = kindOf(form), url = new URL(form.querySelector(`[data-send=${kind}]`).formAction)
  const { client_id: id, begun_seq: begun } = form.elements
  const message = { ref: form.dataset.ref, url: url.pathname, kind, body, files: ready, along: along(form), client_id: id.value, asked }
  const isSafe = add({ ...message, begun: begun.value === "" ? shownSeq() : Number(begun.value) })
  empty(form)
  tell(form, isSafe ? "" : gettext("This browser keeps nothing. Leave the page open until it is sent."))
  bodyOf(form).focus()
}

function hindrance(form, body, isUnderWay, isFailed) {
  const longest = Number(form.dataset.longest)
  if ([...body].length > longest) return gettext("That is too long: %(count)s characters at most.", { count: longest.toLocaleString(document.documentElement.lang) })
  if (isUnderWay) return gettext("A file is still on its way up. One moment.")
  return isFailed ? gettext("A file could not be sent. Try it again, or remove it.") : ""
}

/** What other modules put beside the words, to go with them: the hidden fields of `data-along`. */
function along(form) {
  return [...form.querySelectorAll("[data-along] input[type=hidden]")].map(({ name, value, dataset }) => ({ name, value, ...dataset }))
}

function empty(form) {
  forget(form.dataset.ref, form.elements.client_id.value)
  fill(form, {}, "")
  if (form.elements.uncopied) form.elements.uncopied.checked = false
  form.dispatchEvent(new CustomEvent("desk:emptied", { bubbles: true }))
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-composer]")) return
  event.preventDefault()
  post(event.target)
})
document.addEventListener("desk:post", (event) => { if (composer()) post(composer(), event.detail) })
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-composer]")
  if (!form || event.target.name !== "body") return
  complain(form, "")
  keep(form)
  if (kindOf(form) === "reply" && Date.now() - lastTyping > TYPING_EVERY) {
    lastTyping = Date.now()
    document.dispatchEvent(new CustomEvent("desk:send", { detail: { type: "typing", ref: form.dataset.ref } }))
  }
})
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-composer]")
  if (!form || event.target.name !== "kind") return
  showKind(form)
  keep(form)
})
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-composer]")
  if (!form || event.key !== "Enter" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  form.requestSubmit(form.querySelector(`[data-send=${kindOf(form)}]`))
})
document.addEventListener("desk:files", () => { if (composer()) keep(composer()) })

// A message that did not leave comes back to be written anew, before what was written since.
document.addEventListener("desk:rewrite", (event) => {
  const form = composer(), { ref, body, kind, clientId, begun, files: kept } = event.detail
  if (form?.dataset.ref !== ref) return
  const since = bodyOf(form).value, isNote = since.trim() && kindOf(form) === "note"   // never for other eyes by accident
  const words = since.trim() ? [body, since].filter(Boolean).join("\n\n") : body
  fill(form, { body: words, kind: isNote ? "note" : kind, clientId, begun, files: [...kept, ...files(form).ready] }, "")
  keep(form)
  bodyOf(form).focus()
})

// What drafts.js says: saved on the server, kept here only, or written on elsewhere.
document.addEventListener("desk:draft", ({ detail: { ref, draft, what } }) => {
  const form = composer()
  if (form?.dataset.ref !== ref || !("ready" in form.dataset)) return
  if (what === "replaced") fill(form, draft ?? {}, draft ? gettext("Draft restored") : "")
  else if (what === "saved") tell(form, hasWords(ref) ? gettext("Draft saved") : "")
  else if (what === "unsaved") tell(form, hasWords(ref) ? gettext("Draft kept in this browser") : "")
})

// Another tab goes on writing the same draft, or has sent it.
window.addEventListener("storage", (event) => {
  const form = composer()
  if (!form || !isKey(event.key, form.dataset.ref)) return
  const was = event.oldValue ? JSON.parse(event.oldValue) : null, is = event.newValue ? JSON.parse(event.newValue) : null
  if (bodyOf(form).value !== (was?.body ?? "")) return   // here stands something else
  const words = is?.isSaved && hasWords(form.dataset.ref) ? gettext("Draft saved") : ""
  if (is && bodyOf(form).value === is.body && kindOf(form) === is.kind && files(form).ready.length === is.files.length) return tell(form, words)
  fill(form, is ?? {}, words)
})

/** Whoever comes back to this window may have written on elsewhere. */
function look() {
  const form = composer()
  if (form && !document.hidden) pull(form.dataset.ref, form.dataset.draftUrl)
}
window.addEventListener("focus", look)
document.addEventListener("visibilitychange", look)

function prepareAll() {
  for (const form of document.querySelectorAll("[data-composer]:not([data-ready])")) prepare(form)
}
document.addEventListener("htmx:afterSettle", prepareAll)
prepareAll()
