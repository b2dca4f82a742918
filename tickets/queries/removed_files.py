"""Who took files out of a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from tickets.models import Attachment, Event


def know_removers(events: Iterable[Event]) -> None:
    """Let the removed files of these events' messages know by whom (`removed_by`): one query, and only if there are
    any whose removal is not among these events."""
    shown = list(events)
    removed: list[Attachment] = [
        file
        for event in shown
        if event.message is not None
        for file in event.message.files  # type: ignore[attr-defined]  # fetched by `timeline`
        if file.removed_at is not None
    ]
    if not removed:
        return
    told = [event for event in shown if event.type == "file.removed"]
    if not {str(file.pk) for file in removed} <= {event.data["file"] for event in told}:
        tickets = {event.ticket_id for event in shown}
        told = list(Event.objects.filter(ticket__in=tickets, type="file.removed").select_related("by_user"))
    names = {event.data["file"]: event.by_user.name if event.by_user else "Makegood" for event in told}
    for file in removed:
        file.removed_by = names.get(str(file.pk), "Makegood")  # type: ignore[attr-defined]  # for the template
