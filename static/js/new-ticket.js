// A new ticket is kept in this browser while it is written, and let go of only once the desk has it.
import { files, showFiles } from "./files.js"
import { chosen, takeList } from "./people.js"
import { newId, me, postForm } from "./posting.js"
import { gettext } from "./words.js"

const KEY = `makegood.new.${me}`
const FIELDS = ["to", "name", "email", "subject", "body", "team"]
const form = document.querySelector("[data-new-ticket]")
const field = (name) => form.elements[name]
const to = form.querySelector("[data-people]")   // chips are fields of that name, too
const tell = (words) => { form.querySelector("[data-new-state]").textContent = words }
let isSending = false, isDone = false

const own = () => [...form.querySelectorAll(".own-field :is(input, select)")]
const channel = () => form.querySelector("input[name=channel]:checked").value

/** A team's own fields are asked, and sent, only while that team is chosen. */
function showFields() {
  for (const box of form.querySelectorAll("[data-of-team]")) {
    const isHere = box.dataset.ofTeam === field("team").value
    box.toggleAttribute("data-here", isHere)
    for (const control of box.querySelectorAll("input, select")) control.disabled = !isHere
  }
}

function keepFields() {
  return own().filter((one) => one.type === "checkbox" ? one.checked : one.value).map((one) => [one.name, one.value])
}

function restoreFields(kept) {
  for (const one of own()) {
    const values = kept.filter(([name]) => name === one.name).map(([, value]) => value)
    if (one.type === "checkbox") one.checked = values.includes(one.value)
    else if (one.type !== "hidden") one.value = values[0] ?? ""
  }
}

function complain(words) {
  const line = form.querySelector("[data-wrong]")
  line.textContent = words
  line.hidden = !words
  if (words) line.scrollIntoView({ block: "center" })
}

function keep() {
  if (isDone) return
  const draft = { channel: channel(), people: chosen(form), isMine: field("is_mine").checked, files: files(form).ready, fields: keepFields(), clientId: field("client_id").value }
  for (const name of FIELDS) draft[name] = name === "to" ? to.value : field(name).value
  const isWorth = draft.people.length || draft.files.length || draft.fields.length || ["to", "name", "email", "subject", "body"].some((name) => draft[name].trim())
  try {
    if (isWorth) localStorage.setItem(KEY, JSON.stringify(draft))
    else localStorage.removeItem(KEY)
    tell(isWorth ? gettext("Kept in this browser") : "")
  } catch {
    tell(gettext("This browser keeps no drafts: its storage is full or switched off."))
  }
}

async function restore() {
  let draft = null
  try { draft = JSON.parse(localStorage.getItem(KEY)) } catch { /* nothing that can be read is nothing */ }
  if (!draft) {
    field("client_id").value ||= newId()
    if (to.value.includes("@")) await takeList(to, to.value)
    return
  }
  form.querySelector(`input[name=channel][value=${draft.channel === "phone" ? "phone" : "email"}]`).checked = true
  for (const name of FIELDS) {
    if (name === "to") to.value = [...(draft.people ?? []), draft.to].filter(Boolean).join("\n")
    else if (draft[name] !== undefined) field(name).value = draft[name]
  }
  field("is_mine").checked = draft.isMine
  field("client_id").value = draft.clientId || newId()
  restoreFields(draft.fields ?? [])
  showFields()
  showFiles(form, draft.files ?? [])
  tell(gettext("Draft restored"))
  if (to.value.includes("@")) await takeList(to, to.value)
}

async function send() {
  if (isSending) return
  const { isUnderWay, isFailed } = files(form)
  if (isUnderWay) return complain(gettext("A file is still on its way up. One moment."))
  if (isFailed) return complain(gettext("A file could not be sent. Try it again, or remove it."))
  isSending = true
  form.querySelector(".btn.go").disabled = true
  complain("")
  keep()
  try {
    const response = await postForm(form.action || location.href, new URLSearchParams(new FormData(form)))
    if (response.type === "opaqueredirect" || response.status === 401) return complain(gettext("You are signed out. Sign in in another tab and send it again: it is kept here."))
    const answer = await response.json()
    if (!response.ok) return complain(answer.error?.detail ?? gettext("The desk did not take it. It is kept here."))
    isDone = true
    localStorage.removeItem(KEY)
    location.assign(answer.url)
  } catch {
    complain(gettext("No answer from the desk. It is kept here: send it again when there is a connection. It is not sent twice."))
  } finally {
    isSending = false
    form.querySelector(".btn.go").disabled = isDone
  }
}

form.addEventListener("change", showFields)
showFields()
for (const name of ["input", "change", "desk:people"]) form.addEventListener(name, keep)
document.addEventListener("desk:files", keep)
form.addEventListener("submit", (event) => { event.preventDefault(); send() })
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  form.requestSubmit()
})
if (form.querySelector("[data-wrong]").hidden) restore()
