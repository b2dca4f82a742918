// Files of a message: chosen, dropped or pasted; each is sent at once, and its id stays with the words.
import { gettext } from "./words.js"

const composer = () => document.querySelector("[data-composer]")
const kilobytes = (size) => size < 1_000_000 ? `${Math.max(1, Math.round(size / 1000))} KB` : `${tenths(size / 1_000_000)} MB`
const tenths = (number) => number.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const OFFLINE = gettext("could not be sent.")

/** What is attached: {ready: [{id, name, size}], isUnderWay, isFailed}. */
export function files(form) {
  const chips = [...form.querySelectorAll("[data-files] .file")]
  const ready = chips.filter((chip) => chip.querySelector("input"))
  return {
    ready: ready.map((chip) => ({ id: chip.querySelector("input").value, name: chip.dataset.name ?? "", size: Number(chip.dataset.size ?? 0) })),
    isUnderWay: chips.some((chip) => !chip.querySelector("input") && !chip.matches(".failed")),
    isFailed: chips.some((chip) => chip.matches(".failed")),
  }
}

/** Show exactly these stored files. */
export function showFiles(form, stored) {
  form.querySelector("[data-files]").replaceChildren(...stored.map((file) => {
    const chip = make(file.name)
    finish(chip, file)
    return chip
  }))
}

function make(name) {
  const chip = document.createElement("li")
  chip.className = "file"
  const words = document.createElement("span")
  words.textContent = gettext("%(name)s, sending", { name })
  const remove = button("×", gettext("Remove %(name)s", { name }), () => {
    chip.remove()
    composer()?.elements.body.focus()
    changed()
  })
  chip.append(words, remove)
  return chip
}

function button(text, label, press) {
  const made = document.createElement("button")
  made.type = "button"
  made.textContent = text
  made.setAttribute("aria-label", label)
  made.addEventListener("click", press)
  return made
}

const changed = () => document.dispatchEvent(new CustomEvent("desk:files"))

function finish(chip, { id, name, size }) {
  const input = document.createElement("input")
  input.type = "hidden"
  input.name = "attachments"
  input.value = id
  chip.append(input)
  Object.assign(chip.dataset, { name, size })
  chip.querySelector("span").textContent = `${name}, ${kilobytes(size)}`
}

function fail(chip, file, reason) {
  chip.classList.add("failed")
  chip.querySelector("span").textContent = `${file.name}: ${reason}`
  if (reason !== OFFLINE) return
  chip.again = () => { chip.again = null; again.remove(); upload(chip, file) }
  const again = button(gettext("Try again"), gettext("Try %(name)s again", { name: file.name }), () => chip.again?.())
  chip.querySelector("span").after(again)
}

async function upload(chip, file) {
  const form = composer()
  if (!form) return
  chip.classList.remove("failed")
  chip.querySelector("span").textContent = gettext("%(name)s, sending", { name: file.name })
  const body = new FormData()
  body.append("file", file, file.name)
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
  try {
    const response = await fetch(form.querySelector("[data-attach]").dataset.attach, { method: "POST", body, headers: { Accept: "application/json" } })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error?.detail || OFFLINE)
    finish(chip, answer)
  } catch (error) {
    fail(chip, file, error instanceof TypeError || error instanceof SyntaxError ? OFFLINE : error.message)
  }
  changed()
}

function take(chosen) {
  const form = composer()
  if (!form) return
  for (const raw of chosen) {
    const file = raw.name ? raw : new File([raw], "picture.png", { type: raw.type })
    const chip = make(file.name)
    form.querySelector("[data-files]").append(chip)
    upload(chip, file)
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-attach]")) return
  take([...event.target.files])
  event.target.value = ""
})
document.addEventListener("paste", (event) => {
  const pasted = event.clipboardData?.files
  if (!pasted?.length || !event.target.closest?.("[data-composer]")) return
  event.preventDefault()
  take([...pasted])
})
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("#conversation")
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return
  event.preventDefault()
  composer()?.classList.add("dropping")
})
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) composer()?.classList.remove("dropping") })
document.addEventListener("drop", (event) => {
  composer()?.classList.remove("dropping")
  if (!carriesFiles(event)) return
  event.preventDefault()
  take([...event.dataTransfer.files])
})
window.addEventListener("online", () => { for (const chip of document.querySelectorAll("[data-files] .failed")) chip.again?.() })
