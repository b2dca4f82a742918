"""One's own pause: taken, looked at, ended."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.access import own_path, requires, viewer
from accounts.models import User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires()
def breather(request: HttpRequest) -> HttpResponse:
    """The place in the rail. A POST takes a pause of so many `minutes`, or ends it (`do=end`)."""
    user = viewer(request)
    if request.method == "POST":
        try:
            user = _changed(request, user)
        except ValidationError as error:
            return HttpResponse(error.messages[0], status=422, content_type="text/plain")
        if not request.headers.get("HX-Request"):
            return redirect(own_path(request, request.headers.get("Referer")) or "accounts:profile")
    context = {"person": user, "is_offered": request.POST.get("from") == "hard"}
    return render(request, "accounts/_breather.html", context)


def _changed(request: HttpRequest, user: User) -> User:
    if request.POST.get("do") == "end":
        return actions.end_breather(user, by=user)
    minutes = request.POST.get("minutes", "")
    return actions.take_breather(user, by=user, minutes=int(minutes) if minutes in ("5", "10", "20") else 0)
