// What is taken out of a message: select it in the text, and see how it will read.

const form = document.querySelector("[data-redact]")
const BLOCKS = "█".repeat(6)

function setUp() {
  const text = form.querySelector("[data-text]"), take = form.querySelector("[data-take]"), typed = form.querySelector("[data-typed]")
  const selected = () => text.value.slice(text.selectionStart, text.selectionEnd).trim()
  const boxes = () => [...form.querySelectorAll("input[type=checkbox][name=passage]")]

  take.hidden = false
  take.disabled = true
  document.addEventListener("selectionchange", () => { if (document.activeElement === text) take.disabled = !selected() })
  text.addEventListener("select", () => { take.disabled = !selected() })
  take.addEventListener("click", () => {
    if (selected()) choose(selected())
    take.disabled = true
    show()
  })
  form.addEventListener("input", show)
  show()

  function choose(passage) {
    const known = boxes().find((box) => box.value === passage)
    if (known) { known.checked = true; return }
    const label = document.createElement("label"), box = document.createElement("input"), words = document.createElement("bdi")
    label.className = "check"
    Object.assign(box, { type: "checkbox", name: "passage", value: passage, checked: true })
    words.textContent = passage
    label.append(box, words)
    typed.closest(".field").before(label)
  }

  function show() {
    const chosen = [...boxes().filter((box) => box.checked).map((box) => box.value), typed.value].filter((passage) => passage.trim())
    const left = chosen.sort((one, other) => other.length - one.length).reduce((words, passage) => words.replaceAll(passage, BLOCKS), text.value)
    form.querySelector("[data-preview]").hidden = left === text.value
    form.querySelector("[data-shown]").textContent = left
  }
}

if (form) setUp()
