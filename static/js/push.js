// Notes of the browser, switched on and off here. Permission is asked only when the button is pressed.
import { postForm } from "./posting.js"
import { gettext } from "./words.js"

const place = document.querySelector("[data-push]")
const { key, worker, subscribe, unsubscribe } = place.dataset
const on = place.querySelector("[data-push-on]"), off = place.querySelector("[data-push-off]")
const say = (words) => { place.querySelector("[data-push-says]").textContent = words }
const BLOCKED = gettext("This browser does not allow it. Allow notifications for this site in its settings, then come back.")

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0))
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
const current = async () => (await navigator.serviceWorker.getRegistration("/notifications/"))?.pushManager.getSubscription()

function nameOfBrowser() {
  const { userAgent } = navigator
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => userAgent.includes(`${name}/`))
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"].find((name) => userAgent.includes(name))
  const known = { Edg: "Edge", OPR: "Opera", CrOS: "ChromeOS", "Mac OS": "macOS" }
  const names = [browser, system].filter(Boolean).map((name) => known[name] ?? name)
  return names.length === 2 ? gettext("%(browser)s on %(system)s", { browser: names[0], system: names[1] }) : names[0] ?? gettext("A browser")
}

/** What was switched on under another key of ours, or is not known to the desk any more, is off. */
function isOurs(subscription) {
  const theirs = subscription?.options.applicationServerKey
  return Boolean(theirs) && text(theirs) === key && Boolean(place.querySelector(`[data-endpoint="${CSS.escape(subscription.endpoint)}"]`))
}

async function show() {
  if (!("PushManager" in window) || !navigator.serviceWorker) return say(gettext("This browser cannot show notes."))
  const subscription = await current(), isOn = isOurs(subscription)
  if (subscription && !isOn) await subscription.unsubscribe()
  on.hidden = isOn
  off.hidden = !isOn
  say(isOn ? gettext("On in this browser.") : Notification.permission === "denied" ? BLOCKED : "")
}

async function ready() {
  const news = gettext("Something is new for you.")   // a worker has no words of its own
  const registration = await navigator.serviceWorker.register(`${worker}?${new URLSearchParams({ news })}`, { scope: "/notifications/" })
  const starting = registration.installing ?? registration.waiting
  if (registration.active || !starting) return registration
  await new Promise((resolve) => starting.addEventListener("statechange", () => { if (starting.state === "activated") resolve() }))
  return registration
}

async function switchOn() {
  if (await Notification.requestPermission() !== "granted") return say(BLOCKED)
  const registration = await ready()
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
  const fields = { endpoint: subscription.endpoint, p256dh: text(subscription.getKey("p256dh")), auth: text(subscription.getKey("auth")), browser: nameOfBrowser() }
  const answer = await postForm(subscribe, new URLSearchParams(fields))
  if (!answer.ok) {
    await subscription.unsubscribe()
    throw new Error(`HTTP ${answer.status}`)
  }
  location.reload()   // it is in the list now
}

async function switchOff() {
  const subscription = await current()
  if (subscription) {
    await postForm(unsubscribe, new URLSearchParams({ endpoint: subscription.endpoint }))
    await subscription.unsubscribe()
  }
  location.reload()
}

/** One press, one try; what went wrong is said and can be tried again. */
function onPress(button, act) {
  button.addEventListener("click", async () => {
    button.disabled = true
    say(gettext("One moment…"))
    try {
      await act()
    } catch (error) {
      console.warn("push:", error)
      say(gettext("That did not work. Try again in a moment."))
    }
    button.disabled = false
  })
}
onPress(on, switchOn)
onPress(off, switchOff)
show().catch(() => say(gettext("This browser cannot show notes.")))
