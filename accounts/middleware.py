"""Times are shown in the viewer's zone, and in the company's where the viewer chose none."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Desk

Handler = Callable[[HttpRequest], HttpResponse]


def viewer_time_zone(get_response: Handler) -> Handler:
    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        with timezone.override(ZoneInfo(user.time_zone or Desk.current().time_zone)):
            return get_response(request)

    return handle
