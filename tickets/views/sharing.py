"""A conversation reaches others than its customer: copies of our answers, and what is forwarded."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reselect, reswap, retarget

from accounts.access import requires, viewer
from tickets import actions
from tickets.forms import CopyForm, ForwardForm
from tickets.models import Copied, Ticket, Undo
from tickets.queries.forwarding import forwardable
from tickets.views.acting import UNPROCESSABLE, act_on, after
from tickets.views.inbox import know_names, wants_fragment
from tickets.views.undoing import offer_undo

SHOWN = 100  # messages that can be chosen one by one


@requires("tickets.open")
@require_POST
def add_copied(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody else gets our answers by mail, too."""
    form, user = CopyForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        name, email = form.cleaned_data["to"]
        actions.add_copied(ticket, by=user, email=email, name=name)

    return act_on(request, number, form, act, shown_as="copy_form")


@requires("tickets.open")
@require_POST
def remove_copied(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """They get no more of them, unless that is undone."""
    user = viewer(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user), pk=number)
    copied = get_object_or_404(Copied, pk=pk, ticket=ticket)
    undos: list[Undo] = []

    def act(ticket: Ticket) -> None:
        if copied.removed_at is None:
            actions.remove_copied(copied, by=user)
            was = {"email": copied.email, "name": copied.name}
            label = _("No more copies to %(name)s") % {"name": copied.name or copied.email}
            undos.append(actions.offer_to_undo(ticket, by=user, do="copy", was=was, label=label))

    response = act_on(request, number, forms.Form(request.POST), act)
    return offer_undo(response, undos[0] if undos else None)


@requires("tickets.open")
@require_http_methods(["GET", "HEAD", "POST"])
def forward(request: HttpRequest, number: int) -> HttpResponse:
    """Mail a part of the conversation to somebody outside. `?message=` chooses one message to begin with."""
    user = viewer(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user).select_related("customer"), pk=number)
    form = ForwardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            forwarded = actions.forward_ticket(
                ticket,
                by=user,
                to=asked["to"],
                words=asked["words"],
                messages=asked["message"],
                attachments=tuple(asked["file"]),
                client_id=asked["client_id"],
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return offer_undo(_show_ticket(request, ticket), forwarded.undo)
    return _ask(request, ticket, form)


def _show_ticket(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    response = after(request, ticket)
    if wants_fragment(request):
        retarget(reswap(reselect(response, "#conversation"), "outerHTML"), "#conversation")
    return response


def _ask(request: HttpRequest, ticket: Ticket, form: ForwardForm) -> HttpResponse:
    """The panel, or a page of its own, with what was chosen so far."""
    user = viewer(request)
    messages = forwardable(ticket).prefetch_related("attachments").order_by("-pk")
    newest = list(messages[:SHOWN])[::-1]
    know_names([ticket])
    chosen = request.POST.getlist("message") if form.is_bound else request.GET.getlist("message")
    context = {
        "ticket": ticket,
        "form": form,
        "said": newest,
        "chosen": chosen if form.is_bound or chosen else [str(message.pk) for message in newest],
        "chosen_files": request.POST.getlist("file"),
        "current_view": request.GET.get("view", ""),
        "agent": user,
    }
    template = "tickets/_forward.html" if wants_fragment(request) else "tickets/forward.html"
    return render(request, template, context, status=UNPROCESSABLE if form.errors else 200)
