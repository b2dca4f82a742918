// Light or dark, comfortable or compact, single keys and sound or not: kept in this browser, applied before the first paint.
// A classic script in <head>, so that no page ever flashes in the wrong light.
(() => {
  const root = document.documentElement
  const choices = { theme: "system", density: "comfortable", keys: "on", sound: "on" }

  function read(name) {
    try { return localStorage.getItem(`makegood.${name}`) || choices[name] } catch { return choices[name] }
  }

  function apply(name, value) {
    root.dataset[name] = value
  }

  root.dataset.js = ""
  for (const name of Object.keys(choices)) apply(name, read(name))

  // Any <input data-appearance="theme" value="dark"> is a switch.
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.appearance
    if (!(name in choices)) return
    apply(name, event.target.value)
    try { localStorage.setItem(`makegood.${name}`, event.target.value) } catch { /* private window: this page only */ }
  })

  function showChoices() {
    for (const name of Object.keys(choices)) {
      for (const input of document.querySelectorAll(`[data-appearance="${name}"]`)) input.checked = input.value === root.dataset[name]
    }
  }
  document.addEventListener("DOMContentLoaded", showChoices)
  document.addEventListener("htmx:afterSettle", showChoices)
  // Another tab changed it.
  window.addEventListener("storage", (event) => {
    const name = event.key?.replace("makegood.", "")
    if (name in choices) { apply(name, event.newValue || choices[name]); showChoices() }
  })
})()
