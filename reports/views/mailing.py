"""Reports by mail: who gets which, when; set up, changed, stopped, left."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from reports import actions
from reports.forms.mailing import MailingForm
from reports.models import Mailing, SavedReport
from reports.queries.mailings import rows_of
from tickets.views.acting import UNPROCESSABLE


@requires("reports.view")
@require_safe
def all_mailings(request: HttpRequest) -> HttpResponse:
    """Every report by mail that one made, gets, or may stop."""
    user = viewer(request)
    context = {"rows": rows_of(Mailing.objects.visible_to(user), user), "section": "dashboard"}
    return render(request, "reports/mailings.html", context)


@requires("reports.view")
@require_http_methods(["GET", "HEAD", "POST"])
def mailings(request: HttpRequest, pk: int) -> HttpResponse:
    """How a saved report goes by mail, and one way more."""
    user = viewer(request)
    report = get_object_or_404(SavedReport.objects.visible_to(user), pk=pk)
    form = MailingForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_up_mailing(report, by=user, **form.cleaned_data)
            messages.success(request, _("“%(name)s” comes by mail.") % {"name": report.name})
            return redirect("reports:mailings", pk=report.pk)
        except ValidationError as error:
            refuse(form, error)
    context = {"report": report, "form": form, "rows": rows_of(report.mailings.all(), user), "section": "dashboard"}
    return render(request, "reports/mailings_of.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("reports.view")
@require_http_methods(["GET", "HEAD", "POST"])
def mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """Change when it comes and to whom."""
    user, found = viewer(request), _visible(request, pk)
    if not found.may_change(user):
        raise PermissionDenied
    form = MailingForm(request.POST if request.method == "POST" else None, user=user, mailing=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_mailing(found, by=user, **form.cleaned_data)
            return redirect("reports:all_mailings")
        except ValidationError as error:
            refuse(form, error)
    context = {"mailing": found, "form": form, "section": "dashboard"}
    return render(request, "reports/mailing.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("reports.view")
@require_POST
def stop_mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody gets it any more."""
    found = _visible(request, pk)
    actions.stop_mailing(found, by=viewer(request))
    messages.success(request, _("“%(name)s” comes by mail no more.") % {"name": found.report.name})
    return redirect("reports:all_mailings")


@requires("reports.view")
@require_POST
def leave_mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """Who presses gets it no more; the others do."""
    found = _visible(request, pk)
    actions.leave_mailing(found, by=viewer(request))
    messages.success(request, _("“%(name)s” does not come to you any more.") % {"name": found.report.name})
    return redirect("reports:all_mailings")


@requires("reports.view")
@require_POST
def send_mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """One copy for who presses, now."""
    found = _visible(request, pk)
    actions.send_now(found, by=viewer(request))
    messages.success(request, _("One is on its way to you."))
    return redirect("reports:all_mailings")


def _visible(request: HttpRequest, pk: int) -> Mailing:
    running = Mailing.objects.visible_to(viewer(request)).running().select_related("report", "made_by")
    return get_object_or_404(running, pk=pk)
