/* From a conversation's events to the list of things on screen, each with a key that stays. Pure. */

const SAME_BREATH = 5 * 60_000; // ms between two messages of one person that still belong together

/** The system lines that a customer has use for; other events only move the cursor. */
const LINES = {
  "ticket.resolved": ({ by }, say) => (by?.name && by.kind === "agent" ? say("solved", { name: by.name }) : say("solvedBySystem")),
  "ticket.reopened": (_, say) => say("reopened"),
  "chat.ended": (_, say) => say("ended"),
  "agent.joined": ({ by }, say) => say("joined", { name: by?.name || say("team") }),
};

/**
 * @param events the timeline's events · pending the outbox's items for this conversation · seenUpTo seq that our side has
 *   seen · opening words of the team before anybody wrote, as a thing
 * @returns [{key, kind: "day"|"line"|"message", …}]
 */
export function layout({ events, pending, seenUpTo = 0, opening = null, say, locale, now = Date.now() }) {
  const things = opening ? [opening] : [];
  for (const event of events) {
    if (event.message && event.message.kind !== "note") things.push(fromEvent(event, seenUpTo));
    else if (Object.hasOwn(LINES, event.type)) things.push({ key: `line:${event.seq}`, kind: "line", at: event.at, text: LINES[event.type](event, say) });
  }
  things.push(...pending.map(fromOutbox));
  group(things);
  thinOutStates(things);
  return withDays(things, { say, locale, now });
}

function fromEvent({ seq, at, by: author, message }, seenUpTo) {
  const by = author || {};
  const isMine = Boolean(by.you);
  return {
    key: `m:${message.client_id || message.id}`,
    kind: "message",
    isMine,
    body: message.body,
    html: message.html,
    files: message.attachments,
    at,
    name: by.name,
    initials: by.initials,
    picture: by.picture,
    state: isMine ? (seq <= seenUpTo ? "seen" : "sent") : null,
  };
}

function fromOutbox({ client_id, body, files, written, state, code, share }) {
  const isUploading = state === "sending" && files?.some(({ id }) => !id);
  return {
    key: `m:${client_id}`,
    kind: "message",
    isMine: true,
    body,
    files,
    at: new Date(written).toISOString(),
    state,
    code,
    client_id,
    share: isUploading ? Math.floor((share || 0) * 100) / 100 : undefined,
  };
}

/** Mark where somebody begins and stops talking. */
function group(things) {
  things.forEach((thing, at) => {
    const before = things[at - 1];
    thing.isFirst = !before || before.kind !== "message" || before.isMine !== thing.isMine || before.name !== thing.name || Date.parse(thing.at) - Date.parse(before.at) > SAME_BREATH;
    if (before && thing.isFirst) before.isLast = true;
  });
  if (things.length) things.at(-1).isLast = true;
}

/** "Sent" once, under the last message that is; what was not sent says so each time. */
function thinOutStates(things) {
  const mine = things.filter((thing) => thing.isMine);
  mine.forEach((thing, at) => {
    const isTrouble = thing.state === "late" || thing.state === "refused";
    thing.showsState = isTrouble || thing.share !== undefined || mine[at + 1]?.state !== thing.state;
  });
}

function withDays(things, { say, locale, now }) {
  const result = [];
  let day = null;
  for (const thing of things) {
    const thisDay = dayOf(thing.at);
    if (thisDay !== day && thing.kind === "message") {
      day = thisDay;
      result.push({ key: `day:${day}`, kind: "day", at: thing.at, text: dayName(thing.at, { say, locale, now }) });
      thing.isFirst = true;
    }
    result.push(thing);
  }
  return result;
}

function dayOf(at) {
  return new Date(at).toDateString();
}

function dayName(at, { say, locale, now }) {
  if (dayOf(at) === dayOf(now)) return say("today");
  if (dayOf(at) === dayOf(now - 86_400_000)) return say("yesterday");
  const isRecent = now - Date.parse(at) < 6 * 86_400_000;
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const parts = isRecent ? { weekday: "long" } : { day: "numeric", month: "long", year: isThisYear ? undefined : "numeric" };
  return new Intl.DateTimeFormat(locale, parts).format(new Date(at));
}
