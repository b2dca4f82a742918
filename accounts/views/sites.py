"""The websites that carry the chat: their settings, their hours, and the line to paste."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actions
from accounts.access import requires, viewer
from accounts.forms import HoursForm, SiteForm, refuse
from accounts.models import Desk, Site


@require_safe
@requires("accounts.manage_sites")
def sites(request: HttpRequest) -> HttpResponse:
    """Every website with its address; with only one there is nothing to choose."""
    found = list(Site.objects.select_related("team"))
    if len(found) == 1:
        return redirect("accounts:site", found[0].pk)
    return render(request, "accounts/sites.html", {"sites": found, "section": "sites"})


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def new_site(request: HttpRequest) -> HttpResponse:
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = actions.create_site(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Paste the line below into your website, and it can talk to you.")
            return redirect("accounts:site", site.pk)
    context = {"form": form, "section": "sites"}
    return render(request, "accounts/site_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def site(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Site.objects.select_related("calendar"), pk=pk)
    form = SiteForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_site(found, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:site", pk)
    return _site_page(request, found, form, _hours_form(found))


@require_POST
@requires("accounts.manage_sites")
def site_hours(request: HttpRequest, pk: int) -> HttpResponse:
    """When people answer on this website."""
    found = get_object_or_404(Site.objects.select_related("calendar"), pk=pk)
    form = HoursForm(request.POST, prefix="hours")
    if form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("time_zone", "hours", "holidays")}
        try:
            actions.set_hours(found, by=viewer(request), **chosen)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:site", pk)
    return _site_page(request, found, SiteForm(instance=found), form)


def _hours_form(found: Site) -> HoursForm:
    return HoursForm(prefix="hours", initial=HoursForm.initial_of(found.calendar, Desk.current().time_zone))


def _site_page(request: HttpRequest, found: Site, form: SiteForm, hours_form: HoursForm) -> HttpResponse:
    context = {
        "site": Site.objects.get(pk=found.pk),  # as it is stored: a form that was refused has changed the other
        "sites": Site.objects.all(),
        "form": form,
        "hours_form": hours_form,
        "snippet": snippet_of(found),
        "section": "sites",
    }
    return render(request, "accounts/site.html", context, status=422 if form.errors or hours_form.errors else 200)


def snippet_of(found: Site) -> str:
    """The one line a page needs to carry the chat."""
    return f'<script async src="{settings.SITE_URL}/widget/embed.js" data-site="{found.key}"></script>'
