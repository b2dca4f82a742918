"""Making good beside a ticket: fetched after its page by itself, so that the page asks the database nothing more."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk, User
from recovery import actions
from recovery.forms.failing import DismissalForm, FailureForm, FaultForm, MarkForm, said_of
from recovery.gap import LOSS_PERCENT, Gap, OnTen
from recovery.hassle import Evidence
from recovery.models import Failure, HassleMark, Policy, Rate
from recovery.queries.gap import failures_before, gap_of, noted_twice, seen_by
from recovery.queries.hassle import matter_of
from recovery.views.case_panel import case_context
from recovery.views.composing import offer_context
from tickets.forms import problems_of
from tickets.models import Event, Message, Ticket
from tickets.views.acting import UNPROCESSABLE, see_other

SHOWN_MESSAGES = 12


@requires("recovery.view")
@never_cache
@require_safe
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """What went wrong on the ticket and what is done about it: a fragment for htmx, a page for everybody else."""
    return panel_of(request, ticket_of(request, number))


@requires("recovery.work")
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Note what went wrong, or say it better."""
    ticket = ticket_of(request, number)
    form = FailureForm(request.POST, own_currency=Desk.current().currency)
    return act_on(
        request,
        ticket,
        form,
        lambda: actions.note_failure(ticket, by=viewer(request), **form.said()),
        shown_as="failure_form",
    )


@requires("recovery.work")
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Nothing went wrong after all."""
    ticket = ticket_of(request, number)
    return act_on(
        request, ticket, forms.Form(request.POST), lambda: actions.withdraw_failure(ticket, by=viewer(request))
    )


@requires("recovery.work")
@require_POST
def fault(request: HttpRequest, number: int) -> HttpResponse:
    """Answer the one question that comes first."""
    ticket = ticket_of(request, number)
    form = FaultForm(request.POST)

    def answer() -> None:
        said = said_of(get_object_or_404(Failure, ticket=ticket))
        actions.note_failure(ticket, by=viewer(request), **said | {"is_our_fault": form.answer()})

    return act_on(request, ticket, form, answer)


@requires("recovery.work")
@require_POST
def mark(request: HttpRequest, number: int) -> HttpResponse:
    """Mark in a message what no event tells, or take the mark back."""
    ticket = ticket_of(request, number)
    form = MarkForm(request.POST)

    def act() -> None:
        said = Message.objects.visible_to(viewer(request)).filter(ticket__in=[ticket.pk, *_merged(request, ticket)])
        message = get_object_or_404(said.select_related("ticket"), pk=form.cleaned_data["message"])
        change = actions.unmark_hassle if form.cleaned_data["is_off"] else actions.mark_hassle
        change(message, by=viewer(request), part=form.cleaned_data["part"])

    return act_on(request, ticket, form, act)


@requires("recovery.work")
@require_POST
def dismiss(request: HttpRequest, number: int) -> HttpResponse:
    """Say that something that is counted was no hassle, or let it count again."""
    ticket = ticket_of(request, number)
    form = DismissalForm(request.POST)

    def act() -> None:
        said, user = form.cleaned_data, viewer(request)
        events = Event.objects.visible_to(user).filter(ticket__in=[one.pk for one in matter_of(ticket)])
        event = get_object_or_404(events.select_related("ticket"), pk=said["event"])
        if said["is_off"]:
            actions.restore_hassle(event, by=user, part=said["part"])
        else:
            actions.dismiss_hassle(event, by=user, part=said["part"], reason=said["reason"])

    return act_on(request, ticket, form, act)


# --- What the doors of the panel share -------------------------------------------------------
def ticket_of(request: HttpRequest, number: int) -> Ticket:
    """The ticket; 404 if the viewer may not see it."""
    tickets = Ticket.objects.visible_to(viewer(request)).select_related("customer__merged_into", "root_cause")
    return get_object_or_404(tickets, pk=number)


def act_on(
    request: HttpRequest, ticket: Ticket, form: forms.Form, act: Callable[[], object], *, shown_as: str = ""
) -> HttpResponse:
    """Let a valid form act and show the panel again; otherwise say what is wrong, 422, with what was typed.

    `shown_as` is the form's name in the templates, if they show what was typed in it.
    """
    if form.is_valid():
        try:
            act()
        except ValidationError as error:
            refuse(form, error)
    if form.errors:
        more = {shown_as: form} if shown_as else {"problem": problems_of(form)}
        return panel_of(request, ticket, status=UNPROCESSABLE, **more)
    if request.htmx:  # type: ignore[attr-defined]  # django-htmx's
        return panel_of(request, ticket)
    return see_other(reverse("recovery:panel", args=[ticket.pk]))


def panel_of(request: HttpRequest, ticket: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    """The panel as it is now; `more` are forms that say what is wrong with what was typed."""
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    policy = Policy.current()
    gap = gap_of(ticket, now=timezone.now(), policy=policy)
    context = {"ticket": ticket, "policy": policy, "is_fragment": is_fragment}
    context |= _gap_context(gap, ticket, viewer(request)) | _noting(gap) | _marking(request, ticket)
    context |= offer_context(ticket, viewer(request), gap=gap, policy=policy)
    context |= case_context(ticket, viewer(request)) | more
    return render(request, "recovery/_panel.html" if is_fragment else "recovery/panel.html", context, status=status)


def _gap_context(gap: Gap, ticket: Ticket, user: User) -> dict[str, Any]:
    ten = gap.on_ten()
    numbers = {one.ticket for part in gap.parts for one in part.evidence} - {ticket.pk}
    seen = {ticket.pk} | (seen_by(user, numbers) if numbers else set())
    merged = set(Ticket.objects.visible_to(user).merged_into(ticket)) if numbers else set()
    parts = [(part, [_told(one, ticket, seen, merged) for one in part.evidence]) for part in gap.parts]
    return {
        "gap": gap,
        "failure": gap.failure,
        "ten": ten,
        "cells": _cells(ten) if ten else [],
        "band": gap.band(),
        "parts": parts,
        "dearest": max([gap.loss if not gap.lacks_rate else Decimal(0), *(part.amount for part in gap.parts)]),
        "before": failures_before(ticket, user),
        "noted_twice": noted_twice(ticket) if gap.failure else [],
    }


def _told(one: Evidence, ticket: Ticket, seen: set[int], merged: set[int]) -> dict[str, Any]:
    """An entry with its address: on this page, on another ticket's, or none where the viewer may not look."""
    told: dict[str, Any] = {"at": one.at, "count": one.count, "words": one.words if one.ticket in seen else ""}
    told |= {"dismissed": one.dismissed, "event": one.event_id if one.ticket in seen else None}
    if one.ticket == ticket.pk or one.ticket in merged:
        told["marked_on"] = one.message_id if one.event_id is None else None
    if one.ticket == ticket.pk or one.ticket in merged:
        told["anchor"] = one.anchor_on(ticket.pk)
    elif one.ticket in seen:
        told |= {"anchor": one.anchor, "number": one.ticket}
    return told


def _cells(ten: OnTen) -> list[str]:
    """The row of ten: what they got, what was missing, and what goes beyond."""
    beyond = max(ten.give - ten.gap, 0)
    return ["got"] * ten.delivered + ["missing"] * ten.gap + ["beyond"] * min(beyond, 5)


def _noting(gap: Gap) -> dict[str, Any]:
    own = Desk.current().currency
    return {
        "failure_form": FailureForm(failure=gap.failure, own_currency=own),
        "currencies": [own, *Rate.objects.exclude(currency=own).values_list("currency", flat=True)],
        "loss_percent": ",".join(str(LOSS_PERCENT[severity]) for severity in sorted(LOSS_PERCENT)),
    }


def _marking(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """The customer's last words, with what was marked in each; first the message that was asked for."""
    said = Message.objects.visible_to(viewer(request)).filter(ticket__in=[ticket.pk, *_merged(request, ticket)])
    said = said.replies().select_related("event").order_by("-created_at", "-pk")
    wanted = request.GET.get("message", "")
    chosen = list(said.filter(pk=int(wanted))) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else []
    others = said.filter(by_customer__isnull=False).exclude(pk__in=[one.pk for one in chosen])
    shown = [*chosen, *others[:SHOWN_MESSAGES]]
    found: dict[int, set[str]] = {}
    for message, part in HassleMark.objects.filter(message__in=shown).values_list("message", "part"):
        found.setdefault(message, set()).add(part)
    return {"said": [(message, found.get(message.pk, set())) for message in shown], "is_marking": bool(chosen)}


def _merged(request: HttpRequest, ticket: Ticket) -> list[int]:
    return Ticket.objects.visible_to(viewer(request)).merged_into(ticket)
