// Another ticket is chosen by its number, its reference, or words in it: what is found stands below the field.
// `data-chooser` is the address that finds; `data-but` is the number of the ticket that is not offered.

const place = (element) => element?.closest?.("[data-chooser]")
const parts = (chooser) => ({ field: chooser.querySelector("input"), list: chooser.querySelector("[role=listbox]"), chosen: chooser.querySelector("[data-chosen]") })
let timer = 0, asked = 0

function close(chooser) {
  const { field, list } = parts(chooser)
  list.hidden = true
  field.setAttribute("aria-expanded", "false")
  field.removeAttribute("aria-activedescendant")
}

function option({ number, name, detail }, index) {
  const line = document.createElement("li"), words = document.createElement("span"), small = document.createElement("small")
  line.id = `choice-${index}`
  line.setAttribute("role", "option")
  line.setAttribute("aria-selected", "false")
  line.dataset.number = number
  line.dataset.name = name
  words.textContent = name
  words.dir = "auto"
  small.textContent = detail
  line.append(words, small)
  return line
}

async function find(chooser) {
  const { field, list } = parts(chooser), words = field.value.trim(), mine = ++asked
  if (words.length < 2 && !/^#?\d+$/.test(words)) return close(chooser)
  try {
    const answer = await fetch(`${chooser.dataset.chooser}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } })
    if (!answer.ok || mine !== asked || !field.isConnected) return
    const { found } = await answer.json()
    const tickets = found.filter(({ number }) => number && String(number) !== chooser.dataset.but)
    list.replaceChildren(...tickets.map(option))
    list.hidden = !tickets.length
    field.setAttribute("aria-expanded", String(tickets.length > 0))
    field.removeAttribute("aria-activedescendant")
  } catch { /* no connection: a number can still be typed */ }
}

function point(chooser, step) {
  const { field, list } = parts(chooser), options = [...list.children]
  if (list.hidden || !options.length) return false
  const was = options.findIndex((one) => one.getAttribute("aria-selected") === "true")
  const at = (was + step + options.length + (was < 0 && step < 0 ? 1 : 0)) % options.length
  options.forEach((one, index) => one.setAttribute("aria-selected", String(index === at)))
  field.setAttribute("aria-activedescendant", options[at].id)
  options[at].scrollIntoView({ block: "nearest" })
  return true
}

function choose(chooser, line) {
  const { field, chosen } = parts(chooser)
  field.value = line.dataset.number
  chosen.textContent = line.dataset.name
  close(chooser)
  field.focus()
}

document.addEventListener("input", (event) => {
  const chooser = place(event.target)
  if (!chooser || event.target !== parts(chooser).field) return
  parts(chooser).chosen.textContent = ""
  clearTimeout(timer)
  timer = setTimeout(() => find(chooser), 150)
})
document.addEventListener("keydown", (event) => {
  const chooser = place(event.target)
  if (!chooser || event.isComposing || parts(chooser).list.hidden) return
  const line = parts(chooser).list.querySelector("[aria-selected=true]")
  if (event.key === "ArrowDown" || event.key === "ArrowUp") point(chooser, event.key === "ArrowDown" ? 1 : -1)
  else if (event.key === "Enter" && line) choose(chooser, line)
  else if (event.key === "Escape") close(chooser)   // first the list, then the panel
  else return
  event.preventDefault()
  event.stopPropagation()
})
document.addEventListener("click", (event) => {
  const line = event.target.closest?.("[data-chooser] [role=option]")
  if (line) return choose(place(line), line)
  for (const chooser of document.querySelectorAll("[data-chooser]")) if (!chooser.contains(event.target)) close(chooser)
})

// A line of a checklist is added by Enter; what is pasted keeps its lines, and Shift makes another one.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("[data-lines]")) return
  event.preventDefault()
  if (event.target.value.trim()) event.target.form.requestSubmit()
})
document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-lines]")) target.rows = Math.min(8, target.value.split("\n").length)
})
