"""The end of a conversation over HTTP: leaving, rating, a copy by mail, and the code that proves where to send it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.views.decorators.http import require_POST

from accounts.net import client_ip
from accounts.tokens import bearer
from chat.actions import allow_guest, send_code, verify_address
from chat.frames import FrameError, parse_object, text_field
from chat.models import Visitor, WidgetSettings
from chat.views.conversation import for_visitors, own_ticket
from tickets.actions import end_chat, mail_copy, rate_ticket

CODE_CHARS = 20  # six digits, and whatever stands between them
COMMENT_CHARS = 2000


@require_POST
@for_visitors
def end(request: HttpRequest, visitor: Visitor, ref: str) -> dict[str, Any]:
    """The guest leaves; it solves nothing."""
    ticket = own_ticket(visitor, ref)
    limit("message", visitor)
    end_chat(ticket, by=visitor.customer)
    return {}


@require_POST
@for_visitors
def rating(request: HttpRequest, visitor: Visitor, ref: str) -> dict[str, Any]:
    """How the guest found it: `score` 1 to 5, and perhaps a `comment`."""
    ticket = own_ticket(visitor, ref)
    fields = parse_object(request.body)
    comment = text_field(fields, "comment", limit=COMMENT_CHARS, required=False)
    limit("message", visitor)
    if not WidgetSettings.of(visitor.site).asks_rating:
        raise PermissionDenied
    rate_ticket(ticket, by=visitor.customer, score=fields.get("score"), comment=comment)
    return {}


@require_POST
@for_visitors
def copy(request: HttpRequest, visitor: Visitor, ref: str) -> dict[str, Any]:
    """The conversation by mail, to the address that is proved and to no other, whatever the request names."""
    ticket = own_ticket(visitor, ref)
    limit("message", visitor)
    if not WidgetSettings.of(visitor.site).offers_copy:
        raise PermissionDenied
    mail = mail_copy(ticket, by=visitor.customer)
    return {"state": "sent", "email": mail.recipients.values_list("email", flat=True)[0]}


@require_POST
@for_visitors
def code(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """A code goes to an address, once a day at most; the answer never tells whether it did."""
    email = text_field(parse_object(request.body), "email", limit=254)
    limit("code", visitor, request)
    return {"email": send_code(visitor, email=email)}


@require_POST
@for_visitors
def verify(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """The code comes back. `token` is there if it showed who the guest is: the one that they use from now on."""
    fields = parse_object(request.body)
    email, typed = text_field(fields, "email", limit=254), text_field(fields, "code", limit=CODE_CHARS)
    limit("verify", visitor, request)
    token = bearer(request.headers.get("Authorization", ""))
    proved = verify_address(visitor, token=token, email=email, code=typed)
    return {"email": proved.email} | ({"token": proved.token} if proved.token != token else {})


def limit(what: str, visitor: Visitor, request: HttpRequest | None = None) -> None:
    """FrameError `rate_limited` if this visitor, or with a request its network address, does too much of it."""
    who = [f"visitor:{visitor.pk}"] + ([f"address:{client_ip(request)}"] if request else [])
    if not all(allow_guest(what, one) for one in who):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
