/* The widget's page: meets the page around it, learns who is here and what they speak, and starts the widget. */
import { useAccent } from "./color.js";
import { Consent } from "./consent.js";
import { fillWords, part } from "./dom.js";
import { meetHost } from "./host.js";
import { Storage } from "./storage.js";
import { chooseLocale, directionOf, languageOf, loadTexts, textsFor } from "./texts.js";
import { Widget } from "./widget.js";

const settings = JSON.parse(document.getElementById("widget-settings").textContent);
const { site } = settings;

if (settings.preview || new URLSearchParams(location.search).get("preview") === "1") import("./preview.js").then(({ showPreview }) => showPreview(site));
else meet();

function meet() {
  const storage = new Storage(`makegood:${site.key}:`);
  let arrival; // a promise of the widget, once we know who is here and have the words of their language
  const hear = (name) => (message) => arrival?.then((widget) => widget[name](message));
  const consent = new Consent({ site, storage, tell: (message) => host?.tell(message), onChange: (given) => arrival.then((widget) => widget.consented(given)) });
  const hello = (message) => (arrival ||= arrive({ settings, host, storage, consent, message })); // it may come again, when the frame was moved
  const hears = {
    hello,
    shown: hear("shown"),
    page: hear("moved"),
    identify: hear("identify"),
    consent: ({ given }) => consent.hear(given),
    look: ({ color }) => useAccent(color || site.color),
  };
  const host = meetHost(hears, { consent: consent.isRemembered });
  if (host) host.tell({ type: "look", color: site.color, position: site.position });
  else hello(alone(storage, consent));
}

/** What a host page would say, when there is none. */
function alone(storage, { isRemembered }) {
  const mayKeep = isRemembered || !site.needs_consent;
  const token = mayKeep ? storage.peek("token") : null;
  return { token, consent: mayKeep || null, asks: isRemembered, open: true, page: { url: location.href, title: document.title } };
}

async function arrive({ settings, host, storage, consent, message }) {
  consent.begin(message);
  const locale = chooseLocale({ page: message.locale, offered: site.locales, browser: navigator.languages, site: site.locale });
  await loadTexts(locale);
  const say = textsFor(locale);
  document.documentElement.lang = languageOf(locale);
  document.documentElement.dir = directionOf(locale);
  host?.tell({ type: "look", color: site.color, position: site.position, locale });
  useAccent(message.color || site.color);
  fillWords(say);
  part("greeting-text").textContent = site.greeting || say("greeting");
  const widget = new Widget({ settings, host, storage, consent, say, locale });
  widget.arrive(message);
  return widget;
}
