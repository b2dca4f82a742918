"""Alive before everything else, and plain words when the database is down."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.middleware import browser_language
from helpdesk.errors import DATABASE_GONE, unavailable

Handler = Callable[[HttpRequest], HttpResponse]


def alive(get_response: Handler) -> Handler:
    """Answers `/healthz` before hosts, sessions or the database are asked.

    So a probe may come from inside the container, and a slow database does not get healthy processes killed.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        return get_response(request)

    return handle


class DatabaseDown:
    """Answers 503 with words when Postgres cannot be reached. Belongs right behind the authentication.

    Django turns what a middleware raises into a 500 at once, so the first question to the database, who is
    signed in, is asked here, where its failure can be answered. The rest is `helpdesk.views.broken`.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            _ = request.user.is_authenticated
        except DATABASE_GONE as error:
            with translation.override(browser_language(request) or settings.LANGUAGE_CODE):
                return unavailable(request, error)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a view raised."""
        return unavailable(request, error) if isinstance(error, DATABASE_GONE) else None
