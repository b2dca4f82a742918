"""The company is read once a request, and times are shown in the viewer's zone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Desk

Handler = Callable[[HttpRequest], HttpResponse]


def desk_read_once(get_response: Handler) -> Handler:
    def handle(request: HttpRequest) -> HttpResponse:
        with Desk.read_once():
            return get_response(request)

    return handle


def viewer_time_zone(get_response: Handler) -> Handler:
    """Behind the authentication: the viewer's own zone, the company's where they chose none."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        with timezone.override(user.zone):
            return get_response(request)

    return handle
