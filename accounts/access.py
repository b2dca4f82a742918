"""Doors for people who work here: who is not signed in goes to the sign-in, who may not gets 403."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django_htmx.http import HttpResponseClientRedirect

from accounts.limits import allow, token_key
from accounts.models import ApiToken, User
from accounts.roles import ALL_PERMISSIONS
from accounts.tokens import bearer, digest

View = Callable[Concatenate[HttpRequest, ...], HttpResponseBase]


def requires(permission: str | None = None) -> Callable[[View], View]:
    """Decorate a view that only people with `permission` may use; None: everybody who is signed in.

    A permission that nobody declared fails when the module is loaded, not when the page is opened.
    """
    if permission is not None and permission not in ALL_PERMISSIONS:
        raise LookupError(f"unknown permission {permission!r}; declare it in accounts/roles.py")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if permission is not None and not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def for_programs_too(view: View) -> View:
    """Decorate a view so that an API token as Bearer does for a session; put it above `requires`.

    A foreign page cannot borrow a token as it can a cookie, so whoever shows one needs no CSRF token. Whoever
    shows none is checked as on every page. What is wrong with a token is said in JSON.
    """
    from_pages = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raw = bearer(request.headers.get("Authorization", ""))
        if not raw:
            return from_pages(request, *args, **kwargs)
        user = ApiToken.objects.authenticate(raw)
        if user is None:
            return refusal(401, "not_signed_in", "This token is unknown, expired or revoked.")
        if not allow(token_key(digest(raw)), limit=settings.API_REQUESTS_PER_MINUTE, seconds=60):
            return refusal(429, "rate_limited", "That was a lot at once. Wait a moment.")
        request.user = user
        return view(request, *args, **kwargs)

    return opened


def refusal(status: int, code: str, detail: str) -> JsonResponse:
    """An error in the shape that every JSON door of ours has."""
    response = JsonResponse({"error": {"code": code, "detail": detail, "fields": {}}}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == 429:
        response["Retry-After"] = "10"
    return response


def viewer(request: HttpRequest) -> User:
    """Who is signed in, behind `requires`."""
    return cast(User, request.user)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in and back to the page they were on; a fragment's request moves the whole page there."""
    is_fragment = bool(request.headers.get("HX-Request"))
    if is_fragment:
        page = own_path(request, request.headers.get("HX-Current-URL"))
    elif request.method in ("GET", "HEAD"):
        page = request.get_full_path()
    else:
        page = own_path(request, request.headers.get("Referer"))
    address = reverse("account_login") + ("?" + urlencode({REDIRECT_FIELD_NAME: page}) if page else "")
    return HttpResponseClientRedirect(address) if is_fragment else HttpResponseRedirect(address)


def own_path(request: HttpRequest, url: str | None) -> str:
    """The path and query of an address on this very host, or nothing."""
    if not url or not url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()):
        return ""
    parts = urlsplit(url)
    if not parts.path.startswith("/") or parts.path.startswith("//"):  # a second slash would name another host
        return ""
    return parts.path + ("?" + parts.query if parts.query else "")
