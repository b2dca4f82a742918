// Who else has a ticket open: in its header and on its row. Passing signs: whoever is silent for a while is gone.
// Frames: `look` and `looking` in docs/protocol.md.
import { gettext } from "./words.js"

const SILENT_FOR = 25_000   // ms; it is said again every ten seconds
const SHOWN = 3
const lookers = new Map()   // reference → id → { name, initials, picture, until }

const openRef = () => (document.hidden ? "" : document.querySelector("#conversation[data-ref]")?.dataset.ref ?? "")

let told = null
function tell() {
  if (openRef() === told) return
  told = openRef()
  document.dispatchEvent(new CustomEvent("desk:send", { detail: { type: "look", ...(told && { ref: told }) } }))
}

function hear({ ref, by, is_here: isHere }) {
  const here = lookers.get(ref) ?? new Map()
  if (isHere) here.set(by.id, { ...by, until: Date.now() + SILENT_FOR })
  else here.delete(by.id)
  if (here.size) lookers.set(ref, here)
  else lookers.delete(ref)
  draw()
}

function forget() {
  const now = Date.now()
  for (const [ref, here] of lookers) {
    for (const [id, person] of here) if (person.until < now) here.delete(id)
    if (!here.size) lookers.delete(ref)
  }
  draw()
}

function face({ name, initials, picture }) {
  const sign = document.createElement("span")
  sign.className = "avatar us tiny"
  sign.title = gettext("%(name)s is looking at this", { name })
  sign.setAttribute("aria-hidden", "true")
  if (!picture) sign.textContent = initials
  else sign.append(Object.assign(new Image(64, 64), { src: picture, alt: "" }))
  return sign
}

/** "Bob is looking", "Bob and Lea are looking", "Bob, Lea and 2 more are looking". */
function words(people) {
  const names = people.slice(0, 2).map(({ name }) => name.split(" ")[0]), more = people.length - names.length
  if (more) return gettext("%(names)s and %(count)s more are looking too", { names: names.join(", "), count: more })
  const [name, other] = names
  return other ? gettext("%(name)s and %(other)s are looking too", { name, other }) : gettext("%(name)s is looking too", { name })
}

/** Only where something has changed: a status that is written anew is read out anew. */
function fill(place, people, withWords) {
  const key = people.map(({ id }) => id).join()
  if ((place.dataset.key ?? "") === key) return
  place.dataset.key = key
  place.replaceChildren(...people.slice(0, SHOWN).map(face))
  if (!people.length) return
  const line = document.createElement("span")
  line.textContent = words(people)
  if (!withWords) line.className = "said-only"
  place.append(line)
}

function draw() {
  for (const place of document.querySelectorAll("[data-lookers]")) {
    const people = [...(lookers.get(place.dataset.lookers)?.values() ?? [])]
    fill(place, people, place.hasAttribute("data-says"))
  }
}

document.addEventListener("desk:frame", (event) => {
  if (event.detail.type === "looking") hear(event.detail)
  else if (event.detail.type === "ready") { told = null; tell() }
})
document.addEventListener("visibilitychange", tell)
document.addEventListener("htmx:afterSettle", () => { tell(); draw() })
setInterval(forget, 5000)
