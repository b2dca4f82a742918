/* The widget beside its settings: it looks as it will, and neither talks to the server nor keeps anything. */
import { Bubbles } from "./bubbles.js";
import { useAccent } from "./color.js";
import { fillWords, part, put } from "./dom.js";
import { drawFaces } from "./header.js";
import { layout } from "./layout.js";
import { chooseLocale, directionOf, languageOf, loadTexts, textsFor } from "./texts.js";
import { View } from "./view.js";

const AGENT = { kind: "agent", name: "Alice", initials: "A", you: false };
const VISITOR = { kind: "customer", name: "", you: true };

/** Show it, and change at once with what the settings page says: color, greeting, locale, theme. */
export function showPreview(site) {
  const look = { color: site.color, greeting: site.greeting, locale: site.locale, theme: null };
  const draw = drawing(site, look);
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== window.parent || origin !== location.origin || !["hello", "look"].includes(data?.type)) return;
    for (const name of Object.keys(look)) if (typeof data[name] === "string") look[name] = data[name];
    draw();
  });
  document.body.classList.add("preview");
  part("composer").inert = part("menu-button").inert = part("close").inert = true;
  part("attach").hidden = !site.features?.files;
  if (window.parent !== window) window.parent.postMessage({ makegood: 1, type: "ready" }, location.origin);
  draw();
}

function drawing(site, look) {
  let spoken, view;
  return async function draw() {
    const locale = chooseLocale({ page: look.locale, offered: site.locales, browser: [], site: site.locale });
    await loadTexts(locale);
    const say = textsFor(locale);
    useAccent(look.color);
    if (look.theme) document.documentElement.dataset.theme = look.theme;
    put(part("greeting-text"), look.greeting || say("greeting"));
    if (spoken === locale) return;
    spoken = locale;
    document.documentElement.lang = languageOf(locale);
    document.documentElement.dir = directionOf(locale);
    fillWords(say);
    view?.empty();
    view = new View({ log: part("log"), newer: part("newer"), more: part("earlier-messages"), bubbles: new Bubbles({ say, locale, files: { draw: () => "" }, faceOf: () => AGENT, onRetry: () => null }) });
    view.draw(layout({ events: sample(say), pending: [], seenUpTo: 1, say, locale }));
    drawFaces(part("faces"), [AGENT]);
    put(part("presence"), `${say("hereNames", { names: AGENT.name, count: 1 })} ${say("waitMinutes", { count: 3 })}`);
  };
}

function sample(say) {
  const at = new Date().toISOString();
  const message = (by, id, key) => ({ seq: id, type: "message.posted", at, by, message: { id, kind: "reply", body: say(key), client_id: null, attachments: [] } });
  return [message(VISITOR, 1, "sampleQuestion"), message(AGENT, 2, "sampleAnswer")];
}
