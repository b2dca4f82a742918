// What you write is safe: kept in this browser while you write it, and let go of only into the outbox.
import { files, showFiles } from "./files.js"
import { add } from "./outbox.js"
import { me, newId } from "./posting.js"

const keyOf = (ref) => `makegood.draft.${me}.${ref}`
const composer = () => document.querySelector("[data-composer]")
const bodyOf = (form) => form.elements.body
const kindOf = (form) => form.querySelector("input[name=kind]:checked").value
const clean = (text) => text.replaceAll("\0", "").replaceAll("\r\n", "\n").trim()   // as the server keeps it
const TYPING_EVERY = 3000
let lastTyping = 0

function readDraft(form) {
  try { return JSON.parse(localStorage.getItem(keyOf(form.dataset.ref))) } catch { return null }
}

function writeDraft(form, draft) {
  try {
    if (draft) localStorage.setItem(keyOf(form.dataset.ref), JSON.stringify(draft))
    else localStorage.removeItem(keyOf(form.dataset.ref))
  } catch {
    tell(form, "This browser keeps no drafts: its storage is full or switched off.")
    return
  }
  document.dispatchEvent(new CustomEvent("desk:draft"))
}

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

/** Bring back the draft, give the message its id. */
function prepare(form) {
  form.dataset.ready = ""
  const draft = readDraft(form)
  if (draft && !bodyOf(form).value) fill(form, draft, "Draft restored")
  if (!form.elements.client_id.value) form.elements.client_id.value = newId()
  showKind(form)
}

function fill(form, { body, kind, clientId, files: kept = [] }, words) {
  bodyOf(form).value = body
  form.querySelector(`input[name=kind][value=${kind === "note" ? "note" : "reply"}]`).checked = true
  form.elements.client_id.value = clientId || newId()
  showFiles(form, kept)
  tell(form, words)
}

function showKind(form) {
  bodyOf(form).placeholder = bodyOf(form).dataset[kindOf(form) === "note" ? "notePlaceholder" : "replyPlaceholder"]
}

function keep(form) {
  const body = bodyOf(form).value, kept = files(form).ready
  const isWorth = body.trim() !== "" || kept.length > 0
  writeDraft(form, isWorth && { body, kind: kindOf(form), clientId: form.elements.client_id.value, files: kept })
  tell(form, isWorth ? "Draft kept in this browser" : "")
}

/** Into the outbox. The field is emptied only when the words rest there. */
function post(form) {
  const body = clean(bodyOf(form).value), { ready, isUnderWay, isFailed } = files(form)
  const words = hindrance(form, body, isUnderWay, isFailed)
  complain(form, words)
  if (words || (!body && !ready.length)) return bodyOf(form).focus()
  const kind = kindOf(form), url = new URL(form.querySelector(`[data-send=${kind}]`).formAction)
  const isSafe = add({ ref: form.dataset.ref, url: url.pathname, kind, body, files: ready, along: along(form), client_id: form.elements.client_id.value })
  empty(form)
  tell(form, isSafe ? "" : "This browser keeps nothing. Leave the page open until it is sent.")
  bodyOf(form).focus()
}

function hindrance(form, body, isUnderWay, isFailed) {
  const longest = Number(form.dataset.longest)
  if ([...body].length > longest) return `That is too long: ${longest.toLocaleString("en")} characters at most.`
  if (isUnderWay) return "A file is still on its way up. One moment."
  return isFailed ? "A file could not be sent. Try it again, or remove it." : ""
}

/** What other modules put beside the words, to go with them: the hidden fields of `data-along`. */
function along(form) {
  return [...form.querySelectorAll("[data-along] input[type=hidden]")].map(({ name, value, dataset }) => ({ name, value, ...dataset }))
}

function empty(form) {
  bodyOf(form).value = ""
  showFiles(form, [])
  form.elements.client_id.value = newId()
  writeDraft(form, null)
  form.dispatchEvent(new CustomEvent("desk:emptied", { bubbles: true }))
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-composer]")) return
  event.preventDefault()
  post(event.target)
})
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
  if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  form.requestSubmit(form.querySelector(`[data-send=${kindOf(form)}]`))
})
document.addEventListener("desk:files", () => { if (composer()) keep(composer()) })

// A message that the server would not have comes back to be written anew, before what was written since.
document.addEventListener("desk:rewrite", (event) => {
  const form = composer(), { ref, body, kind, files: kept } = event.detail
  if (form?.dataset.ref !== ref) return
  const since = bodyOf(form).value
  fill(form, { body: since ? `${body}\n\n${since}` : body, kind, files: [...kept, ...files(form).ready] }, "")
  showKind(form)
  keep(form)
  bodyOf(form).focus()
})

// Another tab goes on writing the same draft, or has sent it.
window.addEventListener("storage", (event) => {
  const form = composer()
  if (!form || event.key !== keyOf(form.dataset.ref)) return
  const was = event.oldValue ? JSON.parse(event.oldValue) : null, is = event.newValue ? JSON.parse(event.newValue) : null
  if (bodyOf(form).value !== (was?.body ?? "")) return   // here stands something else
  fill(form, is ?? { body: "", kind: kindOf(form) }, "")
  showKind(form)
})

function prepareAll() {
  for (const form of document.querySelectorAll("[data-composer]:not([data-ready])")) prepare(form)
}
document.addEventListener("htmx:afterSettle", prepareAll)
prepareAll()
