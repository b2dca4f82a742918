"""The steps that a ticket itself offers to macros: each calls the action that a person would."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.templatetags.grammar import mid_sentence
from tickets import when
from tickets.actions._rules import clean_line
from tickets.actions.abuse import mark_abuse
from tickets.actions.checking_off import add_items, read_lines
from tickets.actions.filling import set_fields
from tickets.actions.planning import plan_from_template
from tickets.actions.posting import post_message
from tickets.actions.snoozing import snooze_ticket
from tickets.actions.solving import resolve_ticket
from tickets.actions.sorting import MAX_TAGS, assign_ticket, retag_ticket, set_priority, set_status
from tickets.field_values import kept_words, read_value
from tickets.macros import StepKind, render
from tickets.models import Field, FollowUpTemplate, Message, NamedStatus, Priority, RootCause, Status, Ticket

TAG_CHARS = 50
SELF, NOBODY, NONE, NAMED = "me", "nobody", "none", "named"


def _assign(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    people = {SELF: by, NOBODY: None}
    assign_ticket(ticket, by=by, user=people[value] if value in people else User.objects.get(pk=value))


def _people() -> dict[str, str]:
    working = User.objects.filter(is_active=True).values_list("pk", "name")
    return {SELF: gettext("yourself"), NOBODY: gettext("nobody")} | {str(pk): name for pk, name in working}


def _move(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    assign_ticket(ticket, by=by, team=None if value == NONE else Team.objects.get(pk=value))


def _teams() -> dict[str, str]:
    return {str(pk): name for pk, name in Team.objects.values_list("pk", "name")} | {NONE: gettext("no team")}


def _set_status(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    kind, _colon, pk = value.partition(":")
    named = NamedStatus.objects.get(pk=pk) if kind == NAMED else None
    set_status(ticket, by=by, status=named.status if named else value, named=named)


def _statuses() -> dict[str, str]:
    words = NamedStatus.objects.filter(archived_at=None).exclude(status=Status.SOLVED).values_list("pk", "name")
    own = {f"{NAMED}:{pk}": name for pk, name in words}
    return {value: mid_sentence(str(label)) for value, label in Status.choices if value != Status.SOLVED} | own


def _set_field(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    slug, _colon, typed = value.partition(":")
    set_fields(ticket, by=by, values={slug: typed.strip()})


def _clean_field(text: str) -> str:
    """`name: value`, by the field's name or its slug; kept by its slug, which outlives the name."""
    name, _colon, typed = clean_line(text, len(text)).partition(":")
    name, typed = name.strip(), typed.strip()
    if not name:
        return ""
    field = Field.objects.filter(Q(name__iexact=name) | Q(slug=name.lower()), archived_at=None).first()
    if field is None:
        raise ValidationError(
            gettext("Set a field: there is none called %(name)s. Write its name, a colon, its value.")
            % {"name": name[:40]}
        )
    value = read_value(field.kind, field.options, typed)
    return f"{field.slug}: {kept_words(field.kind, field.options, value)}".strip()


def _set_priority(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    set_priority(ticket, by=by, priority=int(value))


def _priorities() -> dict[str, str]:
    return {str(value): mid_sentence(str(label)) for value, label in Priority.choices}


def _add_tags(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    retag_ticket(ticket, by=by, add=value.split(", "))


def _remove_tags(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    retag_ticket(ticket, by=by, remove=value.split(", "))


def _clean_tags(text: str) -> str:
    names = [name for name in (clean_line(part, len(part)) for part in text.split(",")) if name]
    long = [name for name in names if len(name) > TAG_CHARS]
    if long:
        raise ValidationError(
            gettext("A tag has %(count)s characters at most: %(tag)s…") % {"count": TAG_CHARS, "tag": long[0][:20]},
            code="invalid",
        )
    if len(names) > MAX_TAGS:
        raise ValidationError(gettext("A ticket has %(count)s tags at most.") % {"count": MAX_TAGS}, code="invalid")
    return ", ".join(names)


def _resolve(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    ticket.refresh_from_db(fields=["status"])
    if not ticket.is_solved:  # somebody was faster: then what was wanted is so
        cause = None if value == NONE else RootCause.objects.known_as(value)
        resolve_ticket(ticket, by=by, root_cause=cause)


def _causes() -> dict[str, str]:
    return {NONE: gettext("no cause to name")} | dict(RootCause.objects.offered().values_list("slug", "name"))


def _plan(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    plan_from_template(ticket, by=by, template=FollowUpTemplate.objects.get(pk=value), client_id=once)


def _follow_ups() -> dict[str, str]:
    return {str(pk): name for pk, name in FollowUpTemplate.objects.filter(archived_at=None).values_list("pk", "name")}


def _note_abuse(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    mark_abuse(ticket, by=by)


def _abuse() -> dict[str, str]:
    return {"abusive": gettext("abusive words")}


def _snooze(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    wake = when.read(value, now=timezone.now(), zone=by.zone)
    if wake is None:
        raise ValidationError(gettext("Snooze until: %(time)s has passed.") % {"time": value}, code="invalid")
    snooze_ticket(ticket, by=by, until=wake.at)


def _clean_when(text: str) -> str:
    text = clean_line(text, len(text))
    if text and when.read(text, now=timezone.now(), zone=ZoneInfo("UTC")) is None:
        raise ValidationError(
            gettext("Snooze until: this is no time that we understand: %(text)s.") % {"text": text[:40]}, code="invalid"
        )
    return text


def _note(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    words = render(value, ticket, by, is_markdown=True)
    form = Message.Format.MARKDOWN
    post_message(ticket, by=by, body=words, kind=Message.Kind.NOTE, format=form, client_id=once)


def _clean_note(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _add_lines(ticket: Ticket, value: str, *, by: User, once: str) -> None:
    add_items(ticket, by=by, text=render(value, ticket, by))


def _clean_lines(text: str) -> str:
    return "\n".join(read_lines(text)) if text.strip() else ""


ASSIGN = StepKind(_("Assign to"), _("assign to {}"), _assign, options=_people)
TEAM = StepKind(_("Move to team"), _("move to {}"), _move, options=_teams)
STATUS = StepKind(_("Set status"), _("mark as {}"), _set_status, options=_statuses)
PRIORITY = StepKind(_("Set priority"), _("set priority {}"), _set_priority, options=_priorities)
ADD_TAGS = StepKind(_("Add tags"), _("tag {}"), _add_tags, check=_clean_tags, again=True)
REMOVE_TAGS = StepKind(_("Remove tags"), _("remove tag {}"), _remove_tags, check=_clean_tags, again=True)
FIELD = StepKind(_("Set a field (name: value)"), _("set {}"), _set_field, check=_clean_field, again=True)
NOTE = StepKind(_("Add a note for the team"), _("note “{}”"), _note, check=_clean_note, again=True)
CHECKLIST = StepKind(_("Add to the checklist"), _("checklist: {}"), _add_lines, check=_clean_lines, again=True)
FOLLOW_UP = StepKind(_("Plan a follow-up"), _("follow-up: {}"), _plan, options=_follow_ups, again=True)
ABUSE = StepKind(_("Note that it was abusive"), _("note {}"), _note_abuse, options=_abuse)
SNOOZE = StepKind(_("Snooze until"), _("snooze: {}"), _snooze, check=_clean_when, last=True)
RESOLVE = StepKind(_("Solve, with the cause"), _("solve: {}"), _resolve, options=_causes, last=True)
