"""A mail that is being handled, with all that is known of it before anything is locked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Desk, User
from mailroom.actions.deciding import BY_A_PERSON
from mailroom.actions.ends import BLOCKED_SENDER, HERE_ALREADY, End
from mailroom.actions.forwards import Forwarded, enclosed_mail, forwarded, forwarded_whole
from mailroom.authenticity import judge
from mailroom.automatic import Automatic, Kind, why_automatic
from mailroom.models import Mailbox, RawMail, State
from mailroom.parsing import Parsed, Person
from mailroom.reading import UnreadableError, read_bounded
from outbox.headers import clean_text, default_sender
from outbox.models import Block, Sender
from tickets.actions.lettering import Enclosed, Incoming, Kept, keep_files
from tickets.models import Authenticity
from tickets.tokens import read_reply

_OWN = "own addresses"
PERHAPS_WRONG = timedelta(days=2)  # a clock that is further ahead is no clock


@dataclass(frozen=True)
class Case:
    mail: RawMail
    parsed: Parsed
    own: frozenset[str]  # all addresses that are ours
    automatic: Automatic = field(default_factory=Automatic)
    passed_on: Forwarded | None = None  # what one of us forwards, beyond doubt one of us
    end: End | None = None  # what it comes to, if that is certain already

    @property
    def verdict(self) -> str:
        return str(self.mail.authentication.get("verdict") or Authenticity.NONE)

    @property
    def writer(self) -> tuple[Person, str]:
        """Who wrote it, and what is known of that. A form on a site of ours sends in our name what somebody typed, with
        their address for answers: nothing proves that it is theirs."""
        own_form = [person for person in self.parsed.reply_to if person.email and person.email not in self.own]
        if self.mail.from_email in self.own and own_form:
            return own_form[0], Authenticity.NONE
        email = self.mail.from_email or (self.mail.envelope_from or "").lower()
        return Person(self.mail.from_name, email), self.verdict

    @property
    def is_by_person(self) -> bool:
        """Whether somebody says so."""
        return self.mail.reason == BY_A_PERSON

    @property
    def at(self) -> datetime | None:
        """When it was written, of a mail that was there before the first look; None for all others."""
        if not self.mail.is_imported:
            return None
        sent_at = self.parsed.sent_at
        return sent_at if sent_at is not None and sent_at <= timezone.now() else self.mail.received_at

    @property
    def client_id(self) -> str:
        """The same for the same mail: nobody says it twice."""
        return f"mail-{self.mail.sha256[:48]}"

    def keep_files(self) -> Kept:
        """Store what is attached, unless it comes to nothing."""
        if self.end is not None or self.automatic.kind in (Kind.OWN, Kind.BOUNCE):
            return Kept()
        return keep_files(Enclosed(file.name, file.data, file.content_id) for file in self.parsed.files)

    def others(self, people: Iterable[Person]) -> tuple[tuple[str, str], ...]:
        """Those of them who are not us, as (name, address)."""
        named = (person for person in people if person.email)
        return tuple((one.name, one.email) for one in named if one.email not in self.own and not read_reply(one.email))

    def incoming(self, files: Kept, *, is_by_stranger: bool = False) -> Incoming:
        """The mail as it goes onto a ticket."""
        parsed = self.parsed
        return Incoming(
            from_email=self.mail.from_email,
            from_name=self.mail.from_name,
            to=self.others(parsed.to),
            cc=self.others(parsed.cc),
            subject=parsed.subject,
            message_id=parsed.message_id,
            text=parsed.text,
            html=parsed.html,
            quoted=parsed.quoted,
            is_cut=parsed.is_cut,
            authenticity=self.verdict,
            is_by_stranger=is_by_stranger,
            notes=parsed.notes,
            raw=str(self.mail.pk),
            files=files,
        )


def judged(mail: RawMail, raw: bytes, parsed: Parsed) -> Case:
    """What is known of a mail that was read: whom it is from, whether that is true, and whether a person wrote it."""
    _note_header(mail, parsed)
    own = own_addresses()
    if mail.mailbox_id is None:
        mail.mailbox = mailbox_of(mail, parsed)
    case = Case(mail, parsed, own)
    end = is_spam(case) or (is_here_already(case) if parsed.files else None)
    if end is not None:
        return Case(mail, parsed, own, end=end)
    mail.authentication = judge(raw, parsed, mail.mailbox, mail.envelope_from)
    automatic = Automatic() if case.is_by_person else why_automatic(parsed, mail.envelope_from, own)
    return Case(mail, parsed, own, automatic, _passed_on(case))


def _passed_on(case: Case) -> Forwarded | None:
    """What one of us forwards to a mailbox, in the mail or attached to it, if it is one of us beyond doubt."""
    found, inside = forwarded(case.parsed), enclosed_mail(case.parsed)
    if case.verdict != Authenticity.PASS or not (found or inside):
        return None
    agent = User.objects.filter(email__iexact=case.mail.from_email, is_active=True).first()
    if agent is None or not agent.has_perm("tickets.open"):
        return None
    if found is None and inside is not None:
        with suppress(UnreadableError):
            found = forwarded_whole(read_bounded(inside), case.parsed)
    return found


def is_spam(case: Case) -> End | None:
    """Of a blocked sender, nothing is looked at any further."""
    email = case.mail.from_email
    if not email or case.is_by_person or not Block.objects.among([email]):
        return None
    return End(State.SPAM, BLOCKED_SENDER, email)


def is_here_already(case: Case) -> End | None:
    """What came another way before: what has been seen to, or waits longer than this. Certain only while its sender's
    address is held, for copies come at once."""
    mail = case.mail
    if case.is_by_person:
        return None
    waits_longer = Q(received_at__lt=mail.received_at) | Q(received_at=mail.received_at, pk__lt=mail.pk)
    seen_to = ~Q(state__in=[State.NEW, State.DUPLICATE])
    same = RawMail.objects.filter(seen_to | waits_longer, sha256=mail.sha256).exclude(pk=mail.pk)
    first = same.order_by("received_at", "pk").only("pk", "ticket").first()
    return End(State.DUPLICATE, HERE_ALREADY, str(first.pk), ticket=first.ticket) if first else None


def own_addresses() -> frozenset[str]:
    """All that are ours, in lower case; read once where the company is read once."""
    kept = Desk.current().kept
    if _OWN not in kept:
        kept[_OWN] = _read_own_addresses()
    return frozenset(kept[_OWN])


def _read_own_addresses() -> frozenset[str]:
    own = {default_sender()[1].lower()}
    for email, reply_to in Sender.objects.values_list("email", "reply_to"):
        own |= {email.lower(), reply_to.lower()}
    for mailbox in Mailbox.objects.only("email", "aliases"):
        own |= mailbox.addresses
    return frozenset(own - {""})


def mailbox_of(mail: RawMail, parsed: Parsed) -> Mailbox | None:
    """Of a mail that was handed to us without saying whose it is: the one whose address it was sent to."""
    wanted = [address.lower() for address in mail.envelope_to]
    wanted += [person.email for person in (*parsed.to, *parsed.cc)]
    plain = {_without_tag(address) for address in wanted} | set(wanted)
    found = [mailbox for mailbox in Mailbox.objects.filter(is_active=True).order_by("pk") if mailbox.addresses & plain]
    return found[0] if found else None


def _without_tag(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _note_header(mail: RawMail, parsed: Parsed) -> None:
    """What its header says, on the row: what lists show, and what later mails are found by."""
    sender = parsed.sender
    mail.message_id = parsed.message_id[:320]
    mail.from_name, mail.from_email = clean_text(sender.name, limit=200), sender.email[:254].lower()
    mail.subject = clean_text(parsed.subject, limit=300)
    sent_at = parsed.sent_at
    mail.sent_at = sent_at if sent_at is not None and sent_at < timezone.now() + PERHAPS_WRONG else None
