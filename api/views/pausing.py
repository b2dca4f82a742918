"""A breather: taken, looked at, ended. Only one's own; nobody is told of anybody else's."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import end_breather, take_breather
from accounts.models import User
from api.schema import WRITING, operation
from api.serializers.pausing import BreatherIn, BreatherOut
from api.views.base import Door, body, viewer


class OwnBreather(Door):
    @operation("breather_read", "Read whether you pause", answers={200: BreatherOut}, tag="desk")
    def get(self, request: Request) -> Response:
        """Only whether it is so now: there is no record of pauses to be read."""
        return _told(viewer(request))

    @operation(
        "breather_take",
        "Take a breather",
        takes=BreatherIn,
        answers={200: BreatherOut},
        errors=WRITING,
        tag="desk",
    )
    def post(self, request: Request) -> Response:
        """For so many minutes chats ring for the others, and nothing is pushed; whoever pauses already pauses anew."""
        user = viewer(request)
        return _told(take_breather(user, by=user, minutes=body(request, BreatherIn)["minutes"]))


class EndBreather(Door):
    @operation(
        "breather_end",
        "Be back before its time",
        answers={200: BreatherOut},
        errors=WRITING,
        tag="desk",
    )
    def post(self, request: Request) -> Response:
        """Doing it twice is harmless."""
        user = viewer(request)
        return _told(end_breather(user, by=user))


def _told(user: User) -> Response:
    until = user.breather_until if user.is_on_breather(timezone.now()) else None
    return Response(BreatherOut({"until": until}).data)
