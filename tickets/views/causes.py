"""Root causes: what keeps going wrong, how often, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import User
from tickets.actions import causes as actions
from tickets.forms.causes import CauseForm, CauseStateForm, MergeCauseForm
from tickets.models import RootCause
from tickets.queries.causes import (
    CauseLine,
    Spans,
    by_pareto,
    cause_counts,
    cause_lines,
    causes_below,
    latest_tickets,
    opened_since,
)
from tickets.views.inbox import know_names, viewer_with_teams

UNPROCESSABLE = 422
PARETO = "most"
LATEST = 10


@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def causes(request: HttpRequest) -> HttpResponse:
    """The tree with its counts, or `?order=most`: which cause has the most tickets. A POST adds one."""
    user, now = viewer_with_teams(request), timezone.now()
    found = RootCause.objects.going_on().select_related("owner")
    lines = cause_lines(found, {} if request.method == "POST" else cause_counts(user, now))
    form = CauseForm(request.POST if request.method == "POST" else None, lines=lines)
    if request.method == "POST":
        if _added(request, form):
            return redirect("causes:list")
        lines = cause_lines(found, cause_counts(user, now))
    is_ranked = request.GET.get("order") == PARETO
    context = {
        "lines": by_pareto(lines) if is_ranked else [line for line in lines if line.cause.archived_at is None],
        "archived": [line for line in lines if line.cause.archived_at is not None],
        "is_ranked": is_ranked,
        "form": form,
        "spans": Spans.of(user, now),
        "section": "causes",
    }
    return render(request, "root_causes/list.html", context, status=UNPROCESSABLE if form.errors else 200)


def _added(request: HttpRequest, form: CauseForm) -> bool:
    user = viewer(request)
    if not user.has_perm(actions.PERMISSION):
        raise PermissionDenied
    if not form.is_valid():
        return False
    try:
        cause = actions.add_cause(by=user, **form.cleaned_data)
    except ValidationError as error:
        refuse(form, error)
        return False
    messages.success(request, _("“%(name)s” can be chosen from now on.") % {"name": cause.name})
    return True


@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def cause(request: HttpRequest, pk: int) -> HttpResponse:
    """One cause: its tickets, and what becomes of it. A POST changes it, as `do` says."""
    found = get_object_or_404(RootCause.objects.select_related("owner", "parent", "merged_into"), pk=pk)
    if found.merged_into is not None:
        return redirect("causes:cause", found.merged_into.pk)
    user = viewer_with_teams(request)
    if request.method == "POST" and not user.has_perm(actions.PERMISSION):
        raise PermissionDenied
    do = request.POST.get("do", "")
    forms = _forms(request, found, do)
    if request.method == "POST":
        answer = _change(request, found, do, forms)
        if answer is not None:
            return answer
    wrong = any(form.errors for form in forms.values() if form.is_bound)
    context = _shown(user, found) | forms | {"section": "causes"}
    merging = forms["merging"]
    context["into"] = merging.cleaned_data["into"] if merging.is_bound and not merging.errors else None
    return render(request, "root_causes/cause.html", context, status=UNPROCESSABLE if wrong else 200)


def _forms(request: HttpRequest, found: RootCause, do: str) -> dict[str, Any]:
    lines, below = cause_lines(RootCause.objects.going_on(), {}), causes_below([found])
    stated = {"state": found.state, "owner": found.owner_id, "change": found.change}
    placed = {"name": found.name, "parent": found.parent_id}

    def typed(*ways: str) -> Any:
        return request.POST if do in ways else None

    return {
        "state_form": CauseStateForm(typed("state"), initial=stated),
        "form": CauseForm(typed("place"), lines=lines, but=below, initial=placed),
        "merging": MergeCauseForm(typed("ask", "merge"), lines=lines, but=below),
    }


def _change(request: HttpRequest, found: RootCause, do: str, forms: dict[str, Any]) -> HttpResponse | None:
    """Do it and show the page anew; None if there is something to say or to ask first."""
    by, used = viewer(request), {"state": "state_form", "place": "form", "merge": "merging"}
    form = forms.get(used.get(do, ""))
    try:
        if do in ("archive", "restore"):
            actions.archive_cause(found, by=by, is_archived=do == "archive")
        elif form is None or not form.is_valid():
            return None
        elif do == "state":
            actions.look_after_cause(found, by=by, **form.cleaned_data)
        elif do == "place":
            actions.place_cause(found, by=by, **form.cleaned_data)
        else:
            into = actions.merge_causes(found, by=by, into=form.cleaned_data["into"])
            said = _("“%(old)s” goes on as “%(new)s”.")
            messages.success(request, said % {"old": found.name, "new": into.name})
            return redirect("causes:cause", into.pk)
    except ValidationError as error:
        if form is None:
            messages.error(request, " ".join(error.messages))
        else:
            refuse(form, error)
            return None
    else:
        messages.success(request, _("Saved."))
    return redirect("causes:cause", found.pk)


def _shown(user: User, found: RootCause) -> dict[str, Any]:
    now, below = timezone.now(), causes_below([found])
    everything = RootCause.objects.going_on().select_related("owner")
    lines = cause_lines(everything, cause_counts(user, now, only=below))
    tickets = list(latest_tickets(user, below, most=LATEST))
    know_names(tickets)
    return {
        "line": next(line for line in lines if line.cause.pk == found.pk),
        "children": [line for line in lines if line.cause.parent_id == found.pk and line.cause.archived_at is None],
        "above": _above(lines, found),
        "tickets": tickets,
        "spans": Spans.of(user, now),
        "since_fixed": opened_since(user, below, found.fixed_at) if found.fixed_at else None,
    }


def _above(lines: list[CauseLine], found: RootCause) -> list[RootCause]:
    """What it is below, from the top."""
    known = {line.cause.pk: line.cause for line in lines}
    above: list[RootCause] = []
    while found.parent_id in known:
        found = known[found.parent_id]
        above.insert(0, found)
    return above
