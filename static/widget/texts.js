/* Every word the widget says, one table per language. A value is a text or, where a number decides, its plural forms. */

const en = {
  close: "Close chat",
  more: "More",
  send: "Send",
  write: "Write a message",
  log: "Conversation",
  greeting: "Hello! What can we do for you?",
  connecting: "One moment…",
  reconnecting: "Reconnecting…",
  polling: "Your messages reach us. Answers appear here.",
  here: { one: "{count} of us is here.", other: "{count} of us are here." },
  nobody: "Nobody is here right now. Leave a message and we answer as soon as we are back.",
  closed: "We are closed right now. Leave a message and we answer as soon as we are back.",
  waitMoment: "First answer in about a minute.",
  waitMinutes: { one: "First answer in about {count} minute.", other: "First answer in about {count} minutes." },
  waitHours: { one: "First answer in about {count} hour.", other: "First answer in about {count} hours." },
  numbers: ["None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"],
  place: { one: "You are next.", other: "You are number {count} in the queue." },
  today: "Today",
  yesterday: "Yesterday",
  you: "You",
  team: "Our team",
  sending: "Sending",
  sent: "Sent",
  seen: "Seen",
  late: "Not sent. Tap to try again",
  refused: "Not sent. Tap to try again",
  tooLong: "Too long to send. Tap to shorten it",
  newer: "New message",
  fileSave: "Save {name}",
  fileLoading: "Loading…",
  fileGone: "This file is not there any more.",
  fileFailed: "It could not be loaded. Please try again.",
  typing: "{name} is writing…",
  lost: "No connection. Your text is safe, we keep trying.",
  gone: "This chat is not available.",
  solved: "{name} marked this as solved. If it is not, just write.",
  solvedBySystem: "This was marked as solved. If it is not, just write.",
  reopened: "This conversation is open again.",
  ended: "The chat has ended. Write any time, it carries on here.",
  menuNew: "New conversation",
  menuEarlier: "Earlier conversations",
  menuMail: "Get the answer by email too",
  menuEnd: "End chat",
  earlier: "Earlier conversations",
  earlierNone: "This is the only one so far.",
  earlierFailed: "They could not be loaded. Please try again.",
  back: "Back to the chat",
  contactAsk: "Leave your email and the answer reaches you there too.",
  email: "Your email",
  contactSave: "Save",
  contactLater: "Not now",
  contactSaved: "Thank you. The answer reaches you at {email} too.",
  contactInvalid: "Please check the address.",
  contactFailed: "That did not work. Please try again.",
};

const LANGUAGES = { en };

/** The language to use for a locale such as "de-CH": its own table, or English. */
export function languageOf(locale) {
  const language = String(locale || "en").toLowerCase().split("-")[0];
  return Object.hasOwn(LANGUAGES, language) ? language : "en";
}

/** A function that says `key` in the language of `locale`: say("here", {count: 2}). */
export function textsFor(locale) {
  const language = languageOf(locale);
  const table = LANGUAGES[language];
  const plural = new Intl.PluralRules(language);
  const inWords = (count) => table.numbers[count] ?? String(count);

  return function say(key, values = {}) {
    let text = table[key] ?? en[key] ?? key;
    if (typeof text === "object") text = text[plural.select(values.count)] ?? text.other;
    const startsWithCount = text.startsWith("{count}"); // "Two of us are here.", but "about 2 minutes"
    return text.replace(/\{(\w+)\}/g, (_, name) => (name === "count" && startsWithCount ? inWords(values.count) : String(values[name] ?? "")));
  };
}
