// What you write is safe: kept in this browser until the server has stored it, and sent once however often it is sent.

const key = (form) => `makegood.draft.${form.dataset.ref}`
const field = (form, name) => form.elements[name]
const kindOf = (form) => form.querySelector("input[name=kind]:checked").value
const TYPING_EVERY = 3000
let lastTyping = 0

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID()
  // Without https there is no randomUUID, but there is randomness.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

function readDraft(form) {
  try { return JSON.parse(localStorage.getItem(key(form))) } catch { return null }
}

function writeDraft(form, draft) {
  try {
    if (draft) localStorage.setItem(key(form), JSON.stringify(draft))
    else localStorage.removeItem(key(form))
  } catch {
    tell(form, "This browser keeps no drafts: its storage is full or switched off.")
    return
  }
  document.dispatchEvent(new CustomEvent("desk:draft"))
}

function tell(form, words) {
  form.querySelector("[data-draft-state]").textContent = words
}

/** Bring back the draft, give the message its id. */
function prepare(form) {
  form.dataset.ready = ""
  const draft = readDraft(form)
  if (draft && !field(form, "body").value) {
    field(form, "body").value = draft.body
    form.querySelector(`input[name=kind][value=${draft.kind === "note" ? "note" : "reply"}]`).checked = true
    field(form, "client_id").value = draft.clientId
    form.attempted = draft.attempted
    tell(form, "Draft restored")
  }
  if (!field(form, "client_id").value) field(form, "client_id").value = newId()
  showKind(form)
}

function showKind(form) {
  const body = field(form, "body")
  body.placeholder = body.dataset[kindOf(form) === "note" ? "notePlaceholder" : "replyPlaceholder"]
}

function keep(form) {
  const body = field(form, "body").value
  // Other words are another message: an attempt that may have arrived keeps its id to itself.
  if (form.attempted && form.attempted !== body) {
    field(form, "client_id").value = newId()
    form.attempted = ""
  }
  const isWorth = body.trim() !== ""
  writeDraft(form, isWorth && { body, kind: kindOf(form), clientId: field(form, "client_id").value, attempted: form.attempted || "" })
  tell(form, isWorth ? "Draft kept in this browser" : "")
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-composer]")
  if (!form) return
  if (event.target.name === "body") {
    keep(form)
    if (kindOf(form) === "reply" && Date.now() - lastTyping > TYPING_EVERY) {
      lastTyping = Date.now()
      document.dispatchEvent(new CustomEvent("desk:send", { detail: { type: "typing", ref: form.dataset.ref } }))
    }
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
  form.querySelector(`[data-send=${kindOf(form)}]`).click()
})

// The way of a message: held still while it is under way, forgotten here only when it is stored there.
const composerOf = (event) => event.detail.elt?.closest?.("[data-composer]")

document.addEventListener("htmx:beforeSend", (event) => {
  const form = composerOf(event)
  if (!form) return
  form.attempted = field(form, "body").value
  keep(form)
  field(form, "body").readOnly = true
  tell(form, "Sending")
})
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt?.closest?.("[data-composer]")
  if (form && event.detail.xhr.status < 300) writeDraft(form, null)
})
document.addEventListener("htmx:afterRequest", (event) => {
  const form = composerOf(event)
  if (!form || event.detail.successful) return
  field(form, "body").readOnly = false
  if (form.arrived === field(form, "client_id").value) startAfresh(form)
  else tell(form, "Not sent. Your text is safe; send it again.")
})

// A live event may bring back the very message whose answer got lost on the way.
document.addEventListener("desk:frame", (event) => {
  const form = document.querySelector("[data-composer]")
  const frame = event.detail
  if (!form || frame.ref !== form.dataset.ref) return
  if (frame.type === "typing") return showTyping(frame)
  if (frame.type !== "event") return
  showTyping({})
  if (frame.event?.message?.client_id !== field(form, "client_id").value) return
  // While the answer may still come, it is only remembered.
  if (form.matches(".htmx-request")) form.arrived = field(form, "client_id").value
  else startAfresh(form)
})

function startAfresh(form) {
  field(form, "body").value = ""
  form.querySelector("[data-files]").replaceChildren()
  form.attempted = ""
  field(form, "client_id").value = newId()
  writeDraft(form, null)
  tell(form, "Your message had arrived")
}

let typingEnds = 0
function showTyping(frame) {
  const line = document.querySelector("[data-typing]")
  if (!line) return
  clearTimeout(typingEnds)
  line.replaceChildren()
  // Empty words: they sent or deleted what stood there. No words at all: the preview is switched off.
  if (!frame.by || frame.text === "") return
  line.append(`${frame.by.name || "The customer"} is ${frame.by.kind === "agent" ? "writing an answer" : "typing"}`)
  if (frame.text) {
    const words = document.createElement("q")
    words.textContent = frame.text
    line.append(": ", words, " not sent yet")
  }
  typingEnds = setTimeout(() => line.replaceChildren(), 8000)
}

function prepareAll() {
  for (const form of document.querySelectorAll("[data-composer]:not([data-ready])")) prepare(form)
}
document.addEventListener("htmx:afterSettle", prepareAll)
prepareAll()
