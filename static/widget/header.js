/* Who is there and how long it takes, as far as the server said so; never more than that. */
import { make } from "./dom.js";

const FACES = 3;
const DAY = 86_400_000; // ms

/** The sentence under the company's name. */
export function presenceText(presence, say, locale = "en", now = Date.now()) {
  if (!presence) return "";
  const agents = presence.agents || [];
  if (!agents.length) return absence(presence, say, locale, now); // whoever is here after hours is here
  return [whoIsHere(agents, say, locale), waitText(presence.wait_seconds, say)].filter(Boolean).join(" ");
}

/** "Alice and Bob are here." Names where we have them, and never a long list. */
function whoIsHere(agents, say, locale) {
  const names = agents.map(({ name }) => name).filter(Boolean);
  if (names.length < agents.length) return say("here", { count: agents.length });
  if (names.length > FACES) return say("hereOthers", { names: names.slice(0, FACES - 1).join(", "), count: names.length - FACES + 1 });
  return say("hereNames", { names: new Intl.ListFormat(locale).format(names), count: names.length });
}

function absence({ open, opens_at }, say, locale, now) {
  if (open) return say("nobody");
  const back = backText(opens_at, say, locale, now);
  return back ? `${say("closedNow")} ${back}` : say("closed");
}

/** When we are back, on the visitor's own clock: "We are back Monday at 09:00." */
export function backText(opensAt, say, locale, now = Date.now()) {
  const at = new Date(opensAt ?? NaN);
  if (!(at > now)) return "";
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(at);
  const days = Math.round((at.setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / DAY);
  if (days < 2) return say(days ? "backTomorrow" : "backToday", { time });
  const parts = days < 7 ? { weekday: "long" } : { weekday: "long", day: "numeric", month: "long" };
  return say("backOn", { day: new Intl.DateTimeFormat(locale, parts).format(at), time });
}

function waitText(seconds, say) {
  if (typeof seconds !== "number" || seconds < 0) return "";
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return say("waitMoment");
  if (minutes < 90) return say("waitMinutes", { count: minutes });
  return say("waitHours", { count: Math.round(minutes / 60) });
}

/** Initials in place of pictures that did not load or do not exist. */
export function initialsOf(name = "") {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toLocaleUpperCase()).join("");
}

export function drawFaces(box, agents = []) {
  const wanted = JSON.stringify(agents.slice(0, FACES));
  if (box.dataset.drawn === wanted) return;
  box.dataset.drawn = wanted;
  box.replaceChildren(...agents.slice(0, FACES).map(face));
  box.hidden = !agents.length;
}

/** A small round picture of a person, or their initials. */
export function face({ name, initials, picture }) {
  const node = make("span", "face");
  node.title = name || "";
  node.textContent = initials || initialsOf(name);
  if (!isOurs(picture)) return node;
  const image = make("img");
  image.alt = "";
  image.onload = () => node.replaceChildren(image);
  image.src = picture;
  return node;
}

/** The page's policy allows pictures of our own origin only; others would not load anyway. */
function isOurs(picture) {
  try {
    return Boolean(picture) && new URL(picture, location.href).origin === location.origin;
  } catch {
    return false;
  }
}
