"""Tickets are linked, one is split off from another, and what is to be done is ticked off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires, viewer
from tickets import actions
from tickets.forms import ChecklistForm, ChecklistItemForm, LinkForm, SplitForm, UnlinkForm
from tickets.forms.fields import is_key
from tickets.models import ChecklistItem, Message, Ticket, TicketLink
from tickets.views.acting import UNPROCESSABLE, act_on, see_other
from tickets.views.undoing import offer_undo

FIRST_LINE_CHARS = 80


@requires("tickets.tag")
@require_POST
def link(request: HttpRequest, number: int) -> HttpResponse:
    """Say what it has to do with another one."""
    user = viewer(request)
    form = LinkForm(request.POST, tickets=Ticket.objects.visible_to(user))
    undo: list[Any] = []

    @transaction.atomic
    def act(ticket: Ticket) -> None:
        known = set(ticket.links.values_list("pk", flat=True)) | set(ticket.links_back.values_list("pk", flat=True))
        made = actions.link_ticket(ticket, by=user, **form.cleaned_data)
        if made.pk in known:  # said in another way now: saying it as before is as easy as undoing it
            return
        other = form.cleaned_data["other"].pk
        label, was = _("Linked with ticket %(number)s") % {"number": other}, {"link": made.pk}
        undo.append(actions.offer_to_undo(ticket, by=user, do="unlink", was=was, label=label, also=[other]))

    return offer_undo(act_on(request, number, form, act, shown_as="link_form"), next(iter(undo), None))


@requires("tickets.tag")
@require_POST
def unlink(request: HttpRequest, number: int) -> HttpResponse:
    """Take a link off."""
    user, form = viewer(request), UnlinkForm(request.POST)
    undo: list[Any] = []

    @transaction.atomic
    def act(ticket: Ticket) -> None:
        both = TicketLink.objects.filter(pk=form.cleaned_data["link"])
        found = (both.filter(ticket=ticket) | both.filter(other=ticket)).first()
        if found is None or not actions.unlink_ticket(found, by=user):
            return
        other = found.other_id if found.ticket_id == ticket.pk else found.ticket_id
        was = {"other": other, "kind": found.side_of(ticket.pk)}
        undo.append(
            actions.offer_to_undo(ticket, by=user, do="link", was=was, label=_("The link is taken off"), also=[other])
        )

    return offer_undo(act_on(request, number, form, act), next(iter(undo), None))


# --- Splitting -----------------------------------------------------------------------------


@requires("tickets.open")
@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, number: int) -> HttpResponse:
    """Ask what a message is about, besides, and open a ticket of its own for that."""
    user = viewer(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user), pk=number)
    message = _message(request, ticket)
    form = SplitForm(request.POST or None, initial={"subject": _first_line(message)})
    if request.method == "POST" and form.is_valid():
        try:
            new = actions.split_ticket(ticket, message=message, by=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            is_seen = Ticket.objects.visible_to(user).filter(pk=new.pk).exists()
            return see_other((new if is_seen else ticket).get_absolute_url())
    context = {"form": form, "ticket": ticket, "message": message}
    return render(request, "tickets/split.html", context, status=UNPROCESSABLE if form.errors else 200)


def _message(request: HttpRequest, ticket: Ticket) -> Message:
    """The message that is meant, on this ticket or on one that is merged into it. Errors: Http404."""
    key = request.GET.get("message", "")
    found = Message.objects.visible_to(viewer(request)).replies().select_related("by_user", "by_customer")
    message = found.filter(pk=int(key)).first() if is_key(key) else None
    if message is None:
        raise Http404
    if message.ticket_id != ticket.pk and message.ticket_id not in Ticket.objects.visible_to(
        viewer(request)
    ).merged_into(ticket):
        raise Http404
    return message


def _first_line(message: Message) -> str:
    return " ".join(message.body.split("\n", 1)[0].split())[:FIRST_LINE_CHARS]


# --- The checklist -------------------------------------------------------------------------


@requires("tickets.note")
@require_POST
def checklist(request: HttpRequest, number: int) -> HttpResponse:
    """Put lines on it."""
    form, user = ChecklistForm(request.POST), viewer(request)
    return act_on(
        request,
        number,
        form,
        lambda ticket: actions.add_items(ticket, by=user, **form.cleaned_data),
        shown_as="checklist_form",
    )


@requires("tickets.note")
@require_POST
def checklist_item(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Tick one line, change it, move it or take it off."""
    form, user = ChecklistItemForm(request.POST), viewer(request)
    undo: list[Any] = []

    @transaction.atomic
    def act(ticket: Ticket) -> None:
        item = ChecklistItem.objects.filter(ticket=ticket, pk=pk).select_related("ticket").first()
        if item is None:
            raise ValidationError(_("This line is not there any more."), code="invalid")
        if form.cleaned_data["do"] != "remove":
            _change_item(item, form, request)
        elif was := actions.remove_item(item, by=user):
            label = _("“%(text)s” is taken off the checklist") % {"text": item.text[:60]}
            undo.append(actions.offer_to_undo(ticket, by=user, do="item", was=was, label=label))

    return offer_undo(act_on(request, number, form, act), next(iter(undo), None))


def _change_item(item: ChecklistItem, form: forms.Form, request: HttpRequest) -> None:
    user, do = viewer(request), form.cleaned_data["do"]
    if do in ("tick", "untick"):
        actions.check_item(item, by=user, is_done=do == "tick")
    elif do == "change":
        actions.change_item(item, by=user, text=form.cleaned_data["text"])
    else:
        actions.move_item(item, by=user, steps=1 if do == "down" else -1)
