"""What a returning visitor's loader asks before it loads anything: is there an answer?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.models import Site
from accounts.net import client_ip
from chat.actions import allow_guest
from chat.frames import FrameError, parse_object, text_field
from chat.models import Visitor
from chat.queries import is_talking, unread_by
from chat.views.conversation import speaks_json


@csrf_exempt  # no cookie is read here
@require_POST
def unread(request: HttpRequest) -> HttpResponse:
    """How many answers wait, and whether the chat is going on. It begins nothing, and renews nothing.

    It is asked from the site's own pages, across origins: the token comes in a plain-text body, which needs no
    preflight, and the answer may be read by the site's origins only.
    """
    answer = _answer(request)
    origin = request.headers.get("Origin", "")
    if origin in getattr(request, "may_read", []):
        answer["Access-Control-Allow-Origin"] = origin
    answer["Vary"] = "Origin"
    answer["Cache-Control"] = "no-store"
    return answer


@speaks_json
def _answer(request: HttpRequest) -> dict[str, Any]:
    fields = parse_object(request.body)
    site = Site.objects.filter(key=text_field(fields, "site", limit=32)).first()
    if site is None:
        raise FrameError("not_found", "There is no such site.")
    own = settings.SOCKET_ORIGINS if settings.DEBUG else []  # development's shop page is ours
    request.may_read = [*site.allowed_origins, *own]  # type: ignore[attr-defined]  # on refusals, too
    visitor = Visitor.objects.authenticate(text_field(fields, "token", limit=200, required=False), site)
    if visitor is None and not allow_guest("start", client_ip(request)):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
    customer = visitor.customer if visitor else None
    if customer is None:
        return {"unread": 0, "live": False}
    return {"unread": unread_by(customer), "live": is_talking(customer, timezone.now())}
