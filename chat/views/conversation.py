"""What the widget says to the server over HTTP. The visitor's token is the only proof; cookies are not read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts.access import refusal
from accounts.models import Site
from accounts.net import clean_address, client_ip
from accounts.tokens import bearer
from chat.actions import allow_guest, begin_conversation, leave_address, start_visit
from chat.browsers import USER_AGENT_CHARS, Arrival, known_zone, one_line
from chat.frames import MAX_SEQ, FrameError, flag_field, page_field, parse_object, text_field, words_of
from chat.models import Visitor
from chat.presence import mark_visitors_here
from chat.queries import READ_AT_ONCE, find_ticket, guest_heads, is_turned_away, sent_by
from chat.views.page import site_json
from customers.models import Customer
from tickets.actions import post_message
from tickets.models import Attachment, Event, Ticket
from tickets.serializers import event_json
from tickets.views.files import file_response

_STATUS = {
    "not_found": 404,
    "forbidden": 403,
    "conflict": 409,
    "closed": 409,
    "unverified": 409,
    "rate_limited": 429,
    "too_long": 413,
}

Door = Callable[..., dict[str, Any]]


def speaks_json(door: Door) -> Callable[..., JsonResponse]:
    """A door's answer, or what is wrong, as JSON; errors have the shape of the API's."""

    @csrf_exempt  # no cookie is read here, so there is nothing that a foreign page could borrow
    @wraps(door)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            return JsonResponse(door(request, *args, **kwargs))
        except FrameError as error:
            return refusal(_STATUS.get(error.code, 400), error.code, error.detail)
        except PermissionDenied:
            return refusal(403, "forbidden", "That is not allowed.")
        except ValidationError as error:
            code = str(getattr(error, "code", None) or "invalid")
            status = _STATUS.get(code, 422)
            return refusal(status, code if code in _STATUS else "invalid", " ".join(error.messages))

    return view


def visitor_of(request: HttpRequest) -> Visitor | None:
    return Visitor.objects.authenticate(bearer(request.headers.get("Authorization", "")))


def knows_visitor(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view for whoever holds a visitor's token, who is passed on as `visitor`."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        visitor = visitor_of(request)
        if visitor is None:
            return _start_again()
        if is_refused(visitor, request):
            return refusal(403, "forbidden", "That is not allowed.")
        mark_visitors_here([visitor])
        try:
            answer = view(request, visitor, *args, **kwargs)
        except (IntegrityError, Customer.DoesNotExist):
            if visitor_of(request) is not None:
                raise
            return _start_again()
        # Another tab may have shown meanwhile who they are, which changes the token: nothing is lost, nor refused.
        return _start_again() if answer.status_code == 403 and visitor_of(request) is None else answer

    return guarded


def is_refused(visitor: Visitor | None, request: HttpRequest) -> bool:
    """Whether this visitor, or everybody where they come from, is blocked."""
    is_blocked = visitor is not None and visitor.customer is not None and visitor.customer.is_blocked
    return is_blocked or is_turned_away(client_ip(request))


def _start_again() -> JsonResponse:
    return refusal(401, "not_signed_in", "Start again: this token is not known.")


def for_visitors(door: Door) -> Callable[..., HttpResponseBase]:
    """A JSON door for whoever holds a visitor's token."""
    return knows_visitor(speaks_json(door))


@require_POST
@speaks_json
def start(request: HttpRequest) -> dict[str, Any]:
    """A visit begins, or goes on."""
    fields = parse_object(request.body)
    site = Site.objects.select_related("team", "calendar").filter(key=text_field(fields, "site", limit=32)).first()
    if site is None:
        raise FrameError("not_found", "There is no such site.")
    token = bearer(request.headers.get("Authorization", ""))
    known = Visitor.objects.authenticate(token, site)
    if is_refused(known, request):
        raise PermissionDenied
    if not known and not allow_guest("start", client_ip(request)):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
    locale = text_field(fields, "locale", limit=20, required=False)
    visit = start_visit(site, token=token, locale=locale, arrival=_arrival(request, fields))
    heads = guest_heads(visit.visitor)
    return {
        "token": visit.token,
        "site": site_json(site, locale),
        "tickets": [{"ref": ref, "last": head} for _, ref, head in heads],
    }


def _arrival(request: HttpRequest, fields: dict[str, Any]) -> Arrival:
    """What the browser tells of itself and of the page; what of it is kept is not decided here."""
    return Arrival(
        time_zone=known_zone(text_field(fields, "time_zone", limit=64, required=False)),
        user_agent=one_line(request.headers.get("User-Agent", ""), limit=USER_AGENT_CHARS),
        network_address=clean_address(client_ip(request)),
        page=page_field(fields, "page"),
        has_consented=flag_field(fields, "consent"),
    )


@require_POST
@for_visitors
def tickets(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """The first words, where sockets are blocked."""
    said = words_of(parse_object(request.body))
    if not allow_guest("open", f"visitor:{visitor.pk}"):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
    ticket = begin_conversation(visitor, **said._asdict())
    message = sent_by(ticket.customer, said.client_id)
    return {"client_id": said.client_id, "ref": ticket.reference, "seq": message.event.seq}


@require_POST
@for_visitors
def messages(request: HttpRequest, visitor: Visitor, ref: str) -> dict[str, Any]:
    """More words, where sockets are blocked."""
    ticket = own_ticket(visitor, ref)
    said = words_of(parse_object(request.body))
    if not allow_guest("message", f"visitor:{visitor.pk}"):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
    message = post_message(ticket, by=visitor.customer, **said._asdict())
    return {"client_id": said.client_id, "ref": message.ticket.reference, "seq": message.event.seq}


@require_GET
@for_visitors
def events(request: HttpRequest, visitor: Visitor, ref: str) -> dict[str, Any]:
    """What happened on a conversation after `after`, at most 200 events: the short poll."""
    ticket = own_ticket(visitor, ref)
    after = request.GET.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= len(str(MAX_SEQ)) and int(after) <= MAX_SEQ):
        raise FrameError("invalid", "`after` must be a whole number.")
    customer = visitor.customer
    assert customer is not None  # or the ticket would not be theirs
    found = Event.objects.visible_to(customer).filter(ticket=ticket).after(int(after)).with_details()[:READ_AT_ONCE]
    return {
        "events": [
            {"seq": event.seq, "prev": event.public_prev, "event": event_json(event, customer)} for event in found
        ]
    }


@require_GET
@knows_visitor
def file(request: HttpRequest, visitor: Visitor, pk: uuid.UUID) -> HttpResponseBase:
    """A file of one of the visitor's conversations."""
    attachment = Attachment.objects.visible_to(visitor.customer).filter(pk=pk).first()
    try:
        return file_response(attachment)
    except Http404:
        return refusal(404, "not_found", "There is no such file.")


@require_POST
@for_visitors
def contact(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """Where answers may reach a guest by mail."""
    fields = parse_object(request.body)
    if not allow_guest("message", f"visitor:{visitor.pk}"):
        raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
    email = text_field(fields, "email", limit=254)
    address = leave_address(visitor, email=email, name=text_field(fields, "name", limit=160, required=False))
    return {"email": address.email}


def own_ticket(visitor: Visitor, ref: str) -> Ticket:
    ticket = find_ticket(visitor.customer, ref.replace("\x00", ""))
    if ticket is None:
        raise FrameError("not_found", "There is no such conversation.")
    return ticket
