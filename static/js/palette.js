// Ctrl+K: everything that this page can do, by name. Nothing is listed here: commands are the page's own links, buttons,
// menus and switches, so what is not allowed or makes no sense now is not there either. The server adds what it finds.
import { match, rank } from "./fuzzy.js"
import { collect } from "./commands.js"
import { gettext, ngettext } from "./words.js"

const RECENT = `makegood.recent.${document.documentElement.dataset.me ?? ""}`
const MOST = 60, MOST_RECENT = 8
const dialog = () => document.getElementById("palette")
const field = () => dialog().querySelector("input")
const list = () => dialog().querySelector("[role=listbox]")
let commands = [], found = [], shown = [], at = 0, asked = 0

function recent() {
  try { return JSON.parse(localStorage.getItem(RECENT)) ?? [] } catch { return [] }
}

function remember(name) {
  const names = [name, ...recent().filter((one) => one !== name)].slice(0, MOST_RECENT)
  try { localStorage.setItem(RECENT, JSON.stringify(names)) } catch { /* it is forgotten, and nothing else */ }
}

function open() {
  if (dialog().open) return dialog().close()
  for (const panel of document.querySelectorAll("[popover]:popover-open")) panel.hidePopover()
  commands = collect()
  found = []
  field().value = ""
  dialog().showModal()
  field().focus()
  draw()
}

/** What is shown: without words the last used first, then all; with words the best match first. */
function draw() {
  const words = field().value.trim(), used = recent()
  if (words) {
    shown = rank(commands, words).slice(0, MOST).concat(found)
  } else {
    const last = used.map((name) => commands.find((one) => one.name === name)).filter(Boolean)
    shown = [...last.map((one) => ({ ...one, group: gettext("Used last") })), ...commands.filter((one) => !last.includes(one))].slice(0, MOST)
  }
  at = 0
  const groups = new Map()
  shown.forEach((one, place) => {
    if (!groups.has(one.group)) groups.set(one.group, makeGroup(one.group, groups.size))
    groups.get(one.group).append(makeOption(one, place))
  })
  list().replaceChildren(...groups.values())
  dialog().querySelector(".nothing").hidden = shown.length > 0
  dialog().querySelector("[data-count]").textContent = ngettext("%(count)s result", "%(count)s results", shown.length)
  // Groups may stand in another order than what they hold; the keys go by what one sees.
  const order = [...list().querySelectorAll("[role=option]")].map((option) => shown[option.dataset.place])
  list().querySelectorAll("[role=option]").forEach((option, place) => { option.id = `palette-${place}`; option.dataset.place = place })
  shown = order
  point(0)
}

function makeGroup(name, number) {
  const group = document.createElement("div"), title = document.createElement("span")
  group.setAttribute("role", "group")
  title.id = `palette-group-${number}`
  title.textContent = name
  group.setAttribute("aria-labelledby", title.id)
  group.append(title)
  return group
}

function makeOption({ name, detail, key, marks }, place) {
  const option = document.createElement("div"), label = document.createElement("span")
  option.setAttribute("role", "option")
  option.dataset.place = place
  for (const [index, letter] of [...name].entries()) {
    const part = marks?.has(index) ? document.createElement("mark") : null
    if (part) part.textContent = letter
    label.append(part ?? letter)
  }
  option.append(label)
  if (detail) {
    const small = document.createElement("small")
    small.textContent = detail
    option.append(small)
  }
  if (key) {
    const sign = document.createElement("kbd")
    sign.textContent = key
    option.append(sign)
  }
  return option
}

function point(place) {
  at = Math.max(0, Math.min(shown.length - 1, place))
  for (const option of list().querySelectorAll("[role=option]")) option.setAttribute("aria-selected", String(Number(option.dataset.place) === at))
  const option = document.getElementById(`palette-${at}`)
  if (option) field().setAttribute("aria-activedescendant", option.id)
  else field().removeAttribute("aria-activedescendant")
  option?.scrollIntoView({ block: "nearest" })
}

function run(command) {
  if (!command) return
  if (command.isKept) remember(command.name)
  dialog().close()
  command.run()
}

/** Tickets and people that have these words. An answer that comes too late is not shown. */
let timer = 0
function ask() {
  clearTimeout(timer)
  const words = field().value.trim(), mine = ++asked
  found = words ? found.filter(({ name, detail }) => match(`${name} ${detail}`, words)) : []   // until the answer is here
  if (words.length < 2 && !/^#?\d+$/.test(words)) return
  timer = setTimeout(async () => {
    try {
      const answer = await fetch(`${dialog().dataset.find}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } })
      if (!answer.ok || mine !== asked || !dialog().open) return
      const { found: rows } = await answer.json()
      found = rows.map(({ group, name, detail, url }) => ({ group, name, detail, run: () => { location.href = url } }))
      const was = at
      draw()
      point(was)
    } catch { /* no connection: what the page can do is still here */ }
  }, 150)
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || !dialog()) return
  event.preventDefault()
  open()
})
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-palette]")) return open()
  if (event.target === dialog()) return dialog().close()   // its veil
  const option = event.target.closest?.("#palette [role=option]")
  if (option) run(shown[option.dataset.place])
})
dialog()?.addEventListener("input", () => { ask(); draw() })
dialog()?.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]")
  if (option && Number(option.dataset.place) !== at) point(Number(option.dataset.place))
})
const STEPS = { ArrowDown: () => at + 1 >= shown.length ? 0 : at + 1, ArrowUp: () => at === 0 ? shown.length - 1 : at - 1, PageDown: () => at + 8, PageUp: () => at - 8 }
dialog()?.addEventListener("keydown", (event) => {
  if (event.isComposing) return
  if (event.key in STEPS) point(STEPS[event.key]())
  else if (event.key === "Enter") run(shown[at])
  else return
  event.preventDefault()
})
