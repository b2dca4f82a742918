// Tags that there are, offered while one types: in a field with commas (`data-tags`) for the last of them, else for all of it.

const list = document.createElement("datalist")
list.id = "tag-names"
let asked = "", timer = 0

function begun(field) {
  const text = field.value
  const at = field.dataset.tags === "one" ? 0 : text.lastIndexOf(",") + 1
  return [text.slice(0, at) + (at ? " " : ""), text.slice(at).trim()]
}

async function offer(field) {
  const [before, word] = begun(field)
  if (word === asked && list.isConnected) return
  asked = word
  const answer = await fetch(`/tags/?q=${encodeURIComponent(word)}`, { headers: { Accept: "application/json" } }).catch(() => null)
  if (!answer?.ok || begun(field)[1] !== word) return   // they have typed on
  const { tags } = await answer.json()
  const taken = new Set(before.split(",").map((name) => name.trim().toLowerCase()))
  list.replaceChildren(...tags.filter((name) => !taken.has(name.toLowerCase())).map((name) => new Option(before + name)))
  if (!list.isConnected) document.body.append(list)
  field.setAttribute("list", list.id)
}

for (const kind of ["focusin", "input"]) {
  document.addEventListener(kind, ({ target }) => {
    if (!target.matches?.("input[data-tags]")) return
    clearTimeout(timer)
    timer = setTimeout(() => offer(target), kind === "input" ? 120 : 0)
  })
}
