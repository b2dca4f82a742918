"""Who is at the other end of a socket: two separate ways in (docs/protocol.md).

An agent's socket takes the session cookie, and then only from exactly our own origin, or an API token.
A guest's socket takes the visitor's token in its first frame and never looks at cookies.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.models import ApiToken, User
from accounts.net import client_address
from accounts.tokens import bearer

Scope = dict[str, Any]


def header(scope: Scope, name: str) -> str:
    """One header of the handshake, or nothing if it is missing or given twice."""
    values = [value for key, value in scope["headers"] if key == name.encode()]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def address_of(scope: Scope) -> str:
    """The network address that a socket comes from, as of a page."""
    forwarded = [value.decode("latin-1") for key, value in scope["headers"] if key == b"x-forwarded-for"]
    return client_address(",".join(forwarded), (scope.get("client") or [""])[0])


def is_from_our_origin(scope: Scope) -> bool:
    """Whether the browser says that one of our own pages opened the socket. A missing Origin is a no."""
    return header(scope, "origin") in settings.SOCKET_ORIGINS


def user_of(scope: Scope) -> User | None:
    """The person whose session or API token this handshake carries, if they still may use it."""
    token = bearer(header(scope, "authorization"))
    if token:
        return ApiToken.objects.authenticate(token)
    if not is_from_our_origin(scope):
        return None
    try:
        cookies = SimpleCookie(header(scope, "cookie"))
    except CookieError:
        return None
    cookie = cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return None
    # Django's own check, so that a changed password or a deactivation ends sockets as it ends pages.
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None
