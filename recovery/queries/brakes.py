"""What holds a mail of making good back, asked again at the moment of sending.

Whoever waits for our answer is not asked how it went; who wrote since has said what there is to say; nobody is woken at
night; nobody gets more than a few; and one switch stops everything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models.functions import Lower
from django.utils.translation import gettext_noop

from accounts.models import Desk
from customers.models import Customer
from outbox.models import Mail, MailState, Recipient
from outbox.policy import NotYet
from recovery.models import Policy
from tickets.models import Event, Ticket
from tickets.queries.follow_ups import zone_of
from tickets.quiet import Quiet

KINDS = ["offer", "service_notice", "survey", "cause_fixed"]  # all mails of this app
UNASKED = ["offer", "survey", "cause_fixed"]  # of these a customer gets few
STOPPED_FOR = timedelta(minutes=15)  # and then it is asked again
AWAKE_FOR = timedelta(hours=1)  # whoever has just written is awake, whatever the clock says
LEFT = [MailState.SENT, MailState.SENDING, MailState.UNKNOWN]


def brake(mail: Mail, ticket: Ticket | None, *, now: datetime) -> str | NotYet | None:
    """Why this mail must not leave, or not yet; None if it may. Asked of a mail that is about to be sent."""
    if ticket is None or ticket.trashed_at is not None:
        return gettext_noop("The ticket is gone.")
    if ticket.merged_into_id is not None:
        return gettext_noop("The ticket was merged.")
    if ticket.customer.is_blocked:
        return gettext_noop("The customer is blocked.")
    policy = Policy.current()
    if policy.is_stopped:
        return NotYet(now + STOPPED_FOR, gettext_noop("Everything is stopped."))
    if mail.kind in UNASKED:
        if ticket.waiting_since is not None:
            return gettext_noop("They wait for our answer.")
        if _had_one(mail, ticket.customer, since=now - timedelta(days=policy.customer_days)):
            return gettext_noop("They had one not long ago.")
    if wait := _night(ticket, policy, now):
        return NotYet(wait, gettext_noop("It is night where they are."))
    if sent_today(now, but=mail) >= policy.daily_cap:
        return NotYet(_tomorrow(now), gettext_noop("As many as may leave in a day have left."))
    return None


def wrote_since(ticket: Ticket, moment: datetime) -> bool:
    """Whether the customer said something after this moment."""
    theirs = Event.objects.filter(ticket=ticket, by_customer__isnull=False, type="message.posted")
    return theirs.filter(at__gt=moment).exists()


def _night(ticket: Ticket, policy: Policy, now: datetime) -> datetime | None:
    """When the night is over, if it is night for them and they do not write themselves."""
    quiet = Quiet(zone_of(ticket), policy.quiet_from, policy.quiet_until)
    if not quiet.at(now) or wrote_since(ticket, now - AWAKE_FOR):
        return None
    return quiet.over(now)


def _had_one(mail: Mail, customer: Customer, *, since: datetime) -> bool:
    """Whether this person had a mail of the same kind, whichever address it went to."""
    emails = [address.email.lower() for address in customer.addresses.all()]
    theirs = Recipient.objects.alias(address=Lower("email")).filter(address__in=emails).exclude(mail=mail)
    return theirs.filter(mail__kind=mail.kind, mail__state__in=LEFT, mail__created_at__gt=since).exists()


def sent_today(now: datetime, *, but: Mail | None = None) -> int:
    """How many mails of making good have left since midnight, on the company's clock."""
    day = now.astimezone(ZoneInfo(Desk.current().time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    sent = Mail.objects.filter(kind__in=KINDS, state__in=LEFT, sent_at__gte=day)
    return sent.exclude(pk=but.pk).count() if but else sent.count()


def _tomorrow(now: datetime) -> datetime:
    here = now.astimezone(ZoneInfo(Desk.current().time_zone))
    return (here + timedelta(days=1)).replace(hour=0, minute=5, second=0, microsecond=0)
