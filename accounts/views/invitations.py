"""The page behind an invitation's link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actions import accept_invitation as accept
from accounts.forms import WelcomeForm, refuse
from accounts.invitations import find


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a name and a password, and be in. A spent link says so, whatever it is spent for."""
    person = find(token)
    if person is None:
        return render(request, "accounts/invitation_spent.html", status=410)
    form = WelcomeForm(request.POST or None, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        try:
            user = accept(token, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            login(request, user)
            messages.success(request, _("Welcome, %(name)s.") % {"name": user.short_name})
            return redirect("home")
    # Even with a mistake in it 200: a refusal would be logged with its address, and so with the link's secret.
    return render(request, "accounts/invitation.html", {"form": form, "person": person})
