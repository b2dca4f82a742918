/* Who is there and how long it takes, as far as the server said so; never more than that. */
import { make } from "./view.js";

const FACES = 3;

/** The sentence under the company's name. */
export function presenceText(presence, say) {
  const count = presence?.agents?.length || 0;
  if (!presence) return "";
  if (!count) return say(presence.open ? "nobody" : "closed"); // whoever is here after hours is here
  const wait = waitText(presence.wait_seconds, say);
  return wait ? `${say("here", { count })} ${wait}` : say("here", { count });
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

function face({ name, initials, picture }) {
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
