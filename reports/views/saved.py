"""Saved reports: pages of figures with their filters, kept under a name and shared."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import User
from reports import actions
from reports.actions.saving import SAVABLE
from reports.forms.saving import SavedReportForm
from reports.models import SavedReport
from reports.pages import PAGES, address_of
from reports.periods import USUAL_DAYS
from reports.queries.asking import asked
from tickets.views.acting import UNPROCESSABLE
from tickets.views.inbox import viewer_with_teams


@requires("reports.view")
@require_safe
def saved_reports(request: HttpRequest) -> HttpResponse:
    """All that one may open; those that one may change can be deleted."""
    user = viewer_with_teams(request)
    found = list(SavedReport.objects.visible_to(user).select_related("team", "owner"))
    mine = set(SavedReport.objects.changeable_by(user).values_list("pk", flat=True))
    rows = [
        {"report": one, "page": _title(one.page), "filters": _filters(one.query), "is_changeable": one.pk in mine}
        for one in found
    ]
    groups = [
        (_("Only you"), [row for row, one in zip(rows, found, strict=True) if one.is_private]),
        (_("Your teams"), [row for row, one in zip(rows, found, strict=True) if one.team_id]),
        (
            _("Everybody"),
            [row for row, one in zip(rows, found, strict=True) if not one.is_private and not one.team_id],
        ),
    ]
    context = {"groups": [group for group in groups if group[1]], "section": "dashboard"}
    return render(request, "reports/saved.html", context)


@requires("reports.view")
@require_safe
def saved_report(request: HttpRequest, pk: int) -> HttpResponse:
    """To the page as it is now, with its filters: an address that can be handed on."""
    found = _visible(viewer_with_teams(request), pk)
    return redirect(address_of(found.page, found.query))


@requires("reports.view")
@require_http_methods(["GET", "HEAD", "POST"])
def save_report(request: HttpRequest, page: str) -> HttpResponse:
    """Keep this page, with the filters that the address has."""
    if page not in SAVABLE:
        raise Http404
    user = viewer_with_teams(request)
    question = asked(request.GET, user, timezone.now()).question
    form = SavedReportForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_report(by=user, page=page, query=question.query_with_days, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is kept.") % {"name": saved.name})
            return redirect("reports:saved_reports")
    context = {
        "form": form,
        "page": _title(page),
        "back": address_of(page, question.query),
        "section": "dashboard",
    }
    return render(request, "reports/save.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("reports.view")
@require_POST
def delete_report(request: HttpRequest, pk: int) -> HttpResponse:
    """For good; the figures stay as they are."""
    found = _visible(viewer_with_teams(request), pk)
    actions.delete_report(found, by=viewer(request))
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("reports:saved_reports")


def _visible(user: User, pk: int) -> SavedReport:
    return get_object_or_404(SavedReport.objects.visible_to(user), pk=pk)


def _title(page: str) -> str:
    return str(PAGES[page].title) if page in PAGES else _("What changed")


def _filters(query: str) -> str:
    """In words, without asking the database for each."""
    given = dict(parse_qsl(query))
    days = given.pop("span", str(USUAL_DAYS))
    spans = {"month": _("This month"), "last-month": _("Last month")}
    words = [_("Last %(days)s days") % {"days": days} if days.isdigit() else spans.get(days, days.replace("..", " – "))]
    for name, value in given.items():
        if name == "company":
            words.append(_("of one company"))
        else:
            words.append(_("by the clock on the wall") if name == "hours" else value)
    return ", ".join(words)
