"""What the clock finds: cases whose customer has heard from us, cases that are overdue, chats that were left."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.presence import visitors_here
from recovery.actions.cases import contact_case
from recovery.models import Case
from recovery.queries.cases import senior_for
from tickets.actions._rules import lock
from tickets.events import record
from tickets.models import Channel, Event, Message, Ticket
from tickets.sla import open_between

State = Case.State
AT_ONCE = 200
LEFT_WITHIN = timedelta(days=1)  # who left longer ago is no news
ENDS = ["chat.abandoned", "chat.ended", "agent.joined"]  # of the time in which a chat waits for somebody
MADE_GOOD = [State.ACCEPTED, State.VERIFIED, State.CLOSED]


# --- The first touch -----------------------------------------------------------------------
def untouched(now: datetime) -> QuerySet[Case]:
    """Open cases whose customer has not heard from us, as far as it is written down."""
    return Case.objects.open().filter(contacted_at=None, ticket__trashed_at=None, opened_at__lte=now)


def note_contacts(*, now: datetime) -> int:
    """What one of us has said to the customer since a case was opened is the first touch; returns how many it was."""
    # A reopened case begins anew: what was said before is not what they wait for.
    since = Coalesce(OuterRef("reopened_at"), OuterRef("opened_at"))
    said = Message.objects.replies().filter(ticket=OuterRef("ticket"), by_user__isnull=False, created_at__gte=since)
    first = Subquery(said.order_by("created_at").values("created_at")[:1])
    answered = untouched(now).annotate(first=first).filter(first__isnull=False).select_related("ticket")
    found = list(answered.order_by("pk")[:AT_ONCE])
    for case in found:
        contact_case(case, by=None, when=case.first, way="reply")
    return len(found)


# --- Overdue -------------------------------------------------------------------------------
def remind_of_overdue(*, now: datetime) -> int:
    """Tell whose case it is, and a lead, that a customer should have heard from us, or that it should be put right:
    once each. Returns how many were told of. Two clocks are harmless: each case is claimed."""
    open_cases = Case.objects.open().filter(ticket__trashed_at=None)
    late = Q(contact_due_at__lt=now, contacted_at=None, contact_told_at=None)
    late |= Q(resolution_due_at__lt=now, resolution_told_at=None) & ~Q(state__in=MADE_GOOD)
    numbers = open_cases.filter(late).order_by("resolution_due_at").values_list("pk", flat=True)[:AT_ONCE]
    return sum(_remind(pk, now) for pk in list(numbers))


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    ticket = lock(Case.objects.select_related("ticket").get(pk=pk).ticket)
    rows = Case.objects.select_for_update(of=("self",), skip_locked=True).select_related("owner")
    case = rows.filter(pk=pk).exclude(state=State.CLOSED).first()
    if case is None:
        return False
    late = []
    if case.contacted_at is None and case.contact_told_at is None and case.contact_due_at < now:
        case.contact_told_at = now
        late.append("contact")
    is_made_good = case.state in MADE_GOOD
    if not is_made_good and case.resolution_told_at is None and case.resolution_due_at < now:
        case.resolution_told_at = now
        late.append("resolution")
    if not late:
        return False
    case.save(update_fields=["contact_told_at", "resolution_told_at"])
    lead = senior_for(ticket)
    tell = list(dict.fromkeys(user.pk for user in (case.owner, lead) if user is not None))
    owner = {"id": case.owner.pk, "name": case.owner.name} if case.owner else None
    data = {"case": case.pk, "what": late, "owner": owner, "tell": tell}
    record(ticket, "case.overdue", by=None, data=data)
    return True


# --- Left in the queue ---------------------------------------------------------------------
def note_abandoned_chats(*, now: datetime) -> int:
    """Write down who has left a chat that nobody took, without a word: their page is closed. Returns how many.

    Outside of opening hours nobody waits in a queue: what is written then is a letter. Records `chat.abandoned`, once.
    """
    waiting = Ticket.objects.waiting().filter(channel=Channel.CHAT, assignee=None, trashed_at=None)
    waiting = waiting.filter(first_answered_at=None, waiting_since__gte=now - LEFT_WITHIN)
    happened = Event.objects.filter(ticket=OuterRef("pk"), type__in=ENDS)
    gone = waiting.exclude(Exists(visitors_here(now).filter(customer=OuterRef("customer")))).exclude(Exists(happened))
    numbers = gone.annotate(left_at=Max("customer__visitors__last_seen_at")).filter(left_at__gte=F("waiting_since"))
    return sum(_note_abandoned(pk, left_at, now) for pk, left_at in numbers.values_list("pk", "left_at")[:AT_ONCE])


@transaction.atomic
def _note_abandoned(pk: int, left_at: datetime, now: datetime) -> bool:
    ticket = lock(Ticket(pk=pk))
    if ticket.waiting_since is None or ticket.assignee_id is not None:
        return False
    if Event.objects.filter(ticket=ticket, type__in=ENDS).exists():
        return False
    calendar = ticket.site.calendar if ticket.site else None
    waited = open_between(ticket.waiting_since, left_at, calendar)
    if waited <= timedelta(0):
        return False
    data = {"gone_seconds": int((now - left_at).total_seconds()), "waited_seconds": int(waited.total_seconds())}
    record(ticket, "chat.abandoned", by=None, data=data)
    return True
