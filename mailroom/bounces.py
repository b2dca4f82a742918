"""Mails about mails that could not be delivered: reports (RFC 3464), and the prose that servers write instead. Pure.

A bounce is a stranger's claim like any other mail. What is done about it is done only where it names a mail of ours, by
a Message-ID or an address that we signed, and somebody whom that mail went to (`mailroom.queries.bouncing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mailroom.parsing.parsed import Parsed
from outbox.headers import own_mail_id

MOST_TEXT = 60_000  # characters that are searched
MOST_RECIPIENTS = 100


class Outcome(StrEnum):
    FAILED = "failed"
    DELAYED = "delayed"  # they go on trying
    DELIVERED = "delivered"  # a receipt that nobody asked for
    COMPLAINED = "complained"  # a provider says that its reader calls it spam (RFC 5965)


@dataclass(frozen=True)
class Undelivered:
    """One who did not get it, or not yet. `status` is RFC 3463's code, or "". `words` are the server's own."""

    email: str
    status: str = ""
    words: str = ""
    is_hard: bool = False  # the address is dead: nothing will ever arrive there


@dataclass(frozen=True)
class Bounce:
    """What a mail server says of a mail. `message_id` is that mail's, or "" where it cannot be made out."""

    outcome: Outcome
    recipients: tuple[Undelivered, ...] = ()
    message_id: str = ""

    @property
    def is_delayed(self) -> bool:
        return self.outcome == Outcome.DELAYED

    @property
    def is_hard(self) -> bool:
        """Whether at least one of these addresses is dead."""
        return any(one.is_hard for one in self.recipients)

    @property
    def mail_id(self) -> UUID | None:
        """The id of our own mail that it is about, if it names one by its signed Message-ID."""
        return own_mail_id(self.message_id)

    @property
    def detail(self) -> str:
        """Whom it is about, and why, in one line."""
        first = self.recipients[0] if self.recipients else None
        return " ".join(f"{first.email} {first.status} {first.words}".split())[:300] if first else ""


def bounce_of(parsed: Parsed) -> Bounce | None:
    """What a mail server says with this mail; None if it is no bounce. A person who quotes one has not sent one."""
    complaint = next((file for file in parsed.files if file.type.lower() == "message/feedback-report"), None)
    if complaint is not None or _is_complaint(parsed):
        return _from_complaint(parsed, complaint.data if complaint else b"")
    if not (parsed.report or looks_like_bounce(parsed)):
        return None
    reported = _from_report(parsed)
    if reported is not None:
        return reported
    return _from_prose(parsed) if looks_like_bounce(parsed) else None


# --- Who writes such mails -----------------------------------------------------------------

_SERVERS = re.compile(
    r"\A(?:mailer[._-]?daemon|mail[._-]?daemon|maildaemon|mail-delivery-(?:system|subsystem)|double-bounce|"
    r"microsoftexchange[0-9a-f]{16,})\Z"
)
_SERVER_NAMES = re.compile(
    r"mail(?:er)?[ -]?daemon|mail delivery (?:sub)?system|internet mail delivery|mail delivery service|"
    r"delivery (?:status )?notification|email? delivery system",
    re.IGNORECASE,
)
_POSTMASTERS = re.compile(
    r"\A(?:post[._-]?master|postmast|mail-?admin|mdaemon|system-?admin(?:istrator)?|mmsg|bounces?)\Z"
)
_POSTMASTER_NAMES = re.compile(
    r"postmaster|system administrator|systemadministrator|administrateur syst|mail administrator|mail system|"
    r"mail router|microsoft outlook|email engine",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    r"\A(?:\[?spam\]? ?|\*+spam\*+ ?)?(?:"
    r"undeliver(?:ed|able|y)|non[- ]?deliver|nondeliver|undeliverable mail|delivery (?:status notification|"
    r"failure|has failed|"
    r"notification|delayed|incomplete|report|error|problem)|mail(?:er)? delivery (?:fail|problem|delayed|error|"
    r"status)|mail system error|"
    r"failure notice|failure delivery|failed mail|failed to deliver|returned (?:e-?)?mail|return(?:ed)? to sender|"
    r"mail (?:could not be|not) delivered|"
    r"message (?:delivery (?:failure|delayed)|could not be delivered|you sent|undeliverable|"
    r"status - undeliverable|not delivered)|"
    r"could not send message|permanent (?:delivery|fail)|warning: (?:message|could not send|"
    r"\S{1,99}@\S{1,99} - user)|mail delivery warning|considered unsolicited|"
    r"your message (?:to .{1,200} )?(?:could not|couldn't|was not|wasn't)|unable to deliver|invalid address|"
    r"user unknown|"
    r"unzustellbar|nicht zustellbar|nachricht (?:konnte )?nicht zugestellt|"
    r"zustellung (?:der nachricht )?fehlgeschlagen|mail konnte nicht|"
    r"non remis|échec de (?:la )?remise|échec de distribution|message non (?:distribu|remis)|"
    r"no se (?:puede|ha podido|pudo) entregar|no entregado|mensaje no entregado|non recapitabile|mancato recapito|"
    r"impossibile recapitare|"
    r"não é possível entregar|não entregue|falha na entrega|onbestelbaar|niet bezorgd|kan ikke leveres|"
    r"kunde inte levereras|olevererbart|"
    r"ikke levert|toimittaminen epäonnistui|niedostarczalne|niedoręcz|nedoručiteln|kézbesíthetetlen|недоставлен|"
    r"не доставлено|"
    r"配信不能|配信できません|配送不能|未配信|无法投递|無法傳遞|退信|系统退信|배달되지|전달되지)",
    re.IGNORECASE,
)


# Of these, what customers write about their parcels, too.
_AMBIGUOUS = re.compile(
    r"\A(?:delivery (?:failure|problem|error|report|delayed|incomplete|has failed)|your message|unable to deliver|"
    r"message (?:not delivered|delayed|you sent)|invalid address|user unknown|return to sender|considered|failed|"
    r"warning|"
    r"não entregue|niet bezorgd|ikke levert|не доставлено|недоставлен|no entregado)",
    re.IGNORECASE,
)


def is_from_mail_server(parsed: Parsed) -> bool:
    """Whether its sender is one that no person has."""
    local = parsed.sender.email.partition("@")[0].lower()
    return bool(_SERVERS.match(local)) or (not local and bool(_SERVER_NAMES.search(parsed.sender.name)))


def is_report(parsed: Parsed) -> bool:
    """Whether it says that it is a report; one of somebody's reading a mail is another matter."""
    kind = parsed.header("content-type").lower()
    return kind.startswith("multipart/report") and "disposition-notification" not in kind


def looks_like_bounce(parsed: Parsed) -> bool:
    """Whether a server wrote it, by its header alone; what it says is yet to be read."""
    if is_from_mail_server(parsed) or parsed.header("x-failed-recipients"):
        return True
    if is_report(parsed):
        return True
    person, subject = parsed.sender, " ".join(parsed.subject.split())
    local = person.email.rpartition("@")[0].strip('"').replace(" ", "-").lower()
    is_subject = bool(_SUBJECTS.match(subject))
    is_plain = is_subject and not _AMBIGUOUS.match(subject)
    signs = [
        bool(_POSTMASTERS.match(local)),
        bool(_SERVER_NAMES.search(person.name) or _POSTMASTER_NAMES.search(person.name)),
        parsed.header("return-path").strip() == "<>",
        "auto-submitted" in parsed.headers and not parsed.header("auto-submitted").lower().startswith("no"),
        not parsed.senders,
        is_plain and (_has_returned(parsed) or _says_code(parsed)),
        "user-agent" not in parsed.headers and bool(_ANNOUNCED.search(parsed.text[:2000])),
    ]
    return (is_subject and any(signs)) or sum(signs[:3]) >= 2 or (signs[0] and _says_code(parsed))


def _has_returned(parsed: Parsed) -> bool:
    """Whether the mail that came back is with it."""
    return bool(parsed.reported_headers) or any(file.type.lower() in _RETURNED_TYPES for file in parsed.files)


_ANNOUNCED = re.compile(
    r"(?:could not|cannot|couldn't) be (?:delivered|sent|reached)(?: to)? the following (?:recipient|user|address)"
    r"s?[^\n@]{0,40}\n\s{0,20}[<\"]?[^\s@]{1,64}@",
    re.IGNORECASE,
)


def _says_code(parsed: Parsed) -> bool:
    """Whether it says a code of somebody's server, and names no program that people write with."""
    if "user-agent" in parsed.headers or "x-mailer" in parsed.headers:
        return False
    text = _prose(parsed)
    return bool(_STATUS.search(text) or _CODE.search(text)) and bool(_ADDRESS.search(text))


# --- Reports -------------------------------------------------------------------------------


def _from_report(parsed: Parsed) -> Bounce | None:
    found, outcomes = [], []
    for block in _blocks(parsed.report):
        action = block.get("action", "").partition("(")[0].strip().lower().rstrip(".")
        email = _recipient(block)
        status = _status_of(block.get("status", "")) or _status_in(block.get("diagnostic-code", ""))
        outcome = _outcome(action, status)
        if outcome is None or not (email or action):
            continue
        outcomes.append(outcome)
        words = _shown(_without_type(block.get("diagnostic-code", "")))
        hard = outcome == Outcome.FAILED and _is_hard(_told(status, words), words)
        found.append(Undelivered(email, _told(status, words), words, hard))
    if not outcomes:
        return None
    worst = min(outcomes, key=[Outcome.FAILED, Outcome.DELAYED, Outcome.DELIVERED].index)
    kept = [one for one, outcome in zip(found, outcomes, strict=True) if outcome == worst]
    if worst == Outcome.FAILED:
        kept = [_better(one, parsed) for one in kept]
    return Bounce(worst, _once(one for one in kept if one.email), _message_id(parsed))


def _blocks(fields: tuple[tuple[str, str], ...]) -> Iterator[dict[str, str]]:
    """The fields of each recipient; a block begins where a name comes again, whatever became of the empty lines."""
    block: dict[str, str] = {}
    for name, value in fields[: MOST_RECIPIENTS * 12]:
        if name in block or (name == "original-recipient" and {"final-recipient", "action"} <= block.keys()):
            yield block
            block = {}
        block[name] = value
    yield block


def _recipient(block: dict[str, str]) -> str:
    """Whom we wrote to, before whom it went on to; `rfc822; name@example.com`, with the type or without."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient", "remote-recipient"):
        address = _ADDRESS.search(_undone(block.get(name, "").rpartition(";")[2]))
        if address:
            return address[1].lower()
    return ""


def _undone(value: str) -> str:
    """xtext (RFC 3461) as it was: `+2B` is a plus."""
    return re.sub(r"\+([0-9A-F]{2})(?=[^@]*@)", lambda found: chr(int(found[1], 16)), value[:1000])


def _outcome(action: str, status: str) -> Outcome | None:
    if action in {"failed", "failure", "fail", "hardfail", "expired"}:
        return Outcome.FAILED
    if action in {"delayed", "deferred", "delay", "softfail"}:
        return Outcome.DELAYED
    if action in {"delivered", "relayed", "expanded", "deliverable"}:
        return Outcome.DELIVERED
    return {"5": Outcome.FAILED, "4": Outcome.FAILED, "2": Outcome.DELIVERED}.get(status[:1])


def _told(status: str, words: str) -> str:
    """The more exact of the two: many reports say 5.0.0, and the server's own words 5.1.1."""
    told = _status_in(words)
    return told if told and (not status or status.endswith(".0.0")) else status


def _better(one: Undelivered, parsed: Parsed) -> Undelivered:
    """A report that says nothing but “failed” often stands below prose that says why."""
    if one.is_hard or one.words or (one.status and not one.status.endswith(".0.0")):
        return one
    said = next((told for told in _in_prose(_prose(parsed)) if told.email == one.email), None)
    return said or one


# --- Complaints ----------------------------------------------------------------------------


def _is_complaint(parsed: Parsed) -> bool:
    kind = parsed.header("content-type").lower()
    return kind.startswith("multipart/report") and "feedback-report" in kind


def _from_complaint(parsed: Parsed, fields: bytes) -> Bounce:
    named = re.findall(rb"^(?:original-rcpt-to|removal-recipient):\s{0,9}(.{1,300})$", fields[:20_000], re.I | re.M)
    found = [hit[1].lower() for value in named if (hit := _ADDRESS.search(value.decode("ascii", "replace")))]
    people = found or _addresses_of(parsed.reported_headers)[:1]
    return Bounce(Outcome.COMPLAINED, _once([Undelivered(email) for email in people]), _message_id(parsed))


# --- Prose ---------------------------------------------------------------------------------

_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._%+=~/-])((?!')[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9])"
)
_STATUS = re.compile(r"(?<![\d.])#?([45]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_CODE = re.compile(r"(?<![\d.#])([45][0-5]\d)(?=[ :,;#\-\]).]|\Z)")
# Where the mail that came back begins; what stands below are not the server's words.
_RETURNED = re.compile(
    r"^[ \t>]*(?:-{2,}[^\n]{0,40}(?:original message|copy of (?:the|your) message|returned message|"
    r"undelivered message|"
    r"message (?:header|text) follows|message returned|ursprüngliche nachricht|forwarded message|included is a copy)|"
    r"(?:the )?original message (?:headers? )?(?:follows|below|was received|:)|below this line is a copy|"
    r"original message headers:|included is a copy|message header follows|your (?:original )?message (?:follows|"
    r"reads)|"
    r"(?:return-path|received|dkim-signature): )",
    re.IGNORECASE | re.MULTILINE,
)
_DELAYED = re.compile(
    r"warning message only|you do not need to resend|do not need to resend|has(?:n't| not) been delivered yet|"
    r"has not yet been delivered|"
    r"could not be delivered (?:yet|for \d)|will (?:be retried|keep trying|continue (?:to try|trying)|try again|"
    r"retry)|"
    r"delivery (?:attempts will continue|is delayed|has been delayed|incomplete|"
    r"to the following recipients? has been delayed)|"
    r"(?:has|have) been delayed|still (?:being )?(?:trying|queued)|message delayed|"
    r"zustellung verzögert|verzögert|wird weiter(?:hin)? versucht|remise retardée|en attente de remise|"
    r"entrega retrasada|temporary problem delivering",
    re.IGNORECASE,
)
_GAVE_UP = re.compile(
    r"giving up|given up|gave up|retry time(?:out)? exceeded|permanent(?:ly)? (?:fail|error|fatal)|"
    r"(?<!non-)fatal error|"
    r"been returned|"
    r"could not be delivered to (?:one|all|the following)|retry timeout|undeliverable|has been stopped|"
    r"not be retried|no further attempts",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(
    r"user(?: is|name)? (?:unknown|not (?:found|known|exist))|unknown (?:user|recipient|address|mailbox|"
    r"local[ -]part|account|or illegal alias)|"
    r"unknown (?:host|domain)|no valid recipient|invalid (?:final delivery )?userid|no such (?:user|recipient|"
    r"mailbox|address|person|account|local user|domain|host)|(?:does|do)(?:n't|"
    r" not) (?:exist|have (?:a|an) [^.\n]{0,40}account)|"
    r"address (?:not found|unknown|does(?:n't| not) exist|couldn't be found|rejected: undeliverable)|could(?:n't|"
    r" not) be found|"
    r"mailbox (?:unavailable|not found|unknown|does not exist|disabled|inactive|name not allowed)|"
    r"invalid (?:recipient|mailbox|address|user)|"
    r"recipient (?:not found|unknown|address rejected: (?:user|unknown|undeliverable|no such)|does not exist|"
    r"no longer|rejected: user unknown)|"
    r"no mailbox (?:here )?by that name|unrouteable (?:address|mail domain)|host (?:unknown|"
    r"(?:or domain (?:name )?)?not found)|"
    r"domain (?:name )?(?:not found|does not exist|lookup failed)|name or service not known|"
    r"not a valid (?:mailbox|recipient|user)|"
    r"account (?:has been |is )?(?:disabled|closed|terminated|suspended|inactive|expired|deactivated)|"
    r"not listed in|recipnotfound|"
    r"(?:recipient )?has been deleted|name is not recognized|no longer (?:valid|here|works|employed|available|"
    r"in use)|has moved|(?:bad|wrong) (?:address|"
    r"destination mailbox)|null mx|"
    r"empfänger (?:ist )?(?:unbekannt|nicht gefunden|nicht bekannt)|adresse (?:ist )?(?:unbekannt|nicht gefunden)|"
    r"existiert nicht|"
    r"n'existe pas|introuvable|no existe|non esiste|não existe|宛先不明|不存在|该用户|收件人",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(
    r"(?:mailbox|inbox|storage|account)[^.\n]{0,40} (?:is )?(?:full|exceed)|quota|over ?limit|"
    r"insufficient (?:disk|system|storage)|"
    r"timed? ?out|temporar|greylist|graylist|try again|spam|junk|black ?list|block ?list|blocked|policy|"
    r"reputation|denied|not authori[sz]ed|"
    r"virus|dmarc|\bspf\b|dkim|too (?:large|big|many)|size limit|rate limit|sender (?:rejected|address rejected|"
    r"verify failed)|"
    r"refused by|relay(?:ing)? (?:not|denied)|loop|too many hops|content rejected|unsolicited|"
    r"postfach (?:ist )?voll|speicherplatz",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"could(?:n't| not) (?:be )?(?:deliver|send|sent|reach)|(?:was|were|been|is)(?:n't| not) (?:be )?(?:deliver|"
    r"sent|reach)|"
    r"deliver(?:y|ed)?[^.\n]{0,60} fail|fail(?:ed|ure)[^.\n]{0,60} deliver|undeliver|unable to (?:deliver|send|"
    r"be delivered)|"
    r"not be delivered|non[- ]?deliver|did not reach|could not be reached|returned (?:mail|to (?:you|sender)|"
    r"message)|"
    r"permanent(?:ly)? (?:fail|error|fatal)|fatal error|rejected|failed recipient|error from|not (?:accept|"
    r"deliver)|bounced|"
    r"nicht zugestellt|unzustellbar|nicht zustellbar|nicht erreicht|pas (?:pu )?(?:être )?(?:remis|distribué|"
    r"livré)|non remis|"
    r"no se (?:ha )?(?:pudo|podido|puede) entregar|impossibile (?:recapitare|consegnare)|"
    r"niet (?:worden )?(?:bezorgd|afgeleverd)|"
    r"配信(?:でき|不能|に失敗)|届け|无法(?:投递|发送|送达)|退回|無法",
    re.IGNORECASE,
)


def _from_prose(parsed: Parsed) -> Bounce | None:
    text = _prose(parsed)
    named = [found[1].lower() for found in _ADDRESS.finditer(parsed.header("x-failed-recipients")[:4000])]
    said = {one.email: one for one in _in_prose(text)}
    if not said and len(named) == 1:  # Gmail says why further down, without the address
        said = {named[0]: _judged(named[0], text)}
    has_words = bool(said or named) or any(words.search(text) for words in (_FAILED, _DELAYED, _NOT_THERE))
    if not has_words and not (_SUBJECTS.match(" ".join(parsed.subject.split())) and _has_returned(parsed)):
        return None
    ours = {person.email for person in parsed.to} | {parsed.sender.email}
    found = [said.get(email, _judged(email, "")) for email in named]
    found = found or [one for one in said.values() if one.email not in ours and not _HELPERS.match(one.email)]
    is_delayed = bool(_DELAYED.search(text)) and not _GAVE_UP.search(text) and not any(one.is_hard for one in found)
    if not found:
        only = {hit[1].lower() for hit in _ADDRESS.finditer(text)} - ours
        only = {email for email in only if not _HELPERS.match(email)}
        likely = list(only) if len(only) == 1 else _addresses_of(parsed.reported_headers)
        found = [_judged(email, text) for email in likely if email not in ours][:1]
    if is_delayed:
        found = [Undelivered(one.email, one.status, one.words) for one in found]
    return Bounce(Outcome.DELAYED if is_delayed else Outcome.FAILED, _once(found), _message_id(parsed))


_HELPERS = re.compile(r"\A(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster|webmaster|admin)@")


def _prose(parsed: Parsed) -> str:
    """The server's words: all that stands above the mail that came back."""
    text = f"{parsed.text}\n{parsed.quoted}"[:MOST_TEXT]
    returned = _RETURNED.search(text)
    return text[: returned.start()] if returned and returned.start() > 40 else text[: MOST_TEXT // 4]


def _in_prose(text: str) -> Iterator[Undelivered]:
    """Addresses that stand on a line (nearly) of their own, with the words that follow until the next one."""
    lines = text.splitlines()[:1500]
    heads: list[tuple[int, str]] = []
    for place, line in enumerate(lines):
        email = _headed(line)
        if email and not (heads and heads[-1][1] == email):  # many servers say it again within their words
            heads.append((place, email))
    for turn, (place, email) in enumerate(heads[:MOST_RECIPIENTS]):
        until = heads[turn + 1][0] if turn + 1 < len(heads) else len(lines)
        said = "\n".join(lines[place : min(until, place + 25)])
        if _CODE.search(said) or _STATUS.search(said) or _NOT_THERE.search(said) or _NOT_NOW.search(said):
            yield _judged(email, said)
        elif _BRACKETED.match(lines[place]) or _is_listed("\n".join(lines[max(0, place - 8) : place + 1])):
            yield _judged(email, "\n".join(lines[max(0, place - 4) : place + 12]))


def _is_listed(above: str) -> bool:
    return bool(_FAILED.search(above) or _DELAYED.search(above))


_BRACKETED = re.compile(r"\s{0,8}<[^\s<>@]{1,64}@[^\s<>]{1,200}>:?(?:\s|\Z)")  # as qmail and Postfix write it
_HEADS = re.compile(
    r"\A(?!\W{0,5}(?:from|reply-to|sender|cc|return-path|received|date|subject|message-id|contact|e?-?mail)\b)"
    r"[\s>|*•-]{0,60}(?:[^@:\n]{0,60}[:;]\s{0,20})?(?:rfc822;\s{0,5})?(?:\"?[^<@\n\"]{0,80}\"?\s{0,5}[<(\[\"])?"
    r"(?:mailto:|smtp:)?\Z",
    re.IGNORECASE,
)


def _headed(line: str) -> str:
    """The address that this line begins with, or "": `<name@example.com>: host … said`, `name@example.com on 1 May`."""
    found = _ADDRESS.search(line[:400])
    if found is None or len(line) - len(line.lstrip()) > 60 or not _HEADS.match(line[: found.start()]):
        return _in_sentence(line)
    return found[1].lower()


_SENTENCE = re.compile(
    r"(?:wasn't|was not|could(?:n't| not)(?: be)?|unable to|failed to|cannot be|problem|error)[^@\n]{0,60}"
    r"(?:deliver|deliver(?:ed|ing)|sent|reach(?:ed)?)[^@\n]{0,60}?to[ :<]{1,3}([^\s<>@]{1,64}@[^\s<>,;:]{1,200})",
    re.IGNORECASE,
)


def _in_sentence(line: str) -> str:
    """As Gmail says it: “Your message wasn't delivered to name@example.com because …”."""
    found = _SENTENCE.search(line[:400])
    return found[1].rstrip(".)\"'").lower() if found else ""


def _judged(email: str, said: str) -> Undelivered:
    words = _shown(said)
    status = _status_in(words)
    return Undelivered(email, status, words, _is_hard(status, words))


def _is_hard(status: str, words: str) -> bool:
    """Whether the address is dead (RFC 3463: 5.1.x is about the address, 5.2.1 a disabled mailbox).

    5.1.7 and 5.1.8 are about the sender's, 5.2.2 is a full one, 5.7.x policy. Where the code says nothing in
    particular, the server's words do; where they say nothing either, 550, 551 and 553 do (RFC 5321).
    """
    if status.startswith("4."):
        return False
    subject = status[2:]
    if subject in {"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"}:
        return True
    if subject.startswith(("2.", "7.", "1.7", "1.8", "6.")) or subject in {"3.4", "4.6", "4.7", "4.14"}:
        return False
    if _NOT_NOW.search(words):
        return False
    if _NOT_THERE.search(words):
        return True
    code = _CODE.search(words)
    return bool(code) and code is not None and code[1] in {"550", "551", "553"} and not subject


def _status_in(text: str) -> str:
    found = _STATUS.search(text[:4000])
    return found[1] if found else ""


def _status_of(value: str) -> str:
    """The code that a field begins with; 2.x.y says that all is well."""
    found = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", value)
    return found[1] if found else ""


def _without_type(diagnostic: str) -> str:
    """`smtp; 550 …` without what comes before the semicolon."""
    kind, semicolon, words = diagnostic.partition(";")
    return words if semicolon and len(kind) < 20 and " " not in kind.strip() else diagnostic


def _shown(words: str) -> str:
    return " ".join(words[:2000].split())[:300]


def _once(found: Iterator[Undelivered] | list[Undelivered]) -> tuple[Undelivered, ...]:
    """Each address once; what is said for certain before what is not."""
    kept: dict[str, Undelivered] = {}
    for one in found:
        if one.email not in kept or (one.is_hard and not kept[one.email].is_hard):
            kept[one.email] = one
    return tuple(kept.values())[:MOST_RECIPIENTS]


# --- Which mail it was ---------------------------------------------------------------------

_NAMED = re.compile(r"^[ \t>|*]*message-id[ \t]*:\s{0,4}(<[^\s<>]{3,250}>)", re.IGNORECASE | re.MULTILINE)


def _message_id(parsed: Parsed) -> str:
    """The Message-ID of the mail that it is about: one that we signed if any is, else what the returned header says."""
    returned = list(parsed.reported_headers.get("message-id", ()))
    told = [value for name, value in parsed.report if name in {"original-message-id", "x-original-message-id"}]
    files = [file.data[:40_000].decode("latin-1") for file in parsed.files if file.type.lower() in _RETURNED_TYPES]
    text = "\n".join([f"{parsed.text}\n{parsed.quoted}"[: MOST_TEXT * 3], *files[:3]])
    found = [*returned, *told, *(hit[1] for hit in _NAMED.finditer(text))]
    answered = [*parsed.in_reply_to, *reversed(parsed.references)]
    everything = [value.strip() for value in (*found, *answered)]
    signed = next((value for value in everything if own_mail_id(value)), "")
    return signed or next((value for value in found if value.strip().startswith("<")), "").strip()


_RETURNED_TYPES = {"message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"}


def _addresses_of(headers: dict[str, tuple[str, ...]]) -> list[str]:
    return [found[1].lower() for value in headers.get("to", ()) for found in _ADDRESS.finditer(value[:2000])]
