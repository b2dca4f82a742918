"""What somebody has begun to write, as their browsers keep it: read, and saved a second after each change."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import refusal, requires, viewer
from accounts.models import User
from tickets import actions
from tickets.forms import ReplyForm, problems_of
from tickets.forms.fields import is_uuid
from tickets.models import Attachment, Draft, Event, Message, ScheduledReply, Ticket
from tickets.queries.holding import came_between, draft_of, open_replies
from tickets.serializers import iso

LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
CONFLICTS = {"older", "sent"}


class DraftForm(forms.Form):
    """A draft as a browser keeps it; times in milliseconds since 1970."""

    body = forms.CharField(required=False, strip=False)
    kind = forms.ChoiceField(choices=Message.Kind.choices)
    client_id = forms.CharField(max_length=64)
    begun_seq = forms.IntegerField(min_value=0, max_value=2**62, required=False)
    attachments = forms.MultipleChoiceField(required=False)
    written = forms.IntegerField(min_value=0, max_value=LATEST, required=False)
    known = forms.IntegerField(min_value=0, max_value=LATEST, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attachments"].valid_value = is_uuid  # type: ignore[attr-defined]  # whose they are: the action

    def asked(self) -> dict[str, Any]:
        """The arguments of `save_draft`."""
        data = self.cleaned_data
        words = {name: data[name] for name in ("body", "kind", "client_id", "begun_seq")}
        times = {"written_at": _at(data["written"]), "known_at": _at(data["known"])}
        return words | times | {"attachments": tuple(data["attachments"])}


@requires("tickets.reply")
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, number: int) -> JsonResponse:
    """`{"draft": … or null, "now": ms}`: what is kept. `by` says whose words are posted, as with what is sent."""
    user = viewer(request)
    if request.POST.get("by", str(user.pk)) != str(user.pk):
        return refusal(401, "not_you", _("Somebody else is signed in now."))
    ticket = Ticket.objects.visible_to(user).filter(pk=number).first()
    if ticket is None:
        return refusal(404, "not_found", _("This ticket is not there any more, or not yours to see."))
    if request.method != "POST":
        return _answer(ticket, user)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return refusal(422, "invalid", problems_of(form))
    try:
        actions.save_draft(ticket, by=user, **form.asked())
    except ValidationError as error:
        code = error.code or "invalid"
        if code in CONFLICTS:
            return _answer(ticket, user, status=409, code=code)
        return refusal(422, code, " ".join(error.messages))
    return _answer(ticket, user)


def _answer(ticket: Ticket, user: User, *, status: int = 200, code: str = "") -> JsonResponse:
    kept = draft_of(ticket, user)
    said: dict[str, Any] = {"draft": draft_json(kept) if kept else None, "now": millis(timezone.now())}
    if code:
        said["error"] = {"code": code, "detail": _("Something newer is kept."), "fields": {}}
    return JsonResponse(said, status=status)


def draft_json(kept: Draft) -> dict[str, Any]:
    """A draft as the browser keeps it."""
    return {
        "body": kept.body,
        "kind": kept.kind,
        "clientId": kept.client_id,
        "begun": kept.begun_seq,
        "files": files_json(kept.attachments.all()),
        "at": millis(kept.updated_at),
    }


def files_json(files: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Files that are on no message yet, as the composer shows them."""
    return [{"id": str(file.pk), "name": file.name, "size": file.size} for file in files if file.message_id is None]


def composing(ticket: Ticket, user: User, form: Any = None) -> dict[str, Any]:
    """What the composer and the strip above it show: the draft, or what was refused, and what has not left yet."""
    kept = draft_of(ticket, user) if ticket.has_draft else None  # type: ignore[attr-defined]  # annotated
    if form is None:
        form = ReplyForm(initial=_initial(kept) if kept else {"begun_seq": ticket.last_seq})
    chosen = [key for key in form["attachments"].value() or [] if is_uuid(key)]
    return {
        "reply_form": form,
        "draft_data": json.dumps(draft_json(kept)) if kept else "",
        "composer_files": Attachment.objects.visible_to(user).filter(pk__in=chosen, message=None) if chosen else [],
        "later": _later(ticket, user) if ticket.has_later else [],  # type: ignore[attr-defined]  # annotated
    }


@dataclass(frozen=True)
class Later:
    """A reply that has not left, as `user` sees it; `between` is what its author should read before it does."""

    reply: ScheduledReply
    user: User
    between: list[Event]

    @property
    def is_mine(self) -> bool:
        return self.reply.user_id == self.user.pk

    @property
    def files(self) -> list[Attachment]:
        """Until it leaves, they are only for its author."""
        return list(self.reply.attachments.all()) if self.is_mine else []

    @property
    def left(self) -> int:
        """Seconds in which it can be undone."""
        return max(0, math.ceil((self.reply.send_at - timezone.now()).total_seconds()))

    @property
    def made_at(self) -> int:
        return millis(self.reply.created_at)


def _later(ticket: Ticket, user: User) -> list[Later]:
    return [Later(reply, user, _between(ticket, reply, user)) for reply in open_replies(ticket)]


def _between(ticket: Ticket, reply: ScheduledReply, user: User) -> list[Event]:
    if reply.state != ScheduledReply.State.HELD or reply.user_id != user.pk:
        return []
    return came_between(ticket, by=user, begun_seq=reply.begun_seq)


def _initial(kept: Draft) -> dict[str, Any]:
    files = [str(file.pk) for file in kept.attachments.all() if file.message_id is None]
    words = {"body": kept.body, "kind": kept.kind, "begun_seq": kept.begun_seq, "attachments": files}
    return words | ({"client_id": kept.client_id} if kept.client_id else {})


def held_json(error: actions.HeldError) -> dict[str, Any]:
    """Why a reply was not sent, and what its author has not seen: `{"error", "held": {"seen", "between"}}`."""
    between = [
        {
            "by": event.by_user.name if event.by_user else _("The customer"),
            "at": iso(event.at),
            "body": event.message.body,
        }
        for event in error.between
        if event.message
    ]
    said: dict[str, Any] = {"code": "held", "detail": error.message, "fields": {}}
    return {"error": said, "held": {"seen": error.seq, "between": between}}


def millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
