/*
 * Every word the widget says: texts/en.js and one table for each other language, of which only the chosen one is loaded.
 * A new word is added to texts/en.js; where a language lacks it, English stands in (and a test says so).
 */
import en from "./texts/en.js";

// Written out, so that each address is found and stamped when the static files are collected.
const TABLES = {
  en: () => ({ default: en }),
  de: () => import("./texts/de.js"),
  fr: () => import("./texts/fr.js"),
  es: () => import("./texts/es.js"),
  pt: () => import("./texts/pt.js"),
  ar: () => import("./texts/ar.js"),
  ja: () => import("./texts/ja.js"),
};
const RIGHT_TO_LEFT = ["ar"];

export const LANGUAGES = Object.keys(TABLES);
const loaded = { en };

/** "de" for "de-CH", where we speak it; otherwise null. */
function spoken(locale) {
  const language = String(locale || "").toLowerCase().split(/[-_]/)[0];
  return Object.hasOwn(TABLES, language) ? language : null;
}

/** The language to use for a locale such as "de-CH": its own table, or English. */
export function languageOf(locale) {
  return spoken(locale) || "en";
}

/** "rtl" or "ltr". */
export function directionOf(locale) {
  return RIGHT_TO_LEFT.includes(languageOf(locale)) ? "rtl" : "ltr";
}

/**
 * Which locale to speak: the page's or else the first of the browser's whose language the site offers (`offered`: codes;
 * none means all), else the site's own, else English. The server chooses its greeting in the same way (accounts/languages.py).
 */
export function chooseLocale({ page, offered = [], browser = [], site }) {
  const isOffered = (locale) => spoken(locale) && (!offered.length || offered.some((code) => spoken(code) === spoken(locale)));
  return tidy([page, ...browser].find(isOffered) || [site].find(spoken) || "en");
}

/** As Intl wants it: "de-AT" for "de_at"; only the language of what it would refuse. */
function tidy(locale) {
  try {
    return Intl.getCanonicalLocales(locale.replaceAll("_", "-"))[0];
  } catch {
    return languageOf(locale);
  }
}

/** Fetch the words of a locale; where that fails, English it is. */
export async function loadTexts(locale) {
  const language = languageOf(locale);
  if (loaded[language]) return;
  try {
    loaded[language] = (await TABLES[language]()).default;
  } catch { /* a line that broke: the chat matters more than its language */ }
}

/**
 * A function that says `key` in the language of `locale`, once that is loaded: say("here", {count: 2}).
 * Numbers are written as there; where one begins a sentence ("Two of us are here."), a small one in words.
 */
export function textsFor(locale) {
  const isLoaded = Boolean(loaded[languageOf(locale)]);
  const language = isLoaded ? languageOf(locale) : "en";
  const table = loaded[language];
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(isLoaded ? locale : "en");
  const isRtl = RIGHT_TO_LEFT.includes(language);
  // An address keeps its own direction, a list of names has the language's, and neither turns what stands around it.
  const isolated = (name, text) => (isRtl ? `${name === "names" ? "\u2067" : "\u2068"}${text}\u2069` : text);
  const written = (name, value) => (typeof value === "number" ? number.format(value) : isolated(name, String(value ?? "")));

  return function say(key, values = {}) {
    let text = table[key] ?? en[key] ?? key;
    if (typeof text === "object") text = text[plural.select(values.count)] ?? text.other;
    const inWords = text.startsWith("{count}") ? table.numbers[values.count] : null;
    return text.replace(/\{(\w+)\}/g, (_, name) => (name === "count" && inWords) || written(name, values[name]));
  };
}
