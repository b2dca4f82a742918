"""Who a guest is, said by the site's signature, where sockets are blocked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.views.decorators.http import require_POST

from accounts.tokens import bearer
from chat.actions import identify_visitor
from chat.frames import parse_object
from chat.models import Visitor
from chat.queries import guest_heads
from chat.views.closing import limit
from chat.views.conversation import for_visitors
from tickets.serializers import person_json


@require_POST
@for_visitors
def identify(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """The `token` that the answer names replaces the one that came as Bearer."""
    proof = parse_object(request.body).get("token")
    limit("identify", visitor)
    known = identify_visitor(visitor, token=bearer(request.headers.get("Authorization", "")), proof=proof)
    return {
        "token": known.token,
        "viewer": person_json(known.customer, known.customer),
        "tickets": [{"ref": ref, "last": head} for _, ref, head in guest_heads(known.visitor)],
    }
