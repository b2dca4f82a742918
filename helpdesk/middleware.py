"""When the database is down, say so plainly instead of showing a traceback."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)


class DatabaseDown:
    """Answers 503 with words when a request fails because Postgres cannot be reached."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError) as error:
            return unavailable(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django turns a view's exception into a 500 before `__call__` sees it; catch it here."""
        if isinstance(error, OperationalError | InterfaceError):
            return unavailable(request, error)
        return None


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("database unavailable: %s", error)
    if request.path.startswith(("/api/", "/widget/")) and not request.path.startswith("/widget/frame"):
        body = {"error": {"code": "unavailable", "detail": "We cannot reach our database. Try again in a moment."}}
        response: HttpResponse = JsonResponse(body, status=503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response
