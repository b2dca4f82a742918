"""What waits for somebody else's yes: everything that is needed to decide, on one page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk, User
from recovery import actions
from recovery.forms.offering import DecisionForm
from recovery.gap import ratio
from recovery.models import Approval, Failure, Offer, Policy
from recovery.queries.approvals import may_decide, waiting_for
from recovery.queries.budgets import Limit, in_words, own_limits, person_of, spent_on_each
from tickets.views.acting import UNPROCESSABLE, see_other

MOST_SHOWN = 50


@requires("recovery.approve")
@never_cache
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """All that waits, the most urgent first."""
    return _page(request)


@requires("recovery.approve")
@require_POST
def decide(request: HttpRequest, offer: UUID) -> HttpResponse:
    """Yes, and it is sent; or no, and why."""
    user, form = viewer(request), DecisionForm(request.POST)
    found = get_object_or_404(Offer.objects.visible_to(user), pk=offer)
    if form.is_valid():
        note, is_yes = form.cleaned_data["note"], form.cleaned_data["do"] == "approve"
        try:
            (actions.approve_offer if is_yes else actions.refuse_offer)(found, by=user, note=note)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Approved and sent.") if is_yes else _("Refused. It is a draft again."))
            return see_other(reverse("recovery:approvals"))
    return _page(request, form=form, wrong=found, status=UNPROCESSABLE)


def _page(
    request: HttpRequest, *, form: DecisionForm | None = None, wrong: Offer | None = None, status: int = 200
) -> HttpResponse:
    user, policy = viewer(request), Policy.current()
    found = list(waiting_for(user).prefetch_related("offer__options")[:MOST_SHOWN])
    limits = own_limits(user, timezone.now())
    had = spent_on_each([one.offer.case.ticket.customer for one in found], timezone.now())
    shown = [_told(one, user, policy, limits, had) for one in found]
    is_shown = wrong is not None and any(one.offer_id == wrong.pk for one in found)
    context = {
        "waiting": shown,
        "own_limits": limits,
        "own_currency": Desk.current().currency,
        "form": form,
        "wrong": wrong.pk if wrong and is_shown else None,
        "problem": form if form and not is_shown else None,
        "tab": "approvals",
        "section": "recovery",
    }
    return render(request, "recovery/approvals.html", context, status=status)


def _told(
    approval: Approval, user: User, policy: Policy, limits: list[Limit], had: dict[int, Decimal]
) -> dict[str, Any]:
    """What is needed to decide it without opening the ticket."""
    offer, now = approval.offer, timezone.now()
    ticket = offer.case.ticket
    failure: Failure | None = getattr(ticket, "failure", None)
    return {
        "approval": approval,
        "offer": offer,
        "ticket": ticket,
        "failure": failure,
        "cap": failure.value * policy.cap_percent / 100 if failure and failure.value else None,
        "options": [(option, ratio(option.value, offer.gap)) for option in offer.options.all()],
        "reasons": [in_words(reason) for reason in approval.reasons],
        "had": had.get(person_of(ticket.customer), Decimal(0)),
        "is_own": user.pk in (approval.asked_by_id, offer.by_id),
        "may_decide": may_decide(user, approval, limits=limits),
        "is_late": approval.due_at <= now,
    }
