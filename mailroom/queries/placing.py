"""Which ticket a mail belongs to, and who speaks in it: the rules of decisions (Mail) and of invariant E8.

Most trusted first: a reply address that we signed; a Message-ID that we signed; the Message-ID of a mail that came in;
a ticket's reference in the subject. What is signed says which ticket is meant, never who speaks: that is the address in
From, as far as it is believed, and it makes a participant only of whom we know already. Whoever a mail names in To or
Cc becomes nothing by it, here or elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts.models import User
from customers.actions import find_by_email
from customers.models import Address
from mailroom.addressing import named_references, references_of
from mailroom.models import RawMail
from mailroom.parsing.parsed import Parsed
from outbox.headers import own_mail_id
from outbox.models import Mail
from tickets.emails import TO_OTHERS
from tickets.models import Authenticity, Copied, Ticket
from tickets.tokens import REFERENCE_LENGTH

MOST_IDS = 60  # Message-IDs of one mail that are looked up
_MOST_MERGES = 20
_SUBJECT = re.compile(rf"\[#([0-9a-hjkmnp-tv-z]{{{REFERENCE_LENGTH}}})\]", re.IGNORECASE)
_RE = re.compile(
    r"\A(?:\s*(?:re|aw|sv|vs|antw|ref|rif|fwd?|wg|tr|rv|odp|ynt|回复|答复|返信)\s*(?:\[\d+\])?\s*[:：])+\s*", re.I
)


class Means(StrEnum):
    """How the ticket was found."""

    NONE = "none"
    ADDRESS = "address"  # the signed reply address
    OWN_ID = "own_id"  # a Message-ID that we signed
    KNOWN_ID = "known_id"  # the Message-ID of a mail that came in
    SUBJECT = "subject"  # the reference in the subject


class Whose(StrEnum):
    """Who speaks, as seen from the ticket."""

    CUSTOMER = "customer"
    AGENT = "agent"
    COPIED = "copied"
    STRANGER = "stranger"  # somebody else, or somebody who merely says that they are one of these


@dataclass(frozen=True)
class Place:
    """Where a mail goes. Without a `ticket`, into a new one; `related` is one that it may belong to, for our eyes only.

    `is_note`: only our people see it. So it is with all that neither the customer nor one of us has said: a stranger's
    words shown to the customer would let anybody read, through a ticket of their own, what others were sent (“Ticket
    Trick”). Such a mail must be noticed all the same. Nothing of it is passed on by mail. `by` is who posts it: the
    ticket's customer, an agent, or nobody. `reason` is in English; whoever shows it translates.
    """

    ticket: Ticket | None = None
    whose: Whose = Whose.STRANGER
    means: Means = Means.NONE
    agent: User | None = None
    is_note: bool = False
    related: Ticket | None = None
    reason: str = gettext_noop("It names no conversation that we know.")

    @property
    def is_new(self) -> bool:
        return self.ticket is None

    @property
    def is_by_stranger(self) -> bool:
        """For `Letter.is_by_stranger`: it is on a ticket, and neither its customer nor one of us wrote it."""
        return self.ticket is not None and self.whose in {Whose.STRANGER, Whose.COPIED}


@dataclass(frozen=True)
class _Candidate:
    ticket: Ticket
    means: Means
    mail: Mail | None = None
    is_by_envelope: bool = False  # nothing in the mail itself names the ticket


def place(parsed: Parsed, authentication: Mapping[str, Any], envelope_to: Iterable[str] = ()) -> Place:
    """Where this mail goes; `authentication` is what `mailroom.authenticity.judge` says of it.

    It only reads, and believes nothing that is not signed, known, or proved. A ticket that is merged into another gives
    the other one. One that was solved long ago is given as it is: `post_message` continues it elsewhere. One in the
    trash is given for its customer only, whose words bring it back.
    """
    sender = sole_sender(parsed)
    verdict = authentication.get("verdict", Authenticity.NONE)
    mails = _own_mails(parsed)
    first: _Candidate | None = None
    for candidate in _candidates(parsed, envelope_to, mails):
        first = first or candidate
        if verdict == Authenticity.FAIL:
            break
        found = _on(candidate, sender, verdict, mails)
        if found is not None:
            return found
    return _new(first, parsed, sender, verdict)


def sole_sender(parsed: Parsed) -> str:
    """The address in From; "" if there are none or several: then nobody can tell who of them speaks."""
    froms = parsed.headers.get("from", ())
    return parsed.senders[0].email.lower() if len(parsed.senders) == 1 and len(froms) <= 1 else ""


# --- Which tickets it names ----------------------------------------------------------------


def _candidates(parsed: Parsed, envelope_to: Iterable[str], mails: list[Mail]) -> Iterator[_Candidate]:
    """The tickets that it names, the most trusted first; asked for one after the other, for nearly always one does."""
    references = references_of(parsed, envelope_to)[:MOST_IDS]
    if references:
        named = named_references(parsed)
        for ticket in _in_order(references):
            yield _Candidate(_survivor(ticket), Means.ADDRESS, is_by_envelope=ticket.reference not in named)
    numbers = {mail.about: mail for mail in reversed(mails)}  # of several about one ticket, the newest
    tickets = _numbered(numbers)
    for about, mail in reversed(numbers.items()):
        if about in tickets:
            yield _Candidate(_survivor(tickets[about]), Means.OWN_ID, mail)
    for ticket in _known(parsed):
        yield _Candidate(_survivor(ticket), Means.KNOWN_ID)
    for ticket in _in_order([found.lower() for found in _SUBJECT.findall(parsed.subject)][:5]):
        yield _Candidate(_survivor(ticket), Means.SUBJECT)


def _in_order(references: list[str]) -> list[Ticket]:
    if not references:
        return []
    found = {ticket.reference: ticket for ticket in _tickets().filter(reference__in=references)}
    return [found[reference] for reference in references if reference in found]


def _ids(parsed: Parsed) -> list[str]:
    """The Message-IDs that it answers, the nearest first."""
    return list(dict.fromkeys([*parsed.in_reply_to, *reversed(parsed.references)]))[:MOST_IDS]


def _own_mails(parsed: Parsed) -> list[Mail]:
    """The mails of ours about tickets that it answers, the nearest first."""
    wanted = [mail_id for value in _ids(parsed) if (mail_id := own_mail_id(value))]
    if not wanted:
        return []
    rows = Mail.objects.filter(pk__in=wanted, about__startswith="ticket:").prefetch_related("recipients")
    found = {mail.pk: mail for mail in rows}
    return [found[pk] for pk in dict.fromkeys(wanted) if pk in found]


def _numbered(abouts: Iterable[str]) -> dict[str, Ticket]:
    numbers = [int(number) for about in abouts if (number := about.partition(":")[2]).isdigit()]
    return {ticket.about: ticket for ticket in _tickets().filter(pk__in=numbers)} if numbers else {}


def _known(parsed: Parsed) -> list[Ticket]:
    """Tickets on which the mails lie that it answers, the nearest first. Anybody may give a mail any Message-ID, also
    one that is taken: so all of them, and only a participant of one gets there."""
    wanted = [value for value in _ids(parsed) if not own_mail_id(value)]
    if not wanted:
        return []
    # The oldest first: whoever takes an id over and over can only do so once it is known.
    rows = RawMail.objects.filter(message_id__in=wanted, ticket__isnull=False).order_by("received_at")
    pairs = list(rows.values_list("message_id", "ticket")[: MOST_IDS * 2])
    pairs.sort(key=lambda pair: wanted.index(pair[0]))
    keys = list(dict.fromkeys(key for _, key in pairs))
    found = {ticket.pk: ticket for ticket in _tickets().filter(pk__in=keys)}
    return [found[key] for key in keys if key in found]


def _survivor(ticket: Ticket) -> Ticket:
    """The ticket that goes on for this one."""
    for _ in range(_MOST_MERGES):
        if ticket.merged_into_id is None:
            break
        ticket = _tickets().get(pk=ticket.merged_into_id)
    return ticket


def _tickets() -> Any:
    return Ticket.objects.select_related("customer")


# --- Who speaks there ----------------------------------------------------------------------

_REASONS = {
    Means.ADDRESS: gettext_noop("It was sent to the conversation’s reply address."),
    Means.OWN_ID: gettext_noop("It answers a mail of ours."),
    Means.KNOWN_ID: gettext_noop("It answers a mail of this conversation."),
    Means.SUBJECT: gettext_noop("Its subject names the conversation, and its sender is proved."),
}
_UNPROVED_AGENT = gettext_noop("It says that it comes from one of us, which is not proved.")
_STRANGER = gettext_noop("It was sent to the conversation’s reply address by somebody who is not part of it.")


def _on(candidate: _Candidate, sender: str, verdict: str, mails: list[Mail]) -> Place | None:
    """This mail on that ticket; None if its sender has no business there."""
    ticket, means = candidate.ticket, candidate.means
    whose, agent = _whose(ticket, sender, mails)
    if whose == Whose.AGENT and verdict != Authenticity.PASS:
        whose, agent, reason = Whose.STRANGER, None, _UNPROVED_AGENT
    else:
        reason = _STRANGER if whose == Whose.STRANGER else _REASONS[means]
    if means == Means.SUBJECT and verdict != Authenticity.PASS:
        return None
    if means in {Means.KNOWN_ID, Means.SUBJECT} and whose == Whose.STRANGER:
        return None
    if ticket.trashed_at is not None and whose != Whose.CUSTOMER:
        return None
    is_note = whose in {Whose.STRANGER, Whose.COPIED} or (whose == Whose.AGENT and _is_inside(candidate))
    return Place(ticket, whose, means, agent, is_note=is_note, reason=reason)


def _is_inside(candidate: _Candidate) -> bool:
    """Whether what one of us wrote was not written to the customer: it answers what was forwarded to them, or only the
    envelope names the ticket. That nobody has signed: whoever has a mail of theirs could send it here once more."""
    return candidate.is_by_envelope or (candidate.mail is not None and candidate.mail.kind == "forward")


def _whose(ticket: Ticket, sender: str, mails: list[Mail]) -> tuple[Whose, User | None]:
    if not sender:
        return Whose.STRANGER, None
    addresses = Address.objects.filter(customer=ticket.customer_id, email__iexact=sender)
    for address in addresses:
        if address.is_known or _was_written_to(sender, ticket, mails) or _wrote_before(sender, ticket):
            return Whose.CUSTOMER, None
    agent = User.objects.filter(email__iexact=sender, is_active=True).first()
    if agent is not None:
        return (Whose.AGENT, agent) if _may_answer(agent, ticket) else (Whose.STRANGER, None)
    merged = Q(ticket=ticket.pk) | Q(ticket__in=Ticket.objects.merged_into(ticket))
    if Copied.objects.current().filter(merged, email__iexact=sender).exists():
        return Whose.COPIED, None
    return Whose.STRANGER, None


def _was_written_to(email: str, ticket: Ticket, mails: list[Mail]) -> bool:
    """Whether it answers a mail of ours to that very address. A guest may type any address as theirs: only whoever
    reads what we write there can answer it, and no service that the guest signs up for does."""
    to_them = [mail for mail in mails if mail.kind not in TO_OTHERS]
    to_them = [mail for mail in to_them if email in {person.email.lower() for person in mail.recipients.all()}]
    if not to_them:
        return False
    numbers = {ticket.about, *(f"ticket:{number}" for number in Ticket.objects.merged_into(ticket))}
    return any(mail.about in numbers for mail in to_them)


def _wrote_before(email: str, ticket: Ticket) -> bool:
    """Whether the customer's words on it came by mail from there: then it was never typed into a browser."""
    return RawMail.objects.filter(from_email=email, ticket=ticket.pk, entry__by_customer=ticket.customer_id).exists()


def _may_answer(agent: User, ticket: Ticket) -> bool:
    seen = Ticket.objects.visible_to(agent) | Ticket.objects.trash_of(agent)
    return agent.has_perm("tickets.reply") and seen.filter(pk=ticket.pk).exists()


# --- New ones ------------------------------------------------------------------------------

_REFUTED = gettext_noop("Its sender is refuted: it opens a conversation of its own, whatever it names.")
_NOT_THEIRS = gettext_noop("It names a conversation that its sender is not part of, or not for certain.")


def _new(first: _Candidate | None, parsed: Parsed, sender: str, verdict: str) -> Place:
    if first is None:
        return Place(related=_alike(parsed, sender))
    return Place(related=first.ticket, reason=_REFUTED if verdict == Authenticity.FAIL else _NOT_THEIRS)


def _alike(parsed: Parsed, sender: str) -> Ticket | None:
    """The sender's newest unsolved ticket with the same subject."""
    subject = base_subject(parsed.subject)
    customer = find_by_email(sender) if subject and sender else None
    if customer is None:
        return None
    newest = Ticket.objects.filter(customer=customer, trashed_at=None).unsolved().order_by("-number")[:20]
    return next((ticket for ticket in newest if base_subject(ticket.subject) == subject), None)


def base_subject(subject: str) -> str:
    """The subject without what programs put before it, in small letters."""
    return _RE.sub("", " ".join(subject.split())).casefold()
