"""Under Settings: what the company promises its customers, and how often it was kept."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk
from tickets.actions import promises as acts
from tickets.forms.promises import PromiseForm
from tickets.models import Promise
from tickets.queries.promises import DAYS, ENOUGH, lately
from tickets.views.shaping import STEPS

UNPROCESSABLE = 422


@requires("tickets.promise")
@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """All of them in their order, with how often each was kept, and those that are given no more."""
    found = list(Promise.objects.filter(replaced_by=None).select_related("calendar", "team"))
    given = [one for one in found if one.is_on]
    shares = lately(given, timezone.now())
    context = {
        "promises": [(one, shares[one.pk]) for one in given],
        "ended": [one for one in found if not one.is_on],
        "days": DAYS,
        "enough": ENOUGH,
        "default_minutes": Desk.current().promise_minutes,
        "section": "promises",
    }
    return render(request, "tickets/promises.html", context)


@requires("tickets.promise")
@require_http_methods(["GET", "HEAD", "POST"])
def new_promise(request: HttpRequest) -> HttpResponse:
    form = PromiseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            acts.give_promise(by=viewer(request), words=asked["words"], terms=form.terms, is_public=asked["is_public"])
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("It is promised from now on, and measured."))
            return redirect("promises:list")
    return _page(request, form)


@requires("tickets.promise")
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: HttpRequest, pk: int) -> HttpResponse:
    """Say it otherwise; other terms make another promise of it, and the page says so."""
    found = get_object_or_404(Promise.objects.select_related("team", "calendar"), pk=pk, replaced_by=None)
    form = PromiseForm(request.POST if request.method == "POST" else None, promise=found)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            changed = acts.change_promise(
                found, by=viewer(request), words=asked["words"], terms=form.terms, is_public=asked["is_public"]
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            is_same = changed.pk == found.pk
            messages.success(
                request, _("Saved.") if is_same else _("Saved. What began before is measured as it was promised then.")
            )
            return redirect("promises:list")
    return _page(request, form, found)


@requires("tickets.promise")
@require_POST
def move_promise(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Promise, pk=pk)
    acts.move_promise(found, by=viewer(request), step=STEPS.get(request.POST.get("to", ""), 0))
    return redirect("promises:list")


@requires("tickets.promise")
@require_POST
def switch_promise(request: HttpRequest, pk: int) -> HttpResponse:
    """Promise it no more, or again (`do=on`)."""
    found, is_on = get_object_or_404(Promise, pk=pk), request.POST.get("do") == "on"
    try:
        acts.switch_promise(found, by=viewer(request), is_on=is_on)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("It is promised again.") if is_on else _("It is promised no more. What has begun is still measured.")
        messages.success(request, said)
    return redirect("promises:list")


def _page(request: HttpRequest, form: PromiseForm, found: Promise | None = None) -> HttpResponse:
    context = {"form": form, "promise": found, "section": "promises"}
    return render(request, "tickets/promise.html", context, status=UNPROCESSABLE if form.errors else 200)
