"""What is due by way of browsers and of mail leaves, once, unless it was read meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.outward import Answer, ForbiddenAddressError, UnreachableError, post_outward
from tickets.emails import digest_mail
from tickets.models import Notification, PushSubscription, Ticket
from tickets.pushing import Note, sealed
from tickets.queries.notifications import Told, by_ticket, news, quiet_of, said, settings_of, with_words

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)  # what a worker that died was just sending goes again after it, under the same tag
GIVE_UP = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
MOST_FAILURES = 20  # in a row, and the browser is taken for gone
NOTES_AT_ONCE = 3  # with more tickets than that, one note says how many
SUBJECT_CHARS = 120
URGENT = {Notification.Kind.MENTIONED, Notification.Kind.INVITED, Notification.Kind.REPLIED}


class Outcome(Enum):
    """What became of one note for one browser."""

    TAKEN = "taken"
    LATER = "later"  # nobody there now, or too much at once
    NEVER = "never"


def push_to(user: User) -> int:
    """Send their browsers what is due; returns how many notes were taken. Two workers never send the same."""
    due = _claim(user)
    if not due:
        return 0
    if user.is_on_breather(timezone.now()):
        Notification.objects.filter(pk__in=[one.pk for one in due]).update(push_due_at=user.breather_until)
        return 0
    fresh = _still_wanted(due)
    browsers = list(user.push_subscriptions.order_by("pk"))
    quiet = quiet_of(settings_of(user))
    if not fresh or not browsers or not user.is_active or quiet.at(timezone.now()):
        _settle(due)
        return 0
    with translation.override(user.reads):
        notes = notes_of(by_ticket(fresh))
    is_urgent = any(one.kind in URGENT for one in fresh)
    results = [_send_all(browser, notes, is_urgent=is_urgent) for browser in browsers]
    taken = sum(count for count, _pause in results)
    pauses = [pause for _count, pause in results if pause is not None]
    if taken or not pauses:  # told once is told: who has several browsers reads in one of them
        _settle(due)
    else:
        _put_off(due, max(pauses))
    return taken


def _claim(user: User) -> list[Notification]:
    """What is due, put off for as long as sending may take; nothing if another worker has it."""
    now = timezone.now()
    with transaction.atomic():
        rows = Notification.objects.select_for_update(skip_locked=True).filter(user=user, push_due_at__lte=now)
        due = list(rows.order_by("pk"))
        Notification.objects.filter(pk__in=[one.pk for one in due]).update(push_due_at=now + LEASE)
    return due


def _settle(due: Iterable[Notification]) -> None:
    Notification.objects.filter(pk__in=[one.pk for one in due]).update(push_due_at=None)


def _put_off(due: list[Notification], pause: timedelta) -> None:
    """Try again at growing distances, for an hour; what is older is no news."""
    now = timezone.now()
    for one in due:
        age = now - one.created_at
        again = now + max(pause, min(max(age, FIRST_PAUSE), LONGEST_PAUSE))
        one.push_due_at = again if again - one.created_at < GIVE_UP else None
    Notification.objects.bulk_update(due, ["push_due_at"])


def _still_wanted(due: list[Notification]) -> list[Notification]:
    """Those that were not read meanwhile, on tickets that may still be seen, with their words; newest first."""
    if not due:
        return []
    rows = Notification.objects.filter(pk__in=[one.pk for one in due], read_at=None)
    visible = rows.filter(ticket__in=Ticket.objects.visible_to(due[0].user))
    return list(with_words(visible).order_by("-created_at", "-pk"))


def notes_of(told: list[Told]) -> list[Note]:
    """What browsers show: each ticket with the newest that happened, or how many tickets, if it is many."""
    if len(told) > NOTES_AT_ONCE:
        newest = "; ".join(_title(one) for one in told[:2])
        return [Note(news(len(told)), newest, "/notifications/", "tickets")]
    return [
        Note(
            _title(one),
            _about(one.ticket),
            one.ticket.get_absolute_url(),
            f"ticket-{one.ticket.number}",
        )
        for one in told
    ]


def _title(told: Told) -> str:
    newest, more = said(told.notifications[0]), len(told.notifications) - 1
    return _("%(newest)s (and %(count)s more)") % {"newest": newest, "count": more} if more else newest


def _about(ticket: Ticket) -> str:
    number = _("Ticket %(number)s") % {"number": ticket.number}
    return f"{number}: {ticket.subject[:SUBJECT_CHARS]}".rstrip(": ")


def _send_all(browser: PushSubscription, notes: list[Note], *, is_urgent: bool) -> tuple[int, timedelta | None]:
    """How many notes it took, and how long to wait with the rest; None if there is nothing to wait for."""
    taken = 0
    for note in notes:
        outcome, pause = _send(browser, note, is_urgent=is_urgent)
        taken += outcome == Outcome.TAKEN
        if outcome != Outcome.TAKEN:
            return taken, pause if outcome == Outcome.LATER else None
    return taken, None


def _send(browser: PushSubscription, note: Note, *, is_urgent: bool) -> tuple[Outcome, timedelta]:
    try:
        headers, body = sealed(note, browser, is_urgent=is_urgent)
        answer = post_outward(browser.endpoint, body, headers)
    except UnreachableError as error:
        log.info("push service of browser %s: %s", browser.pk, error)
        return _failed(browser), FIRST_PAUSE
    except (ForbiddenAddressError, ValueError) as error:
        log.warning("browser %s cannot be reached, and never can: %s", browser.pk, error)
        browser.delete()
        return Outcome.NEVER, timedelta(0)
    return _judge(browser, answer)


def _judge(browser: PushSubscription, answer: Answer) -> tuple[Outcome, timedelta]:
    """What a push service's answer means (RFC 8030, 5 and 7.3)."""
    if 200 <= answer.status < 300:
        PushSubscription.objects.filter(pk=browser.pk).update(failures=0, used_at=timezone.now())
        return Outcome.TAKEN, timedelta(0)
    if answer.status in (404, 410):  # it was switched off there, or its browser is gone
        browser.delete()
        return Outcome.NEVER, timedelta(0)
    log.info("push service of browser %s answers %s", browser.pk, answer.status)
    if answer.status == 429:
        return Outcome.LATER, retry_after(answer.headers.get("retry-after", ""), timezone.now())
    if answer.status >= 500:
        return _failed(browser), retry_after(answer.headers.get("retry-after", ""), timezone.now())
    _failed(browser)
    return Outcome.NEVER, timedelta(0)


def _failed(browser: PushSubscription) -> Outcome:
    PushSubscription.objects.filter(pk=browser.pk).update(failures=F("failures") + 1)
    gone = PushSubscription.objects.filter(pk=browser.pk, failures__gte=MOST_FAILURES).delete()[0]
    return Outcome.NEVER if gone else Outcome.LATER


def retry_after(text: str, now: datetime) -> timedelta:
    """How long a server asks us to wait: seconds or a date (RFC 9110, 10.2.3); within reason."""
    pause = FIRST_PAUSE
    if text.isascii() and text.isdigit():
        pause = timedelta(seconds=min(int(text[:6]), 86_400))
    elif text:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return pause
        pause = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(pause, FIRST_PAUSE), GIVE_UP)


@transaction.atomic
def mail_digest(user: User) -> bool:
    """One mail with what they have not read and want by mail; whether there was anything to say.

    The mail and the marks that it is owed no more are one transaction: sent once, or still owed. In quiet hours it
    waits until they are over.
    """
    now = timezone.now()
    rows = Notification.objects.select_for_update(skip_locked=True).filter(user=user, mail_due_at__lte=now)
    due = list(rows.order_by("pk"))
    if not due:
        return False
    theirs = Notification.objects.filter(pk__in=[one.pk for one in due])
    over = quiet_of(settings_of(user)).over(now)
    if over > now:
        theirs.update(mail_due_at=over)
        return False
    wanted = _still_wanted(due) if user.is_active else []
    theirs.update(mail_due_at=None)
    if wanted:
        digest_mail(user, by_ticket(wanted), dedupe_key=f"digest-{user.pk}-{due[-1].pk}")
    return bool(wanted)


def due_for(way: str) -> list[User]:
    """Whose browsers (`push`) or mails (`mail`) have something due."""
    column = {"push": "push_due_at", "mail": "mail_due_at"}[way]
    due = Notification.objects.filter(**{"user": OuterRef("pk"), f"{column}__lte": timezone.now()})
    return list(User.objects.filter(Exists(due)).order_by("pk"))
