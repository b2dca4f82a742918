"""A mail of ours came back: whoever works on the ticket learns of it, and a dead address gets no more.

A bounce is a stranger's claim. It counts for a mail that we sent, which it names by what only we and its readers know
(a Message-ID or an envelope that we signed), and for those whom that mail went to.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from mailroom.actions import ends
from mailroom.actions.ends import End
from mailroom.addressing import bounced_mail
from mailroom.automatic import Automatic
from mailroom.bounces import Bounce, Outcome, Undelivered, bounce_of
from mailroom.models import State
from mailroom.parsing import Parsed
from outbox.claims import hold_if_many_bounce
from outbox.models import Attempt, Mail, MailState, Recipient, RecipientState, Suppression
from outbox.models import Outcome as Tried
from outbox.policy import Why
from tickets.actions import report_mail_trouble
from tickets.models import Ticket
from tickets.queries import ticket_of

COMPLAINED = gettext_noop("Somebody calls a mail of ours spam, and gets no more.")
REACHED = (RecipientState.SENT, RecipientState.UNKNOWN)


@transaction.atomic
def take_bounce(parsed: Parsed, envelope_to: Iterable[str], *, automatic: Automatic) -> End:
    """What a mail server says of a mail of ours."""
    bounce = bounce_of(parsed)
    mail = _mail_of(bounce, parsed, envelope_to)
    is_complaint = bounce is not None and bounce.outcome == Outcome.COMPLAINED
    if bounce is None or mail is None:
        said = ends.BOUNCE_UNKNOWN if bounce and not is_complaint else automatic.reason
        return End(State.BOUNCE, said, automatic.detail)
    ticket = ticket_of(mail)
    if is_complaint:
        _heed(mail, bounce)
        return End(State.BOUNCE, COMPLAINED, bounce.detail, ticket=ticket)
    if bounce.outcome != Outcome.FAILED:
        late = bounce.outcome == Outcome.DELAYED
        return End(State.BOUNCE, ends.BOUNCE_LATE if late else ends.BOUNCE_ARRIVED, bounce.detail, ticket=ticket)
    if ticket is not None:  # its row first, as every action does
        Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    is_dead = _note(mail, bounce)
    if ticket is not None:
        report_mail_trouble(Mail.objects.get(pk=mail.pk))
    return End(State.BOUNCE, ends.BOUNCE_DEAD if is_dead else ends.BOUNCE_NOTED, bounce.detail, ticket=ticket)


def _mail_of(bounce: Bounce | None, parsed: Parsed, envelope_to: Iterable[str]) -> Mail | None:
    known = bounced_mail(parsed, envelope_to) or (bounce.mail_id if bounce else None)
    return Mail.objects.filter(pk=known).first() if known else None


def _heed(mail: Mail, bounce: Bounce) -> None:
    """Whoever calls it spam gets no more of what we send; providers often leave out who it was."""
    people = {person.email.lower() for person in mail.recipients.all()}
    named = {one.email.lower() for one in bounce.recipients} & people
    for email in named or (people if len(people) == 1 else set()):
        Suppression.objects.add(email, Why.COMPLAINT)


def _note(mail: Mail, bounce: Bounce) -> bool:
    """Write down who did not get it; whether an address of them is dead."""
    row = Mail.objects.select_for_update().get(pk=mail.pk)
    people = {person.email.lower(): person for person in row.recipients.all()}
    named = {one.email.lower(): one for one in bounce.recipients}
    is_dead = False
    if not set(named) & set(people) and len(people) == 1:  # it was passed on from there, or the server names nobody
        first = bounce.recipients[0] if bounce.recipients else Undelivered(email="")
        named = {email: Undelivered(email, first.status, first.words or bounce.detail) for email in people}
    for email, one in named.items():
        person = people.get(email)
        if person is None:
            continue
        _note_one(row, person, one)
        if one.is_hard:
            is_dead = True
            Suppression.objects.add(email, Why.BOUNCE)
    _conclude(row, list(people.values()))
    hold_if_many_bounce(timezone.now())
    return is_dead


def _note_one(mail: Mail, person: Recipient, one: Undelivered) -> None:
    words = " ".join(f"{one.status} {one.words}".split())[:500]
    if person.state in REACHED:
        person.state, person.smtp_reply = RecipientState.FAILED, words
        person.save(update_fields=["state", "smtp_reply"])
        Attempt.objects.create(
            mail=mail, number=mail.attempts, email=person.email, outcome=Tried.BOUNCED, reply=words, at=timezone.now()
        )


def _conclude(mail: Mail, people: list[Recipient]) -> None:
    """It has failed where it has reached nobody."""
    if mail.state not in (MailState.SENT, MailState.UNKNOWN):
        return
    if all(person.state == RecipientState.FAILED for person in people):
        mail.state, mail.smtp_reply = MailState.FAILED, people[0].smtp_reply
        mail.save(update_fields=["state", "smtp_reply"])
