"""Who may get a mail at this moment: asked right before it leaves, in one question."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_noop

from outbox.models import Attempt, AttemptQuerySet, Mail, Sending
from outbox.models.sending import domain_of
from outbox.policy import BLOCKED, NotYet, is_free, kind_named, may_get

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
    is_blocked: bool
    of_late: int  # mails that it was sent in the window
    at_domain: int
    per_recipient: int
    per_domain: int


# By hand: to put it together anew for each mail took longer than to ask it.
_WAITING = """
    SELECT r.id, r.email,
        COALESCE((SELECT s.reason FROM outbox_suppression s WHERE s.email = LOWER(r.email)), ''),
        NOT %(is_free)s AND EXISTS (
            SELECT FROM outbox_block b WHERE b.pattern = ANY (ARRAY[LOWER(r.email)] || ARRAY(
                SELECT '@' || ARRAY_TO_STRING(d.parts[i:], '.') FROM GENERATE_SUBSCRIPTS(d.parts, 1) i
            ))
        ),
        CASE WHEN %(is_urgent)s THEN 0 ELSE (
            SELECT COUNT(*) FROM outbox_attempt a
            WHERE a.outcome = 'taken' AND LOWER(a.email) = LOWER(r.email) AND a.at > %(since)s
        ) END,
        CASE WHEN %(is_urgent)s OR %(is_by_person)s THEN 0 ELSE (
            SELECT COUNT(*) FROM outbox_attempt a
            WHERE a.outcome = 'taken' AND SPLIT_PART(LOWER(a.email), '@', 2) = d.name AND a.at > %(since)s
        ) END,
        COALESCE((SELECT per_recipient FROM outbox_sending), %(per_recipient)s),
        COALESCE((SELECT per_domain FROM outbox_sending), %(per_domain)s)
    FROM outbox_recipient r
    CROSS JOIN LATERAL (
        SELECT n.name, STRING_TO_ARRAY(n.name, '.') AS parts
        FROM (SELECT SPLIT_PART(LOWER(r.email), '@', 2) AS name) n
    ) d
    WHERE r.mail_id = %(mail)s AND r.state = 'pending'
    ORDER BY r.id
"""


def who_waits(mail: Mail) -> list[Waiting]:
    """Whom this mail still has to reach. What it is not limited by is not counted: then it is 0."""
    rules = kind_named(mail.kind)
    asked: dict[str, Any] = {
        "mail": mail.pk,
        "since": timezone.now() - WINDOW,
        "is_free": is_free(mail.kind),
        "is_urgent": rules.is_urgent,
        "is_by_person": rules.is_by_person,
        "per_recipient": USUAL.per_recipient,
        "per_domain": USUAL.per_domain,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, asked)
        return [Waiting(*row) for row in cursor.fetchall()]


def refusal(kind: str, person: Waiting) -> str:
    """Why this recipient does not get a mail of this kind at all; empty if they do."""
    if person.suppressed and not may_get(person.suppressed, kind):
        return person.suppressed
    return BLOCKED if person.is_blocked else ""


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


def _room_at(attempts: AttemptQuerySet, limit: int, now: datetime) -> datetime:
    """When the newest `limit` of these are one fewer; a little later, and each time by another little."""
    newest = attempts.order_by("-at").values_list("at", flat=True)[max(limit - 1, 0) : max(limit, 1)]
    first = next(iter(newest), now)
    return max(first + WINDOW, now) + timedelta(seconds=random.uniform(1, SPREAD))  # noqa: S311, no secret
