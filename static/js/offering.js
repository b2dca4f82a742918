// An offer beside a ticket: a remedy that is chosen fills its row, as long as nobody wrote there. All that is reckoned
// (ratio, cap, budgets) is reckoned by the server.

const rowOf = (select) => select.name.split("-")[1]

function fill(field, value) {
  if (!field || (field.value && !("suggested" in field.dataset))) return
  field.value = value
  field.dataset.suggested = ""
}

document.addEventListener("change", ({ target }) => {
  const form = target.form
  if (!form?.matches("[data-offer]") || !target.matches("[data-remedy]")) return
  const { words = "", value = "" } = target.selectedOptions[0].dataset
  fill(form.elements[`words-${rowOf(target)}`], words)
  fill(form.elements[`value-${rowOf(target)}`], value)
})

document.addEventListener("input", ({ target }) => {
  if (target.form?.matches("[data-offer]")) delete target.dataset.suggested
})
