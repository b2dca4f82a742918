// A list that one searches, beside the composer that it is for: macros and articles are chosen in one each.
//
// `name` is the id of its panel and `list` that of its options; `address(form)` is where the desk is asked. What Enter
// would take is `chosen()`, or null while that is still being fetched (then call `settled` once it is here); it goes to
// `take(element, form)`. `selected(option or null)` hears of every change, `typed(value)` may answer true to stop the
// search, `left()` is told when Escape was pressed.

const GAP = 8         // px to the composer and to the edge of the window
const PHONE = 820     // px; narrower, the style sheet says where it is
const PAUSE = 120     // ms without a key before the desk is asked

export function chooser({ name, list: listId, address, chosen, take, selected = () => {}, typed = () => false, left = () => {} }) {
  const panel = () => document.getElementById(name)
  const search = () => panel()?.querySelector("input")
  const list = () => document.getElementById(listId)
  const option = `#${listId} [role=option]:not([aria-disabled])`
  const options = () => [...list().querySelectorAll("[role=option]:not([aria-disabled])")]
  const current = () => list().querySelector("[aria-selected=true]")
  const isOpen = () => panel()?.matches(":popover-open")
  let form = null                  // the composer that it is for
  let asked = "", listed = null    // the words that the desk was asked for, and those of the list as it is
  let isMeant = false              // Enter was pressed before the list, or what it stands for, was here
  let timer = 0

  function open(composer) {
    form = composer
    isMeant = false
    listed = null
    search().value = ""
    list().replaceChildren()
    selected(null)
    panel().showPopover()
    putInPlace()
    search().focus()
    find()
  }

  function close() {
    panel().hidePopover()
    form.elements.body.focus()
  }

  function putInPlace() {
    const { style, offsetWidth, offsetHeight } = panel()
    style.left = style.top = ""
    if (innerWidth <= PHONE) return
    const box = form.getBoundingClientRect()
    style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - offsetWidth - GAP))}px`
    style.top = `${Math.max(GAP, box.top - offsetHeight - GAP)}px`
  }

  function find() {
    asked = search().value
    htmx.ajax("GET", `${address(form)}?${new URLSearchParams({ q: asked })}`, { source: list(), target: list(), swap: "innerHTML" })
  }

  function select(one) {
    current()?.setAttribute("aria-selected", "false")
    if (one) {
      one.setAttribute("aria-selected", "true")
      one.scrollIntoView({ block: "nearest" })
      search().setAttribute("aria-activedescendant", one.id)
    } else search().removeAttribute("aria-activedescendant")
    selected(one ?? null)
  }

  function step(key) {
    const all = options(), at = all.indexOf(current())
    const next = { ArrowDown: all[at + 1] ?? all[0], ArrowUp: all[at - 1] ?? all.at(-1) }[key]
    if (next) select(next)
  }

  /** Take what is meant, once all of it is here. */
  function settled() {
    if (!isMeant || listed !== search().value || !chosen()) return
    isMeant = false
    take(chosen(), form)
  }

  function choose() {
    isMeant = true
    settled()
  }

  document.addEventListener("click", (event) => {
    const one = event.target.closest?.(option)
    if (!one) return
    clearTimeout(timer)
    htmx.trigger(list(), "htmx:abort")   // what one has pressed is meant, not what may come after it
    listed = search().value
    select(one)
    choose()
  })
  document.addEventListener("mouseover", (event) => {
    const one = event.target.closest?.(option)
    if (one && one !== current() && (event.movementX || event.movementY)) select(one)
  })
  document.addEventListener("input", (event) => {
    if (!isOpen() || event.target !== search() || typed(event.target.value)) return
    isMeant = false
    clearTimeout(timer)
    timer = setTimeout(find, PAUSE)
  })
  // Before the keys of the desk, to which Escape in a field means something else.
  document.addEventListener("keydown", (event) => {
    if (!isOpen() || !panel().contains(event.target) || event.isComposing) return
    const { key } = event, isArrow = key === "ArrowDown" || key === "ArrowUp"
    if (!isArrow && key !== "Enter" && key !== "Escape") return
    if (isArrow && event.target !== search()) return   // what stands beside it scrolls
    if (key === "Enter" && event.target.closest("a, button")) return
    event.preventDefault()
    event.stopPropagation()
    if (isArrow) step(key)
    else if (key === "Enter") choose()
    else { left(); close() }
  }, true)
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!isOpen() || event.target !== list()) return
    putInPlace()
    listed = asked
    isMeant &&= options().length > 0
    select(options()[0])
    settled()
  })
  return { open, close, settled, isOpen, current, list, search, form: () => form }
}
