// Fields for addresses (`data-people`, the URL that finds and reads them): what one types is found among customers.
// With `data-several` and a place for chips, each address becomes a chip, also from a pasted list; otherwise what is
// chosen stands in the field. Says `desk:people` when the chips change. Without this the field is plain text.
import { postForm } from "./posting.js"
import { gettext } from "./words.js"

const WAIT = 150           // ms after the last key
const shown = new WeakMap() // field -> {list, found, at}
let last = 0               // the newest question; older answers come too late

const isField = (target) => target?.matches?.("[data-people]")
const chipsOf = (field) => field.closest("form").querySelector("[data-chips]")
const written = ({ name, email }) => name && !/[<>",;]/.test(name) ? `${name} <${email}>` : email

/** The addresses that are chips, as a form sends them. */
export function chosen(form) {
  return [...form.querySelectorAll("[data-chips] input[name=to]")].map((input) => input.value)
}

/** Show these as chips; what is none yet is asked for. */
export async function takeList(field, text) {
  const found = await read(field, text)
  if (!found) return false
  for (const person of found.people) addChip(field, person)
  field.value = found.wrong.join(", ")
  field.setCustomValidity("")
  changed(field)
  return true
}

async function read(field, text) {
  try {
    const response = await postForm(field.dataset.people, new URLSearchParams({ to: text }))
    return response.ok ? await response.json() : null
  } catch {
    return null   // no connection: the field keeps it, and the desk reads it when it is sent
  }
}

const changed = (field) => field.dispatchEvent(new CustomEvent("desk:people", { bubbles: true }))

function addChip(field, person) {
  const chips = chipsOf(field)
  if ([...chips.children].some((chip) => chip.dataset.email === person.email)) return
  const chip = document.createElement("li"), name = document.createElement("bdi"), input = document.createElement("input")
  chip.className = person.trouble ? "chip trouble" : "chip"
  chip.dataset.email = person.email
  chip.title = person.email
  name.textContent = person.name || person.email
  Object.assign(input, { type: "hidden", name: "to", value: written(person) })
  const remove = document.createElement("button")
  Object.assign(remove, { type: "button", textContent: "×", title: gettext("Remove") })
  remove.setAttribute("aria-label", gettext("Remove %(name)s", { name: person.name || person.email }))
  remove.addEventListener("click", () => { chip.remove(); field.focus(); changed(field) })
  chip.append(name)
  if (person.trouble) chip.append(Object.assign(document.createElement("small"), { textContent: ` ${person.trouble}` }))
  chip.append(input, remove)
  chips.append(chip)
}

// --- What is found ---
async function find(field) {
  const words = wordsOf(field), asked = ++last
  if (words.length < 2) return close(field)
  const query = new URLSearchParams({ q: words, company: field.dataset.company ?? "" })
  let people
  try {
    const response = await fetch(`${field.dataset.people}?${query}`, { headers: { Accept: "application/json" } })
    people = response.ok ? (await response.json()).people : []
  } catch {
    return
  }
  if (asked === last && document.activeElement === field) open(field, people)
}

/** What is being typed: after the last comma, where the field takes several without chips. */
const wordsOf = (field) => (chipsOf(field) || !("several" in field.dataset) ? field.value : field.value.split(/[,;]/).at(-1)).trim()

function open(field, people) {
  close(field)
  if (!people.length) return
  const list = document.createElement("ul"), place = field.parentElement
  list.className = "people-list"
  list.id = `${field.id}-found`
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", gettext("Customers"))
  list.append(...people.map((person, index) => option(field, person, index)))
  place.classList.add("people-place")
  field.after(list)
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "true"], ["aria-controls", list.id]]) field.setAttribute(name, value)
  shown.set(field, { list, found: people, at: -1 })
}

function option(field, person, index) {
  const item = document.createElement("li"), more = document.createElement("small")
  item.id = `${field.id}-found-${index}`
  item.setAttribute("role", "option")
  item.append(Object.assign(document.createElement("bdi"), { textContent: person.name || person.email }))
  more.textContent = [person.name && person.email, person.company, person.trouble].filter(Boolean).join(" · ")
  item.append(more)
  item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(field, person) })
  return item
}

function close(field) {
  shown.get(field)?.list.remove()
  shown.delete(field)
  for (const name of ["role", "aria-autocomplete", "aria-expanded", "aria-controls", "aria-activedescendant"]) field.removeAttribute(name)
}

function choose(field, person) {
  close(field)
  last += 1
  if (chipsOf(field)) {
    addChip(field, person)
    field.value = ""
  } else if ("several" in field.dataset) {
    field.value = [...field.value.split(/[,;]/).slice(0, -1).map((part) => part.trim()), written(person)].join(", ")
  } else {
    field.value = written(person)
  }
  changed(field)
}

function move(field, step) {
  const state = shown.get(field), options = [...state.list.children]
  state.at = (state.at + step + options.length) % options.length
  options.forEach((item, index) => item.setAttribute("aria-selected", String(index === state.at)))
  field.setAttribute("aria-activedescendant", options[state.at].id)
  options[state.at].scrollIntoView({ block: "nearest" })
}

// --- Keys ---
let waiting = 0
document.addEventListener("input", (event) => {
  const field = event.target
  if (!isField(field)) return
  clearTimeout(waiting)
  waiting = setTimeout(() => find(field), WAIT)
})
document.addEventListener("keydown", (event) => {
  const field = event.target
  if (!isField(field) || event.isComposing) return
  const state = shown.get(field), hasChips = Boolean(chipsOf(field))
  if (state && (event.key === "ArrowDown" || event.key === "ArrowUp")) move(field, event.key === "ArrowDown" ? 1 : -1)
  else if (state && event.key === "Escape") { event.stopPropagation(); close(field) }
  else if (state && state.at >= 0 && (event.key === "Enter" || event.key === "Tab")) choose(field, state.found[state.at])
  else if (hasChips && field.value.trim() && (event.key === "Enter" || event.key === "," || event.key === ";") && !event.ctrlKey && !event.metaKey) { close(field); takeList(field, field.value) }
  else if (hasChips && !field.value && event.key === "Backspace") chipsOf(field).lastElementChild?.querySelector("button").click()
  else if (!(hasChips && event.key === "Enter" && !event.ctrlKey && !event.metaKey)) return
  event.preventDefault()
}, true)
document.addEventListener("paste", (event) => {
  const field = event.target, text = event.clipboardData?.getData("text") ?? ""
  if (!isField(field) || !chipsOf(field) || !text.includes("@")) return
  event.preventDefault()
  field.value = `${field.value} ${text}`.trim()
  takeList(field, field.value)
})
document.addEventListener("focusout", ({ target: field }) => {
  if (!isField(field)) return
  close(field)
  if (chipsOf(field) && field.value.includes("@")) takeList(field, field.value)
})
