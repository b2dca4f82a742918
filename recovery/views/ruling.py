"""The rules of making good under Settings, and the switch that stops everything."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.models import Desk
from recovery.actions.ruling import change_policy, go_on, set_prices, stop_everything
from recovery.forms.ruling import PolicyForm
from recovery.models import Policy

UNPROCESSABLE = 422


@requires("recovery.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    """All rules on one page: they are saved together or not at all."""
    current = Policy.current()
    form = PolicyForm(request.POST if request.method == "POST" else None, policy=current)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                change_policy(by=viewer(request), **form.rules())
                set_prices(by=viewer(request), prices=form.prices())
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. It holds for what is offered from now on."))
            return redirect("recovery:policy")
    context = {"form": form, "policy": current, "section": "recovery", "currency": Desk.current().currency}
    return render(request, "recovery/policy.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("recovery.stop")
@require_safe
def switch(request: HttpRequest) -> HttpResponse:
    """The one page with the one button."""
    return render(request, "recovery/switch.html", {"policy": Policy.current(), "section": "recovery"})


@requires("recovery.stop")
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    stop_everything(by=viewer(request))
    messages.success(request, _("Everything is stopped. Nothing of making good leaves."))
    return redirect("recovery:switch")


@requires("recovery.manage")
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    go_on(by=viewer(request))
    messages.success(request, _("It goes on. What waited is checked again before it leaves."))
    return redirect("recovery:switch")
