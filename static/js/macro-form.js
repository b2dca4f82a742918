// The form of a macro: what is different each time goes where the cursor was, and a step can be taken out.

const body = () => document.querySelector("#macro-form [name=body]")

document.addEventListener("click", (event) => {
  const variable = event.target.closest("[data-insert]")
  if (variable) {
    body().setRangeText(variable.dataset.insert, body().selectionStart, body().selectionEnd, "end")
    body().dispatchEvent(new Event("input", { bubbles: true }))
    body().focus()
  }
  const clear = event.target.closest("[data-clear]")
  if (clear) takeOut(clear.closest(".macro-step"))
})

/** The rows below move up: an empty one in the middle would hide those after it. */
function takeOut(row) {
  const rows = [...document.querySelectorAll(".macro-step")], at = rows.indexOf(row)
  const controls = (one) => [...one.querySelectorAll("select, textarea")]
  for (let i = at; i < rows.length; i += 1) {
    const next = rows[i + 1] ? controls(rows[i + 1]).map((control) => control.value) : ["", ""]
    controls(rows[i]).forEach((control, n) => { control.value = next[n] })
  }
  row.querySelector("select").focus()
  row.querySelector("select").dispatchEvent(new Event("input", { bubbles: true }))
}
