"""Settings of making good: what may be given without asking, by whom, and what foreign money is worth."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk, Team
from accounts.roles import ROLE_CHOICES, Role
from recovery import actions
from recovery.forms.budgets import AllowanceForm, RateForm, RateRemovalForm, TeamBudgetForm, deputies
from recovery.models import USUAL_ALLOWANCES, Allowance, Rate, TeamBudget
from recovery.queries.budgets import Limit, spent_by_teams
from tickets.views.acting import UNPROCESSABLE, see_other


@requires("recovery.manage")
@never_cache
@require_safe
def budgets(request: HttpRequest) -> HttpResponse:
    return _page(request)


@requires("recovery.manage")
@require_POST
def allowance(request: HttpRequest, role: str) -> HttpResponse:
    """What somebody of this role may give without asking."""
    if role not in list(Role):
        raise Http404
    form = AllowanceForm(request.POST, prefix=role)
    return _act(request, form, lambda: actions.set_allowance(role, by=viewer(request), **form.cleaned_data))


@requires("recovery.manage")
@require_POST
def team_budget(request: HttpRequest, pk: int) -> HttpResponse:
    """What a team may give in a month, and who is its deputy."""
    team = get_object_or_404(Team, pk=pk)
    form = TeamBudgetForm(request.POST, prefix=f"team-{pk}")
    return _act(request, form, lambda: actions.set_team_budget(team, by=viewer(request), **form.cleaned_data))


@requires("recovery.manage")
@require_POST
def rate(request: HttpRequest) -> HttpResponse:
    """What one unit of a currency is worth, or that nobody says so any more."""
    if request.POST.get("do") == "remove":
        gone = RateRemovalForm(request.POST)
        return _act(
            request, gone, lambda: actions.set_rate(gone.cleaned_data["currency"], by=viewer(request), rate=None)
        )
    form = RateForm(request.POST)
    said = form.cleaned_data if form.is_valid() else {}
    return _act(request, form, lambda: actions.set_rate(said["currency"], by=viewer(request), rate=said["rate"]))


def _act(request: HttpRequest, form: forms.Form, act: Callable[[], object]) -> HttpResponse:
    if form.is_valid():
        try:
            act()
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return see_other(reverse("recovery:budgets"))
    return _page(request, wrong=form, status=UNPROCESSABLE)


def _page(request: HttpRequest, *, wrong: forms.Form | None = None, status: int = 200) -> HttpResponse:
    """`wrong` is the form that says what is wrong; it stands where it was typed."""
    typed = {str(wrong.prefix): wrong} if wrong is not None else {}
    context = {
        "roles": _roles(typed),
        "teams": _teams(typed),
        "rates": Rate.objects.select_related("changed_by"),
        "rate_form": wrong if isinstance(wrong, RateForm) else RateForm(),
        "own_currency": Desk.current().currency,
        "section": "budgets",
    }
    return render(request, "recovery/budgets.html", context, status=status)


def _roles(typed: dict[str, Any]) -> list[dict[str, Any]]:
    kept = {one.role: one for one in Allowance.objects.all()}
    rows = []
    for role, label in ROLE_CHOICES:
        single, weekly = USUAL_ALLOWANCES[role]
        now = (
            {"single": kept[role].single, "weekly": kept[role].weekly}
            if role in kept
            else {"single": single, "weekly": weekly}
        )
        rows.append({"role": role, "label": label, "form": typed.get(role) or AllowanceForm(prefix=role, initial=now)})
    return rows


def _teams(typed: dict[str, Any]) -> list[dict[str, Any]]:
    kept = {one.team_id: one for one in TeamBudget.objects.all()}
    spent, people, rows = spent_by_teams(timezone.now()), list(deputies()), []
    for team in Team.objects.order_by("name"):
        budget, prefix = kept.get(team.pk), f"team-{team.pk}"
        initial = {"monthly": budget.monthly, "deputy": budget.deputy_id} if budget else {}
        rows.append(
            {
                "team": team,
                "limit": Limit("team", budget.monthly, spent.get(team.pk, Decimal(0))) if budget else None,
                "form": typed.get(prefix) or TeamBudgetForm(prefix=prefix, initial=initial, people=people),
            }
        )
    return rows
