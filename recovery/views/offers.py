"""An offer beside a ticket: written, weighed, sent, withdrawn, answered by phone, done."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.access import requires, viewer
from recovery import actions
from recovery.forms.offering import ByPhoneForm, NoteForm, OfferForm
from recovery.models import Offer, Policy, Trigger
from recovery.queries.gap import gap_of
from recovery.queries.offers import measure
from recovery.views.composing import offer_form, weigh
from recovery.views.panel import act_on, ticket_of
from tickets.models import Ticket


@requires("recovery.work")
@require_POST
def compose(request: HttpRequest, number: int) -> HttpResponse:
    """Keep what was written as a draft, or send it: at once, or once somebody else has said yes."""
    ticket = ticket_of(request, number)
    form = _form(request, ticket)
    if form is None:
        return act_on(
            request,
            ticket,
            forms.Form(request.POST),
            lambda: measure(ticket, None, now=timezone.now(), policy=Policy.current()),
        )

    @transaction.atomic
    def act() -> None:
        offer = _written(request, ticket, form)
        if request.POST.get("do") == "send":
            actions.send_offer(offer, by=viewer(request))

    return act_on(request, ticket, form, act, shown_as="offer_form")


def _written(request: HttpRequest, ticket: Ticket, form: OfferForm) -> Offer:
    """The offer with these words: the live one, changed, or a new one, in a case that is opened if there is none."""
    user = viewer(request)
    case = actions.open_case(ticket, by=user, trigger=Trigger.AGENT)
    live = Offer.objects.live().filter(case=case).first()
    said = {
        "words": form.cleaned_data["words"],
        "options": form.drafts(),
        "is_commercial": form.cleaned_data["is_commercial"],
    }
    if live is not None:
        return actions.change_offer(live, by=user, **said)
    return actions.draft_offer(case, by=user, **said)


@requires("recovery.work")
@never_cache
@require_POST
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """Hold what is typed against the gap and the budgets, and show what the customer will see. Nothing is kept."""
    ticket = ticket_of(request, number)
    form, policy = _form(request, ticket), Policy.current()
    gap = gap_of(ticket, now=timezone.now(), policy=policy)
    context = weigh(ticket, viewer(request), form, gap=gap, policy=policy) if form else {"gap": gap}
    return render(request, "recovery/_offer_preview.html", context | {"ticket": ticket})


@requires("recovery.work")
@require_POST
def send(request: HttpRequest, number: int) -> HttpResponse:
    """Send the draft as it is."""
    return _act(request, number, forms.Form(request.POST), lambda offer: actions.send_offer(offer, by=viewer(request)))


@requires("recovery.work")
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    form = NoteForm(request.POST)
    return _act(
        request,
        number,
        form,
        lambda offer: actions.withdraw_offer(offer, by=viewer(request), note=form.cleaned_data["note"]),
    )


@requires("recovery.work")
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """What they said by phone."""
    form, user = ByPhoneForm(request.POST), viewer(request)

    def act(offer: Offer) -> None:
        choice, note = form.cleaned_data["choice"], form.cleaned_data["note"]
        option = offer.options.filter(pk=int(choice)).first() if choice.isdecimal() else None
        if option is not None:
            actions.accept_offer(offer, option=option, by=user)
        else:
            actions.decline_offer(offer, by=user, answer=choice, note=note)

    return _act(request, number, form, act)


@requires("recovery.work")
@require_POST
def done(request: HttpRequest, number: int) -> HttpResponse:
    """What was promised was done."""
    form = NoteForm(request.POST)
    return _act(
        request,
        number,
        form,
        lambda offer: actions.mark_done(offer, by=viewer(request), note=form.cleaned_data["note"]),
    )


def _act(request: HttpRequest, number: int, form: forms.Form, act: Callable[[Offer], object]) -> HttpResponse:
    """Do it to the newest offer on the ticket; 404 if there is none."""
    ticket = ticket_of(request, number)
    offers = Offer.objects.visible_to(viewer(request)).filter(case__ticket=ticket)
    newest = offers.order_by("-version").first()
    offer = get_object_or_404(offers, pk=newest.pk if newest else None)
    return act_on(request, ticket, form, lambda: act(offer))


def _form(request: HttpRequest, ticket: Ticket) -> OfferForm | None:
    """What was typed; None where nobody has noted a failure."""
    gap = gap_of(ticket, now=timezone.now())
    if gap.failure is None:
        return None
    newest = Offer.objects.filter(case__ticket=ticket).prefetch_related("options__remedy").order_by("-version").first()
    return offer_form(gap.failure, gap, newest, request.POST)
