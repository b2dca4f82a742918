"""What somebody was told: lists, counts, in which ways they want it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from tickets.formatting import to_text
from tickets.models import Event, Message, Notification, NotificationSettings, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.inbox import PAGE_SIZE as LIST_SIZE
from tickets.queries.inbox import Cursor, Page, with_row_details
from tickets.queries.mentions import mentions_of
from tickets.quiet import Quiet

Kind = Notification.Kind
WAYS = ("app", "push", "mail")
USUAL_WAYS: dict[str, list[str]] = {
    Kind.MENTIONED: ["app", "push", "mail"],
    Kind.INVITED: ["app", "push", "mail"],
    Kind.ASSIGNED: ["app", "push", "mail"],
    Kind.REPLIED: ["app", "push"],
    Kind.HELD: ["app", "push", "mail"],
    Kind.DUE: ["app", "push", "mail"],
    Kind.PROMISE: ["app", "push"],
    Kind.RECOVERY: ["app", "push", "mail"],
    Kind.WOKE: ["app", "push"],
    Kind.RATED: ["app"],
    Kind.FOLLOWED: ["app"],
}
PAGE_SIZE = 50
COUNT_CAP = 99
EXCERPT_CHARS = 160
TEXT_READ = 1000  # characters of a message, for its beginning
_CURSOR = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,15})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """A ticket and what was told of it, the newest first."""

    ticket: Ticket
    notifications: list[Notification]

    @property
    def is_unread(self) -> bool:
        return any(one.read_at is None for one in self.notifications)


@dataclass(frozen=True)
class ToldPage:
    groups: list[Told]
    next_cursor: str


def settings_of(user: User) -> NotificationSettings:
    """How they want to be told; what they never changed is as usual."""
    return NotificationSettings.objects.filter(user=user).first() or NotificationSettings(user=user)


def ways_of(settings: NotificationSettings, kind: str) -> list[str]:
    """In which ways they want to hear of this kind."""
    chosen = settings.ways.get(kind)
    return USUAL_WAYS[kind] if chosen is None else [way for way in WAYS if way in chosen]


def quiet_of(settings: NotificationSettings) -> Quiet:
    """When they are left in peace."""
    return Quiet(settings.user.zone, settings.quiet_from, settings.quiet_until, settings.is_quiet_at_weekends)


def told_to(user: User) -> QuerySet[Notification]:
    """What they were told in the desk, of tickets that they may still see."""
    kept = Notification.objects.filter(user=user, ticket__in=Ticket.objects.visible_to(user))
    settings = settings_of(user)
    unwanted = [kind for kind in USUAL_WAYS if "app" not in ways_of(settings, kind)]
    return kept.exclude(kind__in=unwanted) if unwanted else kept


def count_unread(user: User) -> int:
    """How many they have not read, counted up to one more than the cap."""
    return len(told_to(user).filter(read_at=None).order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])


def with_words(told: QuerySet[Notification]) -> QuerySet[Notification]:
    """With all that `said` and `excerpt` need."""
    people = ("event__message", "event__by_user", "event__by_customer")
    return told.select_related("ticket__customer", *people).prefetch_related("ticket__customer__addresses")


def told_page(user: User, *, cursor: str = "", is_unread_only: bool = False) -> ToldPage:
    """A page of what they were told, newest first, each ticket once with what was told of it."""
    told = told_to(user)
    if is_unread_only:
        told = told.filter(read_at=None)
    match = _CURSOR.fullmatch(cursor)
    if match:
        at = _EPOCH + timedelta(microseconds=min(int(match[1], 16), 10**17))
        told = told.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=int(match[2], 16))))
    rows = list(with_words(told).order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
    page = rows[:PAGE_SIZE]
    return ToldPage(by_ticket(page), _cursor_at(page[-1]) if len(rows) > PAGE_SIZE else "")


def by_ticket(notifications: Iterable[Notification]) -> list[Told]:
    """The same, each ticket once, in the order in which they come."""
    groups: dict[int, Told] = {}
    for one in notifications:
        groups.setdefault(one.ticket_id, Told(one.ticket, [])).notifications.append(one)
    return list(groups.values())


def _cursor_at(last: Notification) -> str:
    return f"{(last.created_at - _EPOCH) // timedelta(microseconds=1):x}-{last.pk:x}"


# --- Where one is mentioned, in the inbox ------------------------------------------------
def mentions_page(tickets: TicketQuerySet, user: User, cursor: Cursor | None) -> Page:
    """Tickets in which they are mentioned, the newest mention first. However many there are, only a page is read."""
    same = mentions_of(user).filter(ticket=OuterRef("ticket"))
    later = Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    newest = mentions_of(user).filter(~Exists(same.filter(later)), ticket__in=tickets)
    if cursor is not None and cursor.stretch == "m":
        newest = newest.filter(created_at__lte=cursor.at).filter(
            Q(created_at__lt=cursor.at) | Q(ticket__lt=cursor.number)
        )
    rows = list(newest.order_by("-created_at", "-ticket").values_list("ticket", "created_at")[: LIST_SIZE + 1])
    page = rows[:LIST_SIZE]
    found = with_row_details(tickets.filter(pk__in=[number for number, _at in page]), user).in_bulk()
    shown = [found[number] for number, _at in page if number in found]
    return Page(shown, Cursor("m", page[-1][1], page[-1][0]) if len(rows) > LIST_SIZE else None)


# --- What it says ------------------------------------------------------------------------
def said(one: Notification) -> str:
    """What happened, in a few words that name nobody's message, in the language that is spoken now."""
    event = one.event
    if one.kind == Kind.HELD:
        left = _("A reply of yours left, but not all that was to be done with it")
        return _("A reply of yours is held") if event.type == "reply.held" else left
    if one.kind == Kind.WOKE:
        return _("Back from snoozing")
    if one.kind == Kind.DUE:
        return _("A task is due") if event.type == "follow_up.due" else _("A follow-up could not leave")
    if one.kind == Kind.PROMISE:
        return _("A promise has little time left")
    if one.kind == Kind.RECOVERY:  # the app that records it knows the words
        return render_to_string(f"told/{event.type}.txt", {"data": event.data, "user_id": one.user_id}).strip()
    return _sentence(one) % {"name": _who(event), "to": _given_to(event), "score": event.data.get("score", "")}


def news(tickets: int) -> str:
    """The same of several tickets, in one line."""
    return ngettext("%(count)s ticket has news for you", "%(count)s tickets have news for you", tickets) % {
        "count": tickets
    }


def excerpt(one: Notification) -> str:
    """The beginning of the words that came with it, as they are now; nothing where there are none."""
    event = one.event
    why = event.data.get("reason")
    words = _text_of(event.message) if event.message else str(event.data.get("note") or (_(why) if why else ""))
    if one.kind in (Kind.WOKE, Kind.FOLLOWED) and not event.message:
        return ""
    return " ".join(words.split())[:EXCERPT_CHARS]


def _text_of(message: Message) -> str:
    return to_text(message.body[:TEXT_READ]) if message.is_markdown else message.body


def _who(event: Event) -> str:
    if event.by_user is not None:
        return event.by_user.short_name
    return event.by_customer.display_name if event.by_customer else "Makegood"


def _given_to(event: Event) -> str:
    user = event.data.get("user")
    return str(user.get("to") or "") if isinstance(user, dict) else ""


def _sentence(one: Notification) -> str:
    """What they do, with a place for their name."""
    event = one.event
    if one.kind == Kind.MENTIONED:
        return _("%(name)s mentions you")
    if one.kind == Kind.INVITED:
        return _("%(name)s asks you to help")
    if one.kind == Kind.ASSIGNED:
        handed = _("%(name)s hands it over to you")
        return handed if event.type == "ticket.handed_over" else _("%(name)s gives it to you")
    if event.message is not None:
        return _("%(name)s adds a note") if event.message.is_note else _("%(name)s writes")
    what = f"{event.type} to {'somebody' if _given_to(event) else event.data.get('to')}"
    return str(SENTENCES.get(what) or SENTENCES.get(event.type) or _("%(name)s changes something"))


SENTENCES = {
    "ticket.assigned": gettext_lazy("%(name)s leaves it to whoever takes it"),
    "ticket.assigned to somebody": gettext_lazy("%(name)s gives it to %(to)s"),
    "ticket.handed_over": gettext_lazy("%(name)s hands it over to a team"),
    "ticket.handed_over to somebody": gettext_lazy("%(name)s hands it over to %(to)s"),
    "ticket.resolved": gettext_lazy("%(name)s solves it"),
    "ticket.reopened": gettext_lazy("%(name)s reopens it"),
    "ticket.merged": gettext_lazy("%(name)s merges it with another ticket"),
    "status.changed to open": gettext_lazy("%(name)s sets it to open"),
    "status.changed to pending": gettext_lazy("%(name)s sets it to pending"),
    "status.changed to on_hold": gettext_lazy("%(name)s sets it to on hold"),
    "agent.joined": gettext_lazy("%(name)s joins"),
    "chat.ended": gettext_lazy("%(name)s leaves the chat"),
    "rating.given": gettext_lazy("%(name)s rates it %(score)s of 5"),
    "mail.failed": gettext_lazy("%(name)s could not deliver a mail"),
}
