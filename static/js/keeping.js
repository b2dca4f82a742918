// Where the outbox keeps its items: in the browser's storage, or, where that keeps nothing, in this page's memory.
import { me } from "./posting.js"

export const PREFIX = `makegood.out.${me}.`
const memory = new Map()   // client_id -> item

/** Everything that is not stored on the server yet, oldest first. */
export function items(ref) {
  const found = new Map(memory)
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue
      const item = JSON.parse(localStorage.getItem(key))
      if (item?.client_id) found.set(item.client_id, item)
    }
  } catch { /* closed: only what this page remembers */ }
  return [...found.values()].filter((item) => !ref || item.ref === ref).sort((a, b) => a.order - b.order)
}

export const find = (client_id) => items().find((item) => item.client_id === client_id)

/** True if it also survives the page. */
export function keep(item) {
  try {
    localStorage.setItem(PREFIX + item.client_id, JSON.stringify(item))
    memory.delete(item.client_id)
    return true
  } catch {
    memory.set(item.client_id, item)
    return false
  }
}

export function drop(item) {
  memory.delete(item.client_id)
  try { localStorage.removeItem(PREFIX + item.client_id) } catch { /* it was never there */ }
}

window.addEventListener("beforeunload", (event) => { if (memory.size) event.preventDefault() })
