"""Whether a person wrote a mail. Pure.

The signs are those that the mail programs and helpdesks of this world give (RFC 3834, RFC 2919, and what they do
instead of it); a subject counts last, because people write subjects, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop

from mailroom.addressing import bare
from mailroom.bounces import Outcome, bounce_of, is_from_mail_server, is_report
from mailroom.parsing.parsed import Parsed
from outbox.headers import is_own_loop_mark, is_own_message_id


class Kind(StrEnum):
    """What wrote a mail. All but `NONE` get no automatic answer (invariant E7)."""

    NONE = "none"  # a person, as far as anybody can tell
    OWN = "own"  # this installation: its own mail came back
    BOUNCE = "bounce"  # a mail server, about a mail that it could not deliver, or not yet
    VACATION = "vacation"  # a program in somebody's absence, or a receipt: it answers a mail, nobody reads ours
    CALENDAR = "calendar"  # an invitation, or an answer to one
    LIST = "list"  # a person or a program, through a mailing list
    BULK = "bulk"  # a program: a newsletter, a notice, a form; perhaps a person whose server marks everything


# A new ticket for each of these would be noise, and the beginning of a loop. Whatever else is automatic may matter to
# somebody: a form on our own site, an alarm, a customer behind a mailing list.
NO_TICKET = {Kind.OWN, Kind.BOUNCE, Kind.VACATION}


@dataclass(frozen=True)
class Automatic:
    """What wrote a mail, and how we know, in English: whoever shows it translates. `detail` is the sign itself."""

    kind: Kind = Kind.NONE
    reason: str = ""
    detail: str = ""

    def __bool__(self) -> bool:
        return self.kind != Kind.NONE

    @property
    def makes_no_ticket(self) -> bool:
        """It opens no ticket and reopens none; where it belongs to one, it may be shown there."""
        return self.kind in NO_TICKET


def why_automatic(parsed: Parsed, envelope_from: str | None, own: Iterable[str]) -> Automatic:
    """What wrote this mail; falsy for a person.

    `envelope_from` is "" for the null sender, None where it is not known (then `Return-Path` says it); `own` are all
    addresses that are ours: of mailboxes and of senders. A hint to the caller: whatever is not falsy gets no receipt
    and no other automatic answer; `makes_no_ticket` says which opens none, either. Nothing else follows from it: a
    person's mail through a mailing list, or with `Precedence: bulk`, is taken in like any other.
    """
    ours = {address.lower() for address in own}
    for look in (_own, _bounce, _vacation, _calendar):
        if found := look(parsed, ours):
            return found
    return _list(parsed, ours) or _bulk(parsed, ours) or _by_envelope(parsed, envelope_from) or _by_subject(parsed)


def _own(parsed: Parsed, ours: set[str]) -> Automatic | None:
    if any(is_own_loop_mark(value) for value in parsed.headers.get("x-makegood-loop", ())):
        return Automatic(Kind.OWN, gettext_noop("It is an automatic mail of our own."), "X-Makegood-Loop")
    if is_own_message_id(parsed.message_id):
        return Automatic(Kind.OWN, gettext_noop("It is a mail of our own that came back."), parsed.message_id)
    looped = {bare(value) for value in parsed.headers.get("x-loop", ())} & ours
    if looped:
        return Automatic(Kind.OWN, gettext_noop("It has been here before."), f"X-Loop: {min(looped)}")
    if bare(parsed.sender.email) not in ours:
        return None
    if any(bare(person.email) not in ours | {""} for person in parsed.reply_to):  # a form on the company's own site
        return Automatic(Kind.BULK, gettext_noop("A form sent it in our own name."), parsed.sender.email)
    return Automatic(Kind.OWN, gettext_noop("It comes from one of our own addresses."), parsed.sender.email)


def _bounce(parsed: Parsed, ours: set[str]) -> Automatic | None:
    bounce = bounce_of(parsed)
    if bounce is not None and bounce.is_delayed:
        return Automatic(Kind.BOUNCE, gettext_noop("A mail of ours is delayed."), bounce.detail)
    if bounce is not None and bounce.outcome == Outcome.COMPLAINED:
        return Automatic(Kind.BOUNCE, gettext_noop("Somebody calls a mail of ours spam."), bounce.detail)
    if bounce is not None:
        return Automatic(Kind.BOUNCE, gettext_noop("A mail of ours could not be delivered."), bounce.detail)
    if is_from_mail_server(parsed) or is_report(parsed):
        return Automatic(Kind.BOUNCE, gettext_noop("A mail server wrote it."), parsed.sender.email)
    return None


# Of programs that answer while somebody is away, whatever they say in them.
_ANSWERING = (
    "x-autoreply", "x-autorespond", "x-autoresponse", "x-autoresponder", "x-autoreply-from", "x-auto-reply",
    "x-auto-reply-from", "x-mail-autoreply", "x-mailer-autoreply", "x-vacation", "x-autoreply-domain",
    "x-fc-autoreply",
)  # fmt: skip
_FALSE = {"", "no", "0", "false", "none", "off"}


def _vacation(parsed: Parsed, ours: set[str]) -> Automatic | None:
    said = _word(parsed.header("auto-submitted"))
    if said.startswith("auto-replied"):
        return _answering(f"Auto-Submitted: {said}")
    for name in _ANSWERING:
        if name in parsed.headers and _word(parsed.header(name)) not in _FALSE:
            return _answering(name)
    for name in ("precedence", "x-precedence"):
        if _word(parsed.header(name)) in {"auto_reply", "auto-reply", "autoreply"}:
            return _answering(f"{name}: {_word(parsed.header(name))}")
    if any("autoresponder" in value.lower() for value in _all(parsed, "x-post-messageclass", "delivered-to")):
        return _answering("autoresponder")
    if "x-ms-exchange-inbox-rules-loop" in parsed.headers:
        return _answering("X-MS-Exchange-Inbox-Rules-Loop")
    kind = _word(parsed.header("content-type"))
    if kind == "multipart/report" and "disposition-notification" in parsed.header("content-type").lower():
        return Automatic(
            Kind.VACATION, gettext_noop("It says that somebody opened a mail."), "disposition-notification"
        )
    return None


def _answering(detail: str) -> Automatic:
    return Automatic(Kind.VACATION, gettext_noop("A program answered, in somebody’s absence perhaps."), detail[:200])


_METHOD = re.compile(r"\bmethod\s*=\s*\"?(reply|request|cancel|counter|publish)", re.IGNORECASE)
_METHOD_IN_FILE = re.compile(rb"^METHOD:[ \t]*(REPLY|REQUEST|CANCEL|COUNTER)", re.IGNORECASE | re.MULTILINE)


def _calendar(parsed: Parsed, ours: set[str]) -> Automatic | None:
    """Only what is a calendar's by itself: a person may attach an appointment to what they write."""
    top = parsed.header("content-type")
    found = _METHOD.search(top[:500]) if _word(top) == "text/calendar" else None
    method = found[1] if found else ""
    for file in parsed.files:
        if not method and file.type.lower().startswith("text/calendar"):
            inside = _METHOD_IN_FILE.search(file.data[:20_000])
            method = inside[1].decode() if inside else ""
    if method.upper() in {"REPLY", "COUNTER"}:
        return Automatic(Kind.CALENDAR, gettext_noop("It answers an invitation."), f"METHOD:{method.upper()}")
    if method and "x-microsoft-cdo-busystatus" not in parsed.headers and not parsed.text.strip():
        return Automatic(Kind.CALENDAR, gettext_noop("It is an invitation."), f"METHOD:{method.upper()}")
    return None


_LIST = ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-google-group-id", "x-mailman-version")


def _list(parsed: Parsed, ours: set[str]) -> Automatic | None:
    """A list of our own (an address that is a group) is a way that customers' mails take, not their origin."""
    if _is_own_list(parsed, ours):
        return None
    for name in _LIST:
        if name in parsed.headers:
            return Automatic(
                Kind.LIST, gettext_noop("It came through a mailing list."), f"{name}: {parsed.header(name)}"[:200]
            )
    if "list" in (_word(parsed.header("precedence")), _word(parsed.header("x-precedence"))):
        return Automatic(Kind.LIST, gettext_noop("It came through a mailing list."), "precedence: list")
    return None


def _is_own_list(parsed: Parsed, ours: set[str]) -> bool:
    identity = parsed.header("list-id").rpartition("<")[2].strip("> ").lower()
    posts = bare(parsed.header("list-post").lower().partition("mailto:")[2].partition(">")[0])
    return identity in {address.replace("@", ".") for address in ours} or posts in ours


_BULK_VALUES: Mapping[str, set[str]] = {
    "precedence": {"bulk", "junk"},
    "x-precedence": {"bulk", "junk"},
}
_BULK = (
    "x-autogenerated", "x-auto-generated", "list-unsubscribe", "list-unsubscribe-post", "x-campaign", "x-campaignid",
    "x-mailgun-campaign-id", "x-mc-user", "x-csa-complaints", "x-fc-machinegenerated", "x-cron-env",
    "x-rt-loop-prevention", "x-zammad-send-auto-response", "x-osticket-auto", "x-otrs-loop", "x-facebook",
    "x-github-reason", "x-jira-fingerprint", "x-zendesk-from-account-id",
)  # fmt: skip
_SUPPRESS = {"all", "autoreply", "oof", "dr", "rn", "nrn"}
_NO_REPLY = re.compile(
    r"(?:\A|[._+-])(?:no[._-]?reply|do[._-]?not[._-]?reply|noresponse|no[._-]?response|nicht[._-]?antworten|"
    r"ne[._-]?pas[._-]?repondre|noresponda|no[._-]?responder|nao[._-]?responda|bounces?)(?:\Z|[._+-])"
)
_MACHINES = re.compile(r"\A(?:postmaster|daemon|root|cron|nobody|www-data|apache|mdaemon|listserv|majordomo)\Z")


def _bulk(parsed: Parsed, ours: set[str]) -> Automatic | None:
    said = _word(parsed.header("auto-submitted"))
    if said not in _FALSE:
        return _machine(f"Auto-Submitted: {said}")
    suppress = {_word(part) for value in _all(parsed, "x-auto-response-suppress") for part in value.split(",")}
    if suppress & _SUPPRESS:
        return _machine("X-Auto-Response-Suppress")
    is_own_list = _is_own_list(parsed, ours)
    for name, values in _BULK_VALUES.items():
        if _word(parsed.header(name)) in values and not is_own_list:
            return _machine(f"{name}: {_word(parsed.header(name))}")
    for name in _BULK:
        if _word(parsed.header(name)) not in _FALSE and not (is_own_list and name.startswith("list-")):
            return _machine(name)
    local = parsed.sender.email.partition("@")[0].lower()
    if _NO_REPLY.search(local) or _MACHINES.match(local):
        return Automatic(Kind.BULK, gettext_noop("Nobody reads what is written to its sender."), parsed.sender.email)
    return None


def _machine(detail: str) -> Automatic:
    return Automatic(Kind.BULK, gettext_noop("A program sent it, or sent it to many."), detail[:200])


def _by_envelope(parsed: Parsed, envelope_from: str | None) -> Automatic | None:
    """The null sender asks for no answer (RFC 5321): so there is none. It does not say that nobody wrote it."""
    returns = parsed.headers.get("return-path", ())
    sender = envelope_from if envelope_from is not None else (returns[0] if returns else None)
    if sender is not None and not bare(sender):
        return _machine("Return-Path: <>")
    if sender is not None and _MAIL_SERVERS.match(bare(sender).partition("@")[0]):
        return _machine(f"Return-Path: {bare(sender)}")
    return None


_MAIL_SERVERS = re.compile(r"\A(?:mailer-daemon|postmaster|double-bounce)\Z")

# What programs put before the subject of the mail that they answer, or write instead of it; in small letters.
_PREFIXES = (
    "auto", "autoreply", "auto reply", "auto-reply", "auto response", "auto-response", "autoresponse", "autoresponder",
    "automatic reply", "automatic response", "automated reply", "automated response", "out of office",
    "out of office reply", "out of office autoreply", "out of the office", "out-of-office", "vacation",
    "vacation reply", "away from my mail", "i am out of the office",
    "automatische antwort", "automatische rückantwort", "automatische rückmeldung", "autom. antwort",
    "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesenheitsmeldung", "abwesend", "abwesenheit", "nicht im büro",
    "automatisk svar", "autosvar", "automatiskt svar", "fraværsmelding", "frånvaro", "ikke til stede", "fravær",
    "automaattinen vastaus", "poissaoloviesti", "poissa",
    "automatisch antwoord", "automatische reactie", "afwezig", "afwezigheidsbericht", "niet aanwezig",
    "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "message d'absence",
    "message d’absence",
    "respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina",
    "resposta automática", "resposta automatica", "resposta automàtica", "fora do escritório", "ausência temporária",
    "risposta automatica", "fuori sede", "fuori ufficio", "assente",
    "automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "poza biurem",
    "automatická odpověď", "automatická odpoveď", "mimo kancelář", "nepřítomnost", "automatikus válasz",
    "házon kívül", "răspuns automat", "raspuns automat", "automatski odgovor", "samodejni odgovor", "αυτόματη απάντηση",
    "автоответ", "автоматический ответ", "автоматична відповідь", "нет на месте", "otomatik yanıt", "ofis dışında",
    "自動応答", "自動返信", "不在通知", "自动答复", "自動回覆", "自动回复", "외출 중", "자동 회신", "자동 응답",
    "ตอบกลับอัตโนมัติ", "trả lời tự động", "תשובה אוטומטית", "رد تلقائي",
)  # fmt: skip
_COLONS = ":："


def _by_subject(parsed: Parsed) -> Automatic:
    """Only the prefix with its colon, or the whole subject: people write “Out of office replies don't work”."""
    subject = " ".join(parsed.subject.casefold().split())
    for prefix in _PREFIXES:
        rest = subject.removeprefix(prefix.casefold())
        if rest != subject or subject == prefix.casefold():
            rest = rest.strip(" .!")
            is_whole = not rest and prefix not in {"auto", "vacation"}
            if is_whole or rest[:1] in set(_COLONS):
                return Automatic(
                    Kind.VACATION, gettext_noop("Its subject is that of an automatic answer."), parsed.subject[:200]
                )
    return Automatic()


def _word(value: str) -> str:
    """The first word of a header's value, without its parameters and comments."""
    return value.partition(";")[0].partition("(")[0].strip().lower()


def _all(parsed: Parsed, *names: str) -> list[str]:
    return [value for name in names for value in parsed.headers.get(name, ())]
