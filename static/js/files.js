// Files of a message: chosen, dropped or pasted; each is sent at once, and its id goes into the form.

const composer = () => document.querySelector("[data-composer]")
const kilobytes = (size) => size < 1_000_000 ? `${Math.max(1, Math.round(size / 1000))} KB` : `${(size / 1_000_000).toFixed(1)} MB`

function chip(name) {
  const item = document.createElement("li")
  item.className = "file"
  const words = document.createElement("span")
  words.textContent = `${name}, sending`
  const remove = document.createElement("button")
  remove.type = "button"
  remove.textContent = "×"
  remove.setAttribute("aria-label", `Remove ${name}`)
  remove.addEventListener("click", () => { item.remove(); composer()?.elements.body.focus() })
  item.append(words, remove)
  return item
}

async function send(file, form) {
  const item = chip(file.name || "picture.png")
  form.querySelector("[data-files]").append(item)
  const body = new FormData()
  body.append("file", file, file.name || "picture.png")
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value)
  const words = item.querySelector("span")
  try {
    const response = await fetch(form.querySelector("[data-attach]").dataset.attach, { method: "POST", body, headers: { Accept: "application/json" } })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error?.detail)
    const id = document.createElement("input")
    id.type = "hidden"
    id.name = "attachments"
    id.value = answer.id
    item.append(id)
    words.textContent = `${answer.name}, ${kilobytes(answer.size)}`
  } catch (error) {
    item.classList.add("failed")
    const reason = error instanceof TypeError || error instanceof SyntaxError ? "could not be sent. Try again." : error.message
    words.textContent = `${file.name || "picture.png"}: ${reason}`
  }
}

function take(files) {
  const form = composer()
  if (form) for (const file of files) send(file, form)
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-attach]")) return
  take(event.target.files)
  event.target.value = ""
})
document.addEventListener("paste", (event) => {
  const files = event.clipboardData?.files
  if (!files?.length || !event.target.closest?.("[data-composer]")) return
  event.preventDefault()
  take(files)
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
  take(event.dataTransfer.files)
})
// A file still under way would miss the message.
document.addEventListener("htmx:confirm", (event) => {
  const form = event.detail.elt.closest?.("[data-composer]")
  if (!form || ![...form.querySelectorAll("[data-files] .file")].some((item) => !item.querySelector("input") && !item.matches(".failed"))) return
  event.preventDefault()
  document.dispatchEvent(new CustomEvent("desk:toast", { detail: { text: "A file is still being sent. One moment." } }))
})
