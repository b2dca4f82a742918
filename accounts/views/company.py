"""The settings' front page, and those of the company."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires, viewer
from accounts.actions import update_desk
from accounts.forms import CompanyForm, refuse
from accounts.models import Desk


@require_safe
@requires()
def settings_index(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/settings.html", {"section": "settings"})


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_desk")
def company(request: HttpRequest) -> HttpResponse:
    desk = get_object_or_404(Desk)
    form = CompanyForm(request.POST or None, instance=desk)
    if request.method == "POST" and form.is_valid():
        try:
            update_desk(desk, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:company")
    context = {"form": form, "section": "company"}
    return render(request, "accounts/company.html", context, status=422 if form.errors else 200)
