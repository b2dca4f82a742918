"""Whom an event concerns, and how: read when it is to be told, from what is there then."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team, User
from tickets.mentioning import fold, mentioned
from tickets.models import Collaborator, Event, Follow, FollowUp, Message, Notification, ScheduledReply, Ticket

Kind = Notification.Kind
# What somebody hears of who follows a ticket. Changes of tags and the like are not worth anybody's time.
FOLLOWED = {
    "message.posted",
    "ticket.assigned",
    "ticket.handed_over",
    "ticket.resolved",
    "ticket.reopened",
    "ticket.merged",
    "status.changed",
    "agent.joined",
    "chat.ended",
    "rating.given",
    "mail.failed",
}
EDITED = "note.edited"
_HANDING_OVER = ("ticket.assigned", "ticket.handed_over")
CONCERNING = FOLLOWED | {
    EDITED,
    "agent.invited",
    "ticket.woken",
    "reply.held",
    "reply.unfinished",
    "follow_up.due",
    "follow_up.held",
    "promise.near",
    *settings.TELLING_EVENTS,
}
# Their words come with an event of their own, which says it better.
_BY_THE_WAY = {"ticket.reopened", "status.changed"}


def whom_it_concerns(event: Event) -> dict[User, str]:
    """Everybody who is to hear of it, and as what: never of what one did oneself, never of what one may not see."""
    if event.type not in CONCERNING:
        return {}
    kinds: dict[int, str] = dict.fromkeys(_followers(event), Kind.FOLLOWED)
    kinds |= _directly(event)
    if event.by_user_id:
        kinds.pop(event.by_user_id, None)
    people = User.objects.filter(pk__in=kinds, is_active=True).prefetch_related("teams").order_by("pk")
    return {user: kinds[user.pk] for user in people if may_see(user, event.ticket)}


def may_see(user: User, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()


def _followers(event: Event) -> Iterable[int]:
    if event.type not in FOLLOWED or (event.by_customer_id and event.type in _BY_THE_WAY):
        return []
    # Who began to follow only afterwards has not missed it.
    return Follow.objects.filter(ticket=event.ticket_id, created_at__lte=event.at).values_list("user", flat=True)


def _directly(event: Event) -> dict[int, str]:
    """By user: what they hear of whether they follow the ticket or not."""
    told = event.data.get("user")
    if event.type in ("message.posted", EDITED):
        return _by_words(event)
    if event.type in _HANDING_OVER:
        return {told["id"]: Kind.ASSIGNED} if told and told.get("id") and told["from"] != told["to"] else {}
    if event.type == "agent.invited":
        return {told["id"]: Kind.INVITED} if told else {}
    if event.type == "rating.given":
        return dict.fromkeys(_assignee_at(event), Kind.RATED)
    if event.type == "ticket.woken" and event.data.get("reason") == "time":
        return dict.fromkeys(_who_waited(event), Kind.WOKE)
    if event.type in ("reply.held", "reply.unfinished"):
        return dict.fromkeys(_authors_of_reply(event), Kind.HELD)
    if event.type in ("follow_up.due", "follow_up.held"):
        return dict.fromkeys(_who_follows_up(event), Kind.DUE)
    if event.type == "promise.near":
        return dict.fromkeys(_assignee_at(event), Kind.PROMISE)
    if event.type in settings.TELLING_EVENTS:
        return dict.fromkeys(event.data.get("tell", []), Kind.RECOVERY)
    return {}


def _by_words(event: Event) -> dict[int, str]:
    """Whom a note mentions; for a customer's words whoever works on the ticket."""
    message = words_of(event)
    if message is None:
        return {}
    if message.is_note:
        heard = {} if event.message_id else _heard_already(message)
        return {user.pk: Kind.MENTIONED for user in mentioned_in(message.body) if user.pk not in heard}
    if event.by_customer_id and event.message_id:
        works = Collaborator.objects.filter(ticket=event.ticket_id, joined_at__lte=event.at)
        return dict.fromkeys([*works.values_list("user", flat=True), *_assignee_at(event)], Kind.REPLIED)
    return {}


def words_of(event: Event) -> Message | None:
    """The message that an event brought or changed, as it is now."""
    if event.message_id or event.type != EDITED:
        return event.message
    return Message.objects.filter(pk=event.data.get("message"), ticket=event.ticket_id).first()


def _heard_already(message: Message) -> set[int]:
    """Who was told of this message before: what is changed in it later mentions nobody twice."""
    by_edits = Q(event__type=EDITED, event__data__message=message.pk)
    told = Notification.objects.filter(Q(event__message=message) | by_edits, ticket=message.ticket_id)
    return set(told.filter(kind=Kind.MENTIONED).values_list("user", flat=True))


def mentioned_in(text: str) -> list[User]:
    """The people whom these words mention by name, alone or with their team; several of one name are all meant."""
    if "@" not in text:
        return []
    people = list(User.objects.filter(is_active=True).only("pk", "name"))
    teams = list(Team.objects.all())
    found = set(mentioned(text, [*(user.name for user in people), *(team.name for team in teams)]))
    if not found:
        return []
    meant = Q(pk__in=[user.pk for user in people if fold(user.name) in found])
    meant |= Q(teams__in=[team.pk for team in teams if fold(team.name) in found])
    return list(User.objects.filter(meant, is_active=True).distinct().prefetch_related("teams").order_by("name", "pk"))


def mentioned_in_vain(ticket: Ticket, text: str) -> list[User]:
    """Who is mentioned and will hear nothing of it, because they may not see the ticket."""
    return [user for user in mentioned_in(text) if not may_see(user, ticket)]


def warning_about(ticket: Ticket, text: str) -> str:
    """What whoever wrote a note is told of that; nothing if everybody mentioned may see the ticket."""
    blind = mentioned_in_vain(ticket, text)
    if not blind:
        return ""
    name, more = blind[0].name, len(blind) - 1
    if not more:
        said = _("%(name)s cannot see this ticket and will not hear of it. To ask for their help, invite them (i).")
        return said % {"name": name}
    said = ngettext(
        "%(name)s and %(count)s more cannot see this ticket and will not hear of it."
        " To ask for their help, invite them (i).",
        "%(name)s and %(count)s more cannot see this ticket and will not hear of it."
        " To ask for their help, invite them (i).",
        more,
    )
    return said % {"name": name, "count": more}


def _who_waited(event: Event) -> list[int]:
    """Who made it sleep, and who has it."""
    snoozes = Event.objects.filter(ticket=event.ticket_id, type="ticket.snoozed", seq__lt=event.seq)
    last = snoozes.order_by("-seq").values_list("by_user", flat=True).first()
    return [pk for pk in (last, *_assignee_at(event)) if pk]


def _assignee_at(event: Event) -> list[int]:
    """Who had the ticket then; nobody if it has changed hands since: whoever got it hears of that."""
    later = Event.objects.filter(ticket=event.ticket_id, seq__gt=event.seq, type__in=_HANDING_OVER)
    has_changed_hands = any(data["user"]["from"] != data["user"]["to"] for data in later.values_list("data", flat=True))
    return [event.ticket.assignee_id] if event.ticket.assignee_id and not has_changed_hands else []


def _authors_of_reply(event: Event) -> list[int]:
    """Whose reply it is: the event names them, the row tells two of one name apart."""
    rows = ScheduledReply.objects.filter(ticket=event.ticket_id, user__name=event.data.get("user"))
    return list(rows.filter(reason=event.data.get("reason", "")).values_list("user", flat=True)[:1])


def _who_follows_up(event: Event) -> list[int]:
    """Whose task it is: who was named, else who has the ticket, else who planned it. Of a message that could not leave,
    who planned it and who has the ticket."""
    row = FollowUp.objects.filter(pk=event.data.get("follow_up")).first()
    if row is None:
        return []
    has_ticket, planner = _assignee_at(event), [row.by_id] if row.by_id else []
    if event.type == "follow_up.held":
        return [*planner, *has_ticket]
    return ([row.assignee_id] if row.assignee_id else []) or has_ticket or planner
