"""Who speaks: a program with a token, or a person whose browser is signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.tokens import bearer, digest


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>`. A revoked token is looked up, and refused, at every request."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        raw = bearer(request.headers.get("Authorization", ""))
        if not raw:
            return None
        user = ApiToken.objects.authenticate(raw)
        if user is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return user, digest(raw)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="api"'


class Session(SessionAuthentication):
    """The session of a signed-in browser, for the documentation page; writing needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        if super().authenticate(request) is None:
            return None
        return get_user(request._request), None  # type: ignore[return-value]  # the person, not a lazy stand-in


class BearerTokenScheme(OpenApiAuthenticationExtension):
    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"type": "http", "scheme": "bearer", "description": "A token made with `bin/manage create_api_token`."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = Session
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A signed-in browser. Writing needs the `X-CSRFToken` header as well.",
        }
