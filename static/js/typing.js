// What the others on the open ticket are typing. Passing words: they go when they are sent, deleted, or old.
import { gettext } from "./words.js"

const SHOWN_FOR = 8000   // ms after the last sign
let ends = 0

function show(frame) {
  const line = document.querySelector("[data-typing]")
  if (!line) return
  clearTimeout(ends)
  line.replaceChildren()
  // Empty words: they sent or deleted what stood there. No words at all: the preview is switched off.
  if (!frame.by || frame.text === "") return
  const who = document.createElement("b")
  who.textContent = frame.by.name || gettext("The customer")
  const said = frame.by.kind === "agent" ? gettext("%(name)s is writing an answer") : gettext("%(name)s is typing")
  const [before, after] = said.split("%(name)s")
  line.append(before, who, after)
  if (frame.text) {
    const words = document.createElement("q"), state = document.createElement("small")
    words.textContent = frame.text
    state.textContent = gettext("not sent yet")
    line.append(": ", words, " ", state)
  }
  ends = setTimeout(() => line.replaceChildren(), SHOWN_FOR)
}

document.addEventListener("desk:frame", (event) => {
  const frame = event.detail
  if (frame.ref !== document.querySelector("#conversation[data-ref]")?.dataset.ref) return
  if (frame.type === "typing") show(frame)
  else if (frame.type === "event" && frame.event?.message) show({})
})
