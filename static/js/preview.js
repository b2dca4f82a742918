// The chat beside its settings: the panel itself in a frame, dressed in what is typed and not saved. It speaks to the
// panel by the same messages as the loader on a website does; the panel knows that it is one (widget/preview.js).
import { gettext } from "./words.js"

const RIGHT_TO_LEFT = ["ar"]
const box = document.querySelector("[data-preview-site]")
if (box) preview(box)

function preview(box) {
  const stage = box.querySelector("[data-stage]")
  const frame = box.querySelector("[data-frame]")
  const bubble = box.querySelector("[data-bubble]")
  const look = { color: box.dataset.color, locale: box.dataset.locale, greeting: undefined, theme: "light" }
  const dressPanel = () => frame?.contentWindow?.postMessage({ makegood: 1, type: "look", ...look }, location.origin)

  window.addEventListener("message", ({ source, origin, data }) => {
    if (frame && source === frame.contentWindow && origin === location.origin && data?.type === "ready") dressPanel()
  })

  /** The launcher here, the rest in the panel. */
  function dress() {
    stage.dir = RIGHT_TO_LEFT.includes(look.locale) ? "rtl" : "ltr" // the end of the line is at another side
    stage.dataset.scheme = look.theme
    stage.style.setProperty("--color", look.color)
    stage.style.setProperty("--on-color", luminance(look.color) > 0.3 ? "#1f1d1a" : "#fff")
    dressPanel()
  }

  const follow = {
    color: ({ value }) => { look.color = value },
    position: ({ value }) => { stage.dataset.position = value },
    bubble: ({ value }) => { if (bubble) bubble.textContent = value || gettext("What you write appears here.") },
    greeting(input) {
      look.locale = input.dataset.locale
      look.greeting = input.value.trim() || lastResort()
    },
  }

  /** The greeting of the language that stands in for the others. */
  function lastResort() {
    const code = document.querySelector("select[name=language]")?.value
    return document.querySelector(`[data-preview=greeting][data-locale="${code}"]`)?.value.trim() || ""
  }

  function heed({ target }) {
    const change = follow[target.dataset?.preview]
    if (!change || (target.type === "radio" && !target.checked)) return
    change(target)
    dress()
  }
  document.addEventListener("input", heed)
  document.addEventListener("focusin", ({ target }) => { if (target.dataset?.preview === "greeting") heed({ target }) })

  function light(theme) {
    look.theme = theme
    for (const input of box.querySelectorAll("[name=preview-scheme]")) input.checked = input.value === theme
    dress()
  }
  box.addEventListener("change", ({ target }) => { if (target.name === "preview-scheme") light(target.value) })

  for (const input of document.querySelectorAll("[data-preview]")) if (input.dataset.preview !== "greeting") heed({ target: input })
  const theme = document.documentElement.dataset.theme
  light(theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches) ? "dark" : "light")
  if (frame) frame.src = frame.dataset.address
}

/** Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2). */
function luminance(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

// On a phone the places are a row that scrolls: begin with the one that is open.
document.querySelector(".places-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" })
