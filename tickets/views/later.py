"""Replies that have not left yet: undone, sent now, thrown away, or stopped."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import refusal, requires, viewer
from accounts.models import User
from tickets import actions
from tickets.macros import Steps, written
from tickets.models import Message, ScheduledReply, Ticket
from tickets.views.acting import act_on
from tickets.views.drafts import draft_json, files_json

BIGGEST = 2**62


class LaterForm(forms.Form):
    """What is done with which reply; `seen` is the last event that the page showed."""

    reply = forms.IntegerField(min_value=1, max_value=BIGGEST)
    do = forms.ChoiceField(
        choices=[
            ("take_back", gettext_lazy("Undo")),
            ("send", gettext_lazy("Send now")),
            ("discard", gettext_lazy("Discard")),
            ("hold", gettext_lazy("Stop it")),
        ]
    )
    seen = forms.IntegerField(min_value=0, max_value=BIGGEST, required=False)


@requires("tickets.reply")
@require_POST
def later(request: HttpRequest, number: int) -> HttpResponse:
    """Act on one; a script gets JSON with the words that come back to be written, everybody else the ticket again."""
    form, user = LaterForm(request.POST), viewer(request)
    if request.headers.get("Accept") != "application/json":
        return act_on(request, number, form, lambda ticket: _do(ticket, user, form.cleaned_data))
    ticket = Ticket.objects.visible_to(user).filter(pk=number).first()
    if ticket is None:
        return refusal(404, "not_found", _("This ticket is not there any more, or not yours to see."))
    if not form.is_valid():
        return refusal(422, "invalid", _("Reload the page and try again."))
    try:
        return JsonResponse(_do(ticket, user, form.cleaned_data))
    except ValidationError as error:
        return refusal(409, error.code or "invalid", " ".join(error.messages))
    except PermissionDenied:
        return refusal(403, "forbidden", _("Only whoever wrote it can do that."))


def _do(ticket: Ticket, user: User, asked: dict[str, Any]) -> dict[str, Any]:
    """{"state", "draft"}: what became of the reply, and what comes back to be written: its words, files and steps."""
    reply = ScheduledReply.objects.filter(ticket=ticket, pk=asked["reply"]).select_related("ticket").first()
    if reply is None:
        raise Http404
    back = None
    if asked["do"] == "take_back":
        was_open = reply.state in ScheduledReply.OPEN
        draft = actions.take_back_reply(reply, by=user, seen_seq=asked["seen"])
        if draft is not None and was_open:
            # The browser may have written on since: it puts these words before those itself.
            words = {"body": reply.body, "kind": Message.Kind.REPLY, "files": files_json(reply.attachments.all())}
            back = draft_json(draft) | words | {"along": _along(reply)}
    elif asked["do"] == "send":
        actions.send_reply_now(reply, by=user, seen_seq=asked["seen"])
    elif asked["do"] == "discard":
        actions.discard_reply(reply, by=user)
    else:
        actions.hold_reply(reply, by=user)
    reply.refresh_from_db(fields=["state"])
    return {"state": reply.state, "draft": back}


def _along(reply: ScheduledReply) -> list[dict[str, str]]:
    """The steps of macros that would have been done with it, as the composer shows them."""
    known = Steps()
    steps = [{"name": "step", "value": written(step), "words": known.say(step)} for step in reply.then.get("steps", [])]
    return [*steps, *({"name": "macro", "value": str(key)} for key in reply.then.get("macros", []))]
