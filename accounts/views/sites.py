"""The websites that carry the chat: what they are, how the chat looks there, its words, and when somebody is there.

What else the chat offers is set on pages of the chat's own (`chat/views/settings.py`), beside these.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions
from accounts.access import requires, viewer
from accounts.forms import HoursForm, LookForm, SiteForm, WordsForm, refuse
from accounts.models import Calendar, Desk, Site
from accounts.origins import origin_of


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
        fields = form.cleaned_data
        try:
            fields["allowed_origins"] = fields["allowed_origins"] or [origin_of(fields["url"])]
            site = actions.create_site(by=viewer(request), **fields)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Paste the line below into your website, and it can talk to you."))
            return redirect("accounts:site", site.pk)
    context = {"form": form, "section": "sites"}
    return render(request, "accounts/site_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """The line to paste, and what the website is."""
    found = get_object_or_404(Site, pk=pk)
    form = SiteForm(request.POST or None, instance=found)
    if _is_saved(request, found, form):
        return redirect("accounts:site", pk)
    return _page(request, "site", pk, form, snippet=snippet_of(found))


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def site_look(request: HttpRequest, pk: int) -> HttpResponse:
    """The chat's colour and place."""
    found = get_object_or_404(Site, pk=pk)
    form = LookForm(request.POST or None, instance=found)
    if _is_saved(request, found, form):
        return redirect("accounts:site_look", pk)
    return _page(request, "site_look", pk, form)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def site_words(request: HttpRequest, pk: int) -> HttpResponse:
    """The languages that the chat offers there, and its greetings."""
    found = get_object_or_404(Site, pk=pk)
    form = WordsForm(request.POST or None, site=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_site(found, by=viewer(request), **form.settings())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:site_words", pk)
    return _page(request, "site_words", pk, form)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def site_hours(request: HttpRequest, pk: int) -> HttpResponse:
    """When people answer on this website."""
    found = get_object_or_404(Site.objects.select_related("calendar"), pk=pk)
    initial = HoursForm.initial_of(found.calendar, Desk.current().time_zone)
    form = HoursForm(request.POST or None, prefix="hours", initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("time_zone", "hours", "holidays")}
        try:
            actions.set_hours(found, by=viewer(request), **chosen)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:site_hours", pk)
    return _page(request, "site_hours", pk, form, **_now_at(found.calendar, timezone.now()))


def snippet_of(found: Site) -> str:
    """The least a page needs to carry the chat; the chat's own fragment knows what else is wanted."""
    return f'<script async src="{settings.SITE_URL}/widget/embed.js" data-site="{found.key}"></script>'


def _is_saved(request: HttpRequest, found: Site, form: forms.ModelForm) -> bool:
    """Store a form that was sent and is right; what the action refuses is shown in it."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        actions.update_site(found, by=viewer(request), **form.cleaned_data)
    except ValidationError as error:
        refuse(form, error)
        return False
    messages.success(request, _("Saved."))
    return True


def _now_at(calendar: Calendar | None, now: datetime) -> dict[str, Any]:
    """Whether the site is open at this moment, and when it opens next."""
    is_open = calendar.is_open(now) if calendar else True
    return {
        "calendar": calendar,
        "is_open": is_open,
        "opens_at": calendar.next_opening(now) if calendar and not is_open else None,
        "sharing": calendar.sites.count() if calendar else 1,
    }


def _page(request: HttpRequest, name: str, pk: int, form: forms.BaseForm, **more: Any) -> HttpResponse:
    found = Site.objects.get(pk=pk)  # as it is stored: a form that was refused has changed the other
    context = {"site": found, "sites": Site.objects.all(), "form": form, "section": "sites", "place": name, **more}
    return render(request, f"accounts/{name}.html", context, status=422 if form.errors else 200)
