"""A ticket's page, and everything that an agent does there: a form, an action, the page again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.access import refusal, requires, viewer
from accounts.models import Team, User
from customers.actions import create_guest, get_or_create_customer
from tickets import actions
from tickets.forms import (
    AssignForm,
    FollowUpForm,
    InviteForm,
    NewTicketForm,
    PriorityForm,
    ReplyForm,
    ResolveForm,
    StatusForm,
    TagsForm,
    TransferForm,
)
from tickets.models import Channel, Draft, Event, FollowUp, Message, ReadMark, RootCause, ScheduledReply, Tag, Ticket
from tickets.queries import timeline
from tickets.queries.people import helper_rows, helpers, who_snoozed
from tickets.views.drafts import composing, held_json
from tickets.views.inbox import answer, know_names, viewer_with_teams, wants_fragment, workspace
from tickets.views.undoing import offer_undo

OTHERS = 8
UNPROCESSABLE = 422
# The forms whose templates have a place for it.
SAY_WHAT_IS_WRONG = {"reply_form", "resolve_form", "transfer_form", "invite_form", "snooze_form"}


@requires("tickets.view")
@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """The ticket with its list, or only its panes for htmx. `?before=SEQ` shows earlier events."""
    ticket = _ticket_in_full(request, number)
    # A GET that writes: only the viewer's own mark of how far they have read, and writing it twice changes
    # nothing. What a browser fetches ahead of a click has not been read by anyone.
    if "prefetch" not in request.headers.get("Sec-Purpose", "") and "HX-Preloaded" not in request.headers:
        actions.mark_seen(ticket, by=viewer(request), seq=ticket.last_seq)
    return _page(request, ticket)


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
    def act(ticket: Ticket) -> Message | ScheduledReply:
        asked = form.cleaned_data
        words = {name: asked[name] for name in ("body", "client_id")} | {"attachments": tuple(asked["attachments"])}
        steps = {"steps": asked["step"], "macros": asked["macro"]}
        if kind() == Message.Kind.NOTE:
            return actions.post_with_steps(ticket, by=viewer(request), kind=kind(), **words, **steps)
        then = {name: value for name, value in (steps | {"resolve": asked["resolve"]}).items() if value}
        times = {"begun_seq": asked["begun_seq"], "send_at": asked["send_at"]}
        return actions.send_reply(ticket, by=viewer(request), then=then, **words, **times)

    if request.headers.get("Accept") == "application/json":
        return _acknowledge(request, number, form, act)
    return _act(request, number, form, act, shown_as="reply_form")


def _acknowledge(
    request: HttpRequest, number: int, form: ReplyForm, act: Callable[[Ticket], Message | ScheduledReply]
) -> HttpResponse:
    """What the browser's outbox asks: the message is stored, as which event of which ticket, or why it is not. One
    that leaves later is said to be `scheduled`.

    `by` is whose words they are: whoever signed in meanwhile in the same browser must not say them.
    """
    if request.POST.get("by") != str(viewer(request).pk):
        return refusal(401, "not_you", "Somebody else is signed in now.")
    ticket = Ticket.objects.visible_to(viewer(request)).filter(pk=number).first()
    if ticket is None:
        return refusal(404, "not_found", "This ticket is not there any more, or not yours to see.")
    if not form.is_valid():
        return refusal(422, "invalid", _words(form))
    try:
        sent = act(ticket)
    except actions.HeldError as error:
        return JsonResponse(held_json(error), status=409)
    except ValidationError as error:
        code = error.code or "invalid"
        return refusal(409 if code == "conflict" else 422, code, " ".join(error.messages))
    said = {"client_id": form.cleaned_data["client_id"], "ref": ticket.reference}
    if isinstance(sent, ScheduledReply):
        return JsonResponse(said | {"scheduled": {"state": sent.state, "send_at": sent.send_at}})
    return JsonResponse(said | {"ref": sent.event.ticket.reference, "seq": sent.event.seq})


@requires("tickets.assign")
@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    form, user = AssignForm(request.POST), viewer(request)
    return _act(
        request, number, form, lambda ticket: actions.assign_ticket(ticket, by=user, **form.chosen()), is_undoable=True
    )


@requires("tickets.assign")
@require_POST
def transfer(request: HttpRequest, number: int) -> HttpResponse:
    """Hand it over to somebody, or to a team."""
    form, user = TransferForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        actions.transfer_ticket(ticket, by=user, note=form.cleaned_data["note"], **form.cleaned_data["to"])

    return _act(request, number, form, act, shown_as="transfer_form", is_undoable=True)


@requires("tickets.assign")
@require_POST
def invite(request: HttpRequest, number: int) -> HttpResponse:
    """Ask somebody else of ours in."""
    form, user = InviteForm(request.POST), viewer(request)
    return _act(
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
    return _act(request, number, forms.Form(request.POST), lambda ticket: actions.join_ticket(ticket, by=user))


@requires("tickets.reply")
@require_POST
def leave(request: HttpRequest, number: int) -> HttpResponse:
    """Leave it to the others again, or say no to an invitation."""
    user = viewer(request)
    return _act(request, number, forms.Form(request.POST), lambda ticket: actions.leave_ticket(ticket, by=user))


@requires("tickets.set_status")
@require_POST
def status(request: HttpRequest, number: int) -> HttpResponse:
    form, user = StatusForm(request.POST), viewer(request)
    return _act(
        request, number, form, lambda ticket: actions.set_status(ticket, by=user, **form.cleaned_data), is_undoable=True
    )


@requires("tickets.set_priority")
@require_POST
def priority(request: HttpRequest, number: int) -> HttpResponse:
    form, user = PriorityForm(request.POST), viewer(request)
    return _act(
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
    return _act(
        request, number, form, lambda ticket: actions.tag_ticket(ticket, by=user, **form.cleaned_data), is_undoable=True
    )


@requires("tickets.resolve")
@require_POST
def resolve(request: HttpRequest, number: int) -> HttpResponse:
    form, user = ResolveForm(request.POST), viewer(request)
    return _act(
        request,
        number,
        form,
        lambda ticket: actions.resolve_ticket(ticket, by=user, **form.cleaned_data),
        shown_as="resolve_form",
        is_undoable=True,
    )


@requires("tickets.reopen")
@require_POST
def reopen(request: HttpRequest, number: int) -> HttpResponse:
    user = viewer(request)
    return _act(request, number, forms.Form(request.POST), lambda ticket: actions.reopen_ticket(ticket, by=user))


@requires("tickets.reply")
@require_POST
def copy(request: HttpRequest, number: int) -> HttpResponse:
    """Mail the customer a copy of the conversation as they see it."""
    user = viewer(request)
    return _act(request, number, forms.Form(request.POST), lambda ticket: actions.mail_copy(ticket, by=user))


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

    return _act(request, number, form, act)


@requires("tickets.open")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a conversation on a customer's behalf."""
    user = viewer_with_teams(request)
    form = NewTicketForm(request.POST or None, initial={"team": next(iter(user.teams.all()), None)})
    if request.method == "POST" and form.is_valid():
        try:
            return _after(request, _open(user, form.cleaned_data))
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "tickets/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200)


def _open(user: User, asked: dict[str, Any]) -> Ticket:
    if asked["email"]:
        customer, _ = get_or_create_customer(by=user, email=asked["email"], name=asked["name"])
    else:
        customer = create_guest(name=asked["name"])
    is_call = asked["channel"] == Channel.PHONE
    return actions.open_ticket(
        customer,
        by=user,
        subject=asked["subject"],
        body=asked["body"],
        channel=asked["channel"],
        team=asked["team"],
        client_id=asked["client_id"],
        # Of a call we write down what they told us; that is not something to tell them.
        kind=Message.Kind.NOTE if is_call else Message.Kind.REPLY,
    )


def _act(
    request: HttpRequest,
    number: int,
    form: forms.Form,
    act: Callable[[Ticket], object],
    *,
    shown_as: str = "",
    is_undoable: bool = False,
) -> HttpResponse:
    """Let a valid form act on the ticket and show it again; otherwise say what is wrong, with what was typed.

    `shown_as` is the form's name in the templates, if they show what was typed in it.
    """
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=number)
    if form.is_valid():
        try:
            if not is_undoable:
                act(ticket)
                return _after(request, ticket)
            with actions.remembering([ticket], by=viewer(request)) as noted:
                act(ticket)
            return offer_undo(_after(request, ticket), noted.undo)
        except ValidationError as error:
            form.add_error(None, error)
    return _refuse(request, ticket, form, shown_as)


def _after(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """The ticket as it is now, or the inbox if it went where the viewer cannot follow."""
    query = "?" + urlencode({"view": request.GET["view"]}) if "view" in request.GET else ""
    if not Ticket.objects.visible_to(viewer(request)).filter(pk=ticket.pk).exists():
        messages.info(request, f"Ticket {ticket.number} is now with another team.")
        inbox = reverse("tickets:inbox") + query
        return HttpResponseClientRedirect(inbox) if wants_fragment(request) else _see_other(inbox)
    if wants_fragment(request):
        return _show_again(request, ticket.pk)
    return _see_other(ticket.get_absolute_url() + query)


def _show_again(request: HttpRequest, number: int) -> HttpResponse:
    ticket = _ticket_in_full(request, number)
    actions.mark_seen(ticket, by=viewer(request), seq=ticket.last_seq)
    return _page(request, ticket)


def _see_other(url: str) -> HttpResponse:
    response = redirect(url)
    response.status_code = 303  # the answer to a POST is to GET that page
    return response


def _refuse(request: HttpRequest, ticket: Ticket, form: forms.Form, shown_as: str) -> HttpResponse:
    """The page again, 422, with what was typed and what is wrong with it: in the form, or as a toast."""
    ticket = _ticket_in_full(request, ticket.pk)
    has_place = shown_as in SAY_WHAT_IS_WRONG and not (shown_as != "reply_form" and ticket.is_solved)
    words = _words(form)
    if not has_place and not wants_fragment(request):
        messages.error(request, words)
    response = _page(request, ticket, status=UNPROCESSABLE, **({shown_as: form} if shown_as else {}))
    if not has_place and wants_fragment(request):
        trigger_client_event(response, "desk:toast", {"text": words, "isError": True})
    return response


def _words(form: forms.Form) -> str:
    """All that is wrong with a form, as one text."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _ticket_in_full(request: HttpRequest, number: int) -> Ticket:
    """The ticket with what its page shows of it; 404 if the viewer may not see it."""
    tickets = Ticket.objects.visible_to(viewer_with_teams(request)).select_related(
        "customer__company", "assignee", "team", "site", "root_cause", "rating"
    )
    names = Tag.objects.filter(tickets=OuterRef("pk")).values("name")
    asks = FollowUp.objects.scheduled().filter(ticket=OuterRef("pk"), kind=FollowUp.Kind.AFTER_SOLVING).values("due_at")
    read = ReadMark.objects.filter(ticket=OuterRef("pk"), customer=OuterRef("customer"))
    shown = tickets.annotate(
        tag_names=ArraySubquery(names),
        follow_up_at=Subquery(asks[:1]),
        read_seq=Subquery(read.values("seq")),
        read_at=Subquery(read.values("at")),
        helper_rows=helper_rows(),
        has_draft=Exists(Draft.objects.filter(ticket=OuterRef("pk"), user=viewer(request))),
        has_later=Exists(ScheduledReply.objects.filter(ticket=OuterRef("pk"), state__in=ScheduledReply.OPEN)),
        has_merged=Exists(Ticket.objects.visible_to(viewer(request)).filter(merged_into=OuterRef("pk"))),
    )
    return get_object_or_404(shown, pk=number)


def _page(request: HttpRequest, ticket: Ticket, *, status: int = 200, **forms_shown: forms.Form) -> HttpResponse:
    """The workspace with this ticket open; htmx gets the conversation and the side."""
    user = viewer(request)
    teams = list(Team.objects.all())
    has_merged: bool = ticket.has_merged  # type: ignore[attr-defined]  # annotated
    events = timeline(ticket, user, before=_before(request), has_merged=has_merged)
    context = _no_list(request) if wants_fragment(request) else workspace(request, teams)
    know_names(context["tickets"], ticket.customer)
    context |= {
        "ticket": ticket,
        "open_number": ticket.number,
        "events": events.events,
        "earlier": events.earlier,
        "seen": _seen(ticket, events.events),
        "snoozed_by": who_snoozed(ticket, events.events),
        "helpers": helpers(ticket.helper_rows),  # type: ignore[attr-defined]  # annotated
        "teams": teams,
        "assignees": User.objects.filter(Q(is_active=True) | Q(pk=ticket.assignee_id)),
        "other_tickets": Ticket.objects.visible_to(user)
        .filter(customer=ticket.customer_id)
        .exclude(pk=ticket.pk)
        .order_by("-number")[:OTHERS],
        "root_causes": RootCause.objects.select_related("parent"),
        "reply_form": ReplyForm(),
        "resolve_form": ResolveForm(),
        "transfer_form": TransferForm(),
        "invite_form": InviteForm(),
    }
    forms_shown |= composing(ticket, user, forms_shown.get("reply_form"))
    return answer(
        request, context | forms_shown, page="tickets/ticket.html", fragment="tickets/_panes.html", status=status
    )


def _seen(ticket: Ticket, events: list[Event]) -> dict[str, Any]:
    """Which of our answers is the last that the customer has seen, and when; `seq` 0 if none of these."""
    ours = (event.seq for event in events if event.message and event.by_user_id and not event.message.is_note)
    read_seq: int = ticket.read_seq or 0  # type: ignore[attr-defined]  # annotated
    return {"seq": max((seq for seq in ours if seq <= read_seq), default=0), "at": ticket.read_at}  # type: ignore[attr-defined]


def _no_list(request: HttpRequest) -> dict[str, Any]:
    """What stands for the workspace where only the ticket's panes are wanted."""
    return {"current_view": request.GET.get("view", ""), "tickets": []}


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
