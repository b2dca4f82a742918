// The words as they will look, in place of the field: the server draws them, as it will draw them for everybody.
const preview = (form) => form.querySelector("[data-rehearsal]")
const button = (form) => form.querySelector("[data-rehearse]")
const isOpen = (form) => form && !preview(form).hidden

function open(form) {
  const { body, csrfmiddlewaretoken } = form.elements, place = preview(form)
  place.style.minBlockSize = `${body.offsetHeight}px`   // nothing jumps
  place.replaceChildren()
  place.hidden = false
  button(form).setAttribute("aria-pressed", "true")
  place.focus()
  htmx.ajax("POST", button(form).dataset.rehearse, { source: place, target: place, swap: "innerHTML", values: { body: body.value, csrfmiddlewaretoken: csrfmiddlewaretoken.value } })
}

function close(form) {
  preview(form).hidden = true
  button(form).setAttribute("aria-pressed", "false")
  form.elements.body.focus()
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("[data-rehearse]")
  if (pressed) return isOpen(pressed.form) ? close(pressed.form) : open(pressed.form)
  const form = event.target.closest?.("[data-rehearsal]")?.closest("form")
  if (form && !event.target.closest("a") && !String(getSelection())) close(form)   // to write on, press where one reads
})
// Whoever changes to a note, sends, or takes something in, wants the field.
for (const name of ["change", "input", "desk:emptied"]) document.addEventListener(name, (event) => {
  const form = event.target.closest?.("[data-composer]")
  if (isOpen(form)) close(form)
})
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-rehearsal]")?.closest("form")
  if (!form || event.key !== "Escape") return
  event.preventDefault()
  event.stopPropagation()
  close(form)
}, true)
