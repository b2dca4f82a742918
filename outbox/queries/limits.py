"""Who may get a mail at this moment: asked right before it leaves, in one question."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import CharField, Count, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext_noop

from outbox.models import Attempt, AttemptQuerySet, Mail, RecipientState, Sending, Suppression
from outbox.models.sending import domain_of
from outbox.policy import BLOCKED, NotYet, kind_named, may_get

WINDOW = timedelta(minutes=10)
SPREAD = 60.0  # seconds, so that what waited does not come back all at once
USUAL = Sending()
FULL = gettext_noop("There were too many mails to this address in ten minutes; it waits a little.")
FULL_DOMAIN = gettext_noop("There were too many mails to this domain in ten minutes; it waits a little.")


class Waiting(NamedTuple):
    """A recipient who has not got the mail yet, and what is known of the address now."""

    pk: int
    email: str
    suppressed: str  # why; empty: not at all
    of_late: int  # mails that it was sent in the window
    at_domain: int
    per_recipient: int
    per_domain: int


def who_waits(mail: Mail) -> list[Waiting]:
    """Whom this mail still has to reach. What it is not limited by is not counted: then it is 0."""
    rules = kind_named(mail.kind)
    recent = Attempt.objects.taken().since(timezone.now() - WINDOW)
    mine = recent.alias(who=Lower("email")).filter(who=Lower(OuterRef("email")))
    domain = recent.alias(where=domain_of("email")).filter(where=domain_of(OuterRef("email")))
    why = Suppression.objects.filter(email=Lower(OuterRef("email"))).values("reason")
    people = mail.recipients.filter(state=RecipientState.PENDING).annotate(
        suppressed=Coalesce(Subquery(why), Value(""), output_field=CharField()),
        of_late=Value(0) if rules.is_urgent else _count(mine),
        at_domain=Value(0) if rules.is_urgent or rules.is_by_person else _count(domain),
        per_recipient=_setting("per_recipient"),
        per_domain=_setting("per_domain"),
    )
    return [Waiting(*row) for row in people.values_list(*Waiting._fields)]


def refusal(kind: str, person: Waiting, blocked: Collection[str]) -> str:
    """Why this recipient does not get a mail of this kind at all; empty if they do."""
    if person.suppressed and not may_get(person.suppressed, kind):
        return person.suppressed
    return BLOCKED if person.email.lower() in blocked else ""


def room_for(people: Sequence[Waiting], now: datetime) -> NotYet | None:
    """When there is room for all of these again; None: there is."""
    recent = Attempt.objects.taken().since(now - WINDOW)
    for person in people:
        email = person.email.lower()
        if person.of_late >= person.per_recipient:
            mine = recent.alias(who=Lower("email")).filter(who=email)
            return NotYet(_room_at(mine, person.per_recipient, now), FULL)
        if person.at_domain >= person.per_domain:
            domain = recent.alias(where=domain_of("email")).filter(where=email.rpartition("@")[2])
            return NotYet(_room_at(domain, person.per_domain, now), FULL_DOMAIN)
    return None


def _count(attempts: AttemptQuerySet) -> Coalesce:
    counted = attempts.order_by().values("outcome").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), Value(0), output_field=IntegerField())


def _setting(name: str) -> Coalesce:
    return Coalesce(
        Subquery(Sending.objects.values(name)[:1]), Value(getattr(USUAL, name)), output_field=IntegerField()
    )


def _room_at(attempts: AttemptQuerySet, limit: int, now: datetime) -> datetime:
    """When the newest `limit` of these are one fewer; a little later, and each time by another little."""
    newest = attempts.order_by("-at").values_list("at", flat=True)[max(limit - 1, 0) : max(limit, 1)]
    first = next(iter(newest), now)
    return max(first + WINDOW, now) + timedelta(seconds=random.uniform(1, SPREAD))  # noqa: S311, no secret
