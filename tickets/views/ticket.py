"""A ticket's page, and everything that an agent does there: a form, an action, the page again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import refusal, requires, viewer
from tickets import actions
from tickets.forms import (
    AssignForm,
    FieldsForm,
    FollowUpForm,
    InviteForm,
    PriorityForm,
    ReplyForm,
    ResolveForm,
    StatusForm,
    TagsForm,
    TransferForm,
    problems_of,
)
from tickets.models import Message, ScheduledReply, Ticket
from tickets.queries.concerning import warning_about
from tickets.views.acting import IN_TRASH, act_on, ticket_in_full, ticket_page
from tickets.views.drafts import held_json

AHEAD_SECONDS = 20


@requires("tickets.view")
@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """The ticket with its list, or only its panes for htmx. `?before=SEQ` shows earlier events. What is fetched ahead
    at the state that `?seq=` names may be kept for some seconds (static/js/ahead.js)."""
    ticket = ticket_in_full(request, number)
    is_ahead = "HX-Preloaded" in request.headers
    # A GET that writes: only the viewer's own mark of how far they have read, and writing it twice changes
    # nothing. What a browser fetches ahead of a click has not been read by anyone.
    if not is_ahead and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        actions.mark_seen(ticket, by=viewer(request), seq=ticket.last_seq)
    response = ticket_page(request, ticket)
    if is_ahead and request.GET.get("seq") == str(ticket.last_seq):
        patch_cache_control(response, private=True, max_age=AHEAD_SECONDS)
        response.headers["HX-Preloaded"] = "true"
    return response


@requires("tickets.reply")
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Send a reply; the form says when it is a note instead, and then it stays one."""
    form = ReplyForm(request.POST)
    return _post(request, number, form, lambda: form.cleaned_data["kind"])


@requires("tickets.note")
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Add a note, whatever else the form says: this address never writes to the customer."""
    return _post(request, number, ReplyForm(request.POST), lambda: Message.Kind.NOTE)


def _post(request: HttpRequest, number: int, form: ReplyForm, kind: Callable[[], str]) -> HttpResponse:
    is_script = request.headers.get("Accept") == "application/json"

    def act(ticket: Ticket) -> Message | ScheduledReply:
        asked = form.cleaned_data
        words = {name: asked[name] for name in ("body", "client_id")} | {"attachments": tuple(asked["attachments"])}
        steps = {"steps": asked["step"], "macros": asked["macro"]}
        if kind() == Message.Kind.NOTE:  # Markdown, like everything that the composer takes
            meant: dict[str, Any] = {"kind": kind(), "format": Message.Format.MARKDOWN}
            message = actions.post_with_steps(ticket, by=viewer(request), **meant, **words, **steps)
            if not is_script and (warning := warning_about(ticket, message.body)):
                messages.info(request, warning)
            return message
        wanted = steps | {name: asked[name] for name in ("resolve", "uncopied")}
        then = {name: value for name, value in wanted.items() if value}
        times = {"begun_seq": asked["begun_seq"], "send_at": asked["send_at"]}
        return actions.send_reply(ticket, by=viewer(request), then=then, **words, **times)

    if is_script:
        return _acknowledge(request, number, form, act)
    return act_on(request, number, form, act, shown_as="reply_form")


def _acknowledge(
    request: HttpRequest, number: int, form: ReplyForm, act: Callable[[Ticket], Message | ScheduledReply]
) -> HttpResponse:
    """What the browser's outbox asks: the message is stored, as which event of which ticket, or why it is not. One
    that leaves later is said to be `scheduled`.

    `by` is whose words they are: whoever signed in meanwhile in the same browser must not say them.
    """
    if request.POST.get("by") != str(viewer(request).pk):
        return refusal(401, "not_you", _("Somebody else is signed in now."))
    ticket = Ticket.objects.visible_to(viewer(request)).filter(pk=number).first()
    if ticket is None and Ticket.objects.trash_of(viewer(request)).filter(pk=number).exists():
        return refusal(422, "trashed", str(IN_TRASH))
    if ticket is None:
        return refusal(404, "not_found", _("This ticket is not there any more, or not yours to see."))
    if not form.is_valid():
        return refusal(422, "invalid", problems_of(form))
    try:
        sent = act(ticket)
    except actions.HeldError as error:
        return JsonResponse(held_json(error), status=409)
    except ValidationError as error:
        code = error.code or "invalid"
        return refusal(409 if code == "conflict" else 422, code, " ".join(error.messages))
    said = {"client_id": form.cleaned_data["client_id"], "ref": ticket.reference}
    if isinstance(sent, Message) and sent.is_note and (warning := warning_about(ticket, sent.body)):
        said["warning"] = warning
    if isinstance(sent, ScheduledReply):
        return JsonResponse(said | {"scheduled": {"state": sent.state, "send_at": sent.send_at}})
    return JsonResponse(said | {"ref": sent.event.ticket.reference, "seq": sent.event.seq})


@requires("tickets.assign")
@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    form, user = AssignForm(request.POST), viewer(request)
    return act_on(
        request, number, form, lambda ticket: actions.assign_ticket(ticket, by=user, **form.chosen()), is_undoable=True
    )


@requires("tickets.assign")
@require_POST
def transfer(request: HttpRequest, number: int) -> HttpResponse:
    """Hand it over to somebody, or to a team."""
    form, user = TransferForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        actions.transfer_ticket(ticket, by=user, note=form.cleaned_data["note"], **form.cleaned_data["to"])

    return act_on(request, number, form, act, shown_as="transfer_form", is_undoable=True)


@requires("tickets.assign")
@require_POST
def invite(request: HttpRequest, number: int) -> HttpResponse:
    """Ask somebody else of ours in."""
    form, user = InviteForm(request.POST), viewer(request)
    return act_on(
        request,
        number,
        form,
        lambda ticket: actions.invite_agent(ticket, by=user, **form.cleaned_data),
        shown_as="invite_form",
    )


@requires("tickets.reply")
@require_POST
def join(request: HttpRequest, number: int) -> HttpResponse:
    """Work on it beside whoever has it."""
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.join_ticket(ticket, by=user))


@requires("tickets.reply")
@require_POST
def leave(request: HttpRequest, number: int) -> HttpResponse:
    """Leave it to the others again, or say no to an invitation."""
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.leave_ticket(ticket, by=user))


@requires("tickets.set_status")
@require_POST
def status(request: HttpRequest, number: int) -> HttpResponse:
    form, user = StatusForm(request.POST), viewer(request)
    return act_on(
        request, number, form, lambda ticket: actions.set_status(ticket, by=user, **form.cleaned_data), is_undoable=True
    )


@requires("tickets.set_priority")
@require_POST
def priority(request: HttpRequest, number: int) -> HttpResponse:
    form, user = PriorityForm(request.POST), viewer(request)
    return act_on(
        request,
        number,
        form,
        lambda ticket: actions.set_priority(ticket, by=user, **form.cleaned_data),
        is_undoable=True,
    )


@requires("tickets.tag")
@require_POST
def tags(request: HttpRequest, number: int) -> HttpResponse:
    form, user = TagsForm(request.POST), viewer(request)
    return act_on(
        request, number, form, lambda ticket: actions.tag_ticket(ticket, by=user, **form.cleaned_data), is_undoable=True
    )


@requires("tickets.set_fields")
@require_POST
def fields(request: HttpRequest, number: int) -> HttpResponse:
    """Fill fields of the company's own; those that are not sent stay."""
    form, user = FieldsForm(request.POST), viewer(request)
    return act_on(
        request,
        number,
        form,
        lambda ticket: actions.set_fields(ticket, by=user, values=form.values),
        shown_as="fields_form",
        is_undoable=True,
    )


@requires("tickets.resolve")
@require_POST
def resolve(request: HttpRequest, number: int) -> HttpResponse:
    """Solve it; what fields must not be empty then is asked in the same panel, and filled first."""
    form, user = ResolveForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        if form.values:
            actions.set_fields(ticket, by=user, values=form.values)
        actions.resolve_ticket(ticket, by=user, **form.cleaned_data)

    return act_on(
        request,
        number,
        form,
        act,
        shown_as="resolve_form",
        is_undoable=True,
    )


@requires("tickets.reopen")
@require_POST
def reopen(request: HttpRequest, number: int) -> HttpResponse:
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.reopen_ticket(ticket, by=user))


@requires("tickets.reply")
@require_POST
def copy(request: HttpRequest, number: int) -> HttpResponse:
    """Mail the customer a copy of the conversation as they see it."""
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.mail_copy(ticket, by=user))


@requires("tickets.resolve")
@require_POST
def follow_up(request: HttpRequest, number: int) -> HttpResponse:
    """Ask earlier or later whether all is well, or not at all."""
    form, user = FollowUpForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        if form.cleaned_data["do"] == "cancel":
            actions.call_off_follow_up(ticket, by=user)
        else:
            is_now = form.cleaned_data["do"] == "now"
            actions.move_follow_up(ticket, by=user, due_at=timezone.now() if is_now else form.cleaned_data["due_at"])

    return act_on(request, number, form, act)
