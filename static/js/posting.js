// How a message of the outbox is posted, and under which name.

export const me = document.documentElement.dataset.me ?? ""   // another person in this browser neither sees nor sends these
const PATIENCE = 20_000     // ms for an answer; then it counts as not sent and is sent again
const KEPT_ALIVE = 30_000   // bytes of a request that may outlive its page

/** Ask the desk to store a message. Resolves to the response; rejects without one. */
export function post(item) {
  const fields = { client_id: item.client_id, kind: item.kind, body: item.body, by: me }
  const body = new URLSearchParams(fields)
  for (const file of item.files) body.append("attachments", file.id)
  for (const field of item.along ?? []) body.append(field.name, field.value)
  if (item.begun != null) body.set("begun_seq", item.begun)
  for (const [name, value] of Object.entries(item.asked ?? {})) body.set(name, value)
  return postForm(item.url, body)
}

/** Post fields so that a small request outlives its page. Resolves to the response; rejects without one. */
export function postForm(url, body) {
  const token = document.cookie.match(/(?:^|; )makegood_csrf=([^;]*)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
  return fetch(url, {
    method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
    keepalive: body.toString().length < KEPT_ALIVE,
    headers: { Accept: "application/json", "X-CSRFToken": token },
  })
}

/** A random id, also without https, where there is no randomUUID. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID()
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}
