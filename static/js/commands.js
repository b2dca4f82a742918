// What a page can do, read off the page: its links, buttons, menus and switches, under the names they have there.
import { act, reveal } from "./keys.js"
import { gettext } from "./words.js"

const LOOK = "#palette-look"
const SOURCES = [
  [gettext("Selected"), "#bulk[data-active]"],
  [gettext("This ticket"), "#conversation, #side"],
  [gettext("Go to"), "#rail, #views"],
  [gettext("Look and keys"), LOOK],
]
const WANTED = "[data-command], [data-key], #ticket-head :is(a, button), #rail a[href], #rail button, #palette-look input[type=radio]"
// What only opens a pane, leads back, or stands there once more for phones is no command.
const NEVER = ".brand, .back, .narrow, [data-toggle], summary, [popover] *, dialog:not(#palette) *, [hidden], [hidden] *, :disabled, [data-palette], template *"

const said = (text) => (text ?? "").replace(/\s+/g, " ").replace(/\s*\([^)]{1,9}\)/g, "").trim()

/** The name under which something is offered: its own word for it, or what a screen reader says. */
function nameOf(element) {
  const words = element.dataset.command ?? element.getAttribute("aria-label") ?? element.title
  if (words) return said(words)
  if (element.labels?.length) return said(element.labels[0].textContent)
  return said([...element.childNodes].filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join(""))
}

/** Its English name, for whoever knows the desk by that: where the page shows another. */
function alsoOf({ dataset }) {
  return dataset.also === dataset.command ? "" : dataset.also
}

/** The key that does it: its own, or the one its title tells of, as in "Customers (g c)". */
function keyOf({ dataset, title }) {
  return dataset.key ?? dataset.bulkKey ?? dataset.byKey ?? title.match(/\(([^)]{1,5})\)$/)?.[1] ?? ""
}

function press(element) {
  if (element.dataset.byKey) return act(element.dataset.byKey)
  reveal(element)
  if (element.matches("a, button, summary")) element.click()
  else element.focus()
}

/** A menu is offered choice by choice, a field to be stepped into, all else to be pressed. */
function commandsOf(element, group) {
  const base = { group, key: keyOf(element), also: alsoOf(element), isKept: true }
  if (element.matches("select")) {
    return [...element.options].filter((option) => !option.selected).map((option) => ({
      ...base, key: "", name: `${nameOf(element)}: ${said(option.textContent)}`, run: () => choose(element, option.value),
    }))
  }
  if (element.matches("input[type=radio]")) {
    if (element.checked) return []
    const name = `${said(element.closest("fieldset").querySelector("legend").textContent)}: ${said(element.closest("label").textContent)}`
    return [{ ...base, name, run: () => element.click() }]
  }
  return [{ ...base, name: nameOf(element), run: () => press(element) }]
}

function choose(select, value) {
  select.value = value
  select.dispatchEvent(new Event("change", { bubbles: true }))
}

/** All commands of the page as it is now: [{group, name, key, run}]; the same thing once. */
export function collect() {
  const names = new Set(), all = []
  for (const [group, where] of SOURCES) {
    for (const place of document.querySelectorAll(where)) {
      for (const element of place.querySelectorAll(WANTED)) {
        if (where !== LOOK && element.matches(NEVER)) continue
        for (const command of commandsOf(element, group)) {
          if (!command.name || names.has(command.name)) continue
          names.add(command.name)
          all.push(command)
        }
      }
    }
  }
  return all
}
