"""The very first visit: whoever comes first becomes the administrator.

On a public server that must not be just anybody, so outside development the page asks for the link from the
server's log (`manage.py setup_link` prints it too). Its token follows from SECRET_KEY, which nobody else knows.
"""

from __future__ import annotations

import logging
from functools import cache

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actions import set_up_desk
from accounts.emails import absolute
from accounts.forms import FirstRunForm, refuse
from accounts.models import Desk, User
from accounts.tokens import setup_token

log = logging.getLogger(__name__)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Administrator, company and first site in one form; afterwards this page does not exist."""
    if Desk.load() is not None or User.objects.exists():
        raise Http404
    if not _may_set_up(request):
        _log_setup_link()
        return render(request, "accounts/first_run_locked.html", status=403)
    form = FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            begun = set_up_desk(
                by=None, site_name=form.cleaned_data["company"], language=get_language() or "en", **form.cleaned_data
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            login(request, begun.admin)
            messages.success(
                request, _("Your desk is open. Paste this line into your website, and it can talk to you.")
            )
            return redirect("accounts:site", begun.site.pk)
    return render(request, "accounts/first_run.html", {"form": form}, status=422 if form.errors else 200)


def setup_link() -> str:
    """The address that may set this desk up, for whoever reads the server's log."""
    return absolute(reverse("accounts:first_run")) + f"?token={setup_token()}"


def _may_set_up(request: HttpRequest) -> bool:
    return settings.DEBUG or constant_time_compare(request.GET.get("token", ""), setup_token())


@cache
def _log_setup_link() -> None:
    """Once a process: visitors must not be able to fill the log."""
    log.warning("This desk is not set up yet. Open %s", setup_link())
