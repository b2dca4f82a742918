"""What our people may know of a visitor, and whom they turn away."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.languages import language_in_words
from accounts.net import network_of
from accounts.origins import origin_of
from chat.actions import block_address, unblock_address
from chat.actions.noting import TRAIL_PAGES
from chat.browsers import browser_in_words
from chat.forms import BlockForm
from chat.models import Block, PageView, Visitor
from chat.presence import visitors_here
from chat.queries import block_of, visitor_of
from customers.actions import block_customer
from tickets.models import Ticket
from tickets.views.inbox import wants_fragment

BLOCKS_SHOWN = 500


@requires("tickets.view")
@require_safe
def visitor(request: HttpRequest, number: int) -> HttpResponse:
    """Who chats, from where and on which pages: a fragment for the ticket's side."""
    return _fragment(request, _ticket(request, number))


@requires("customers.block")
@require_POST
def block(request: HttpRequest, number: int) -> HttpResponse:
    """Turn away a ticket's customer (`what=visitor`) or everybody at their address (`network`), or not (`undo`)."""
    ticket = _ticket(request, number)
    what, is_blocked = request.POST.get("what"), not request.POST.get("undo")
    if what == "visitor":
        block_customer(ticket.customer, by=viewer(request), is_blocked=is_blocked)
    elif what == "network":
        _block_network(request, ticket, is_blocked)
    else:
        return HttpResponse("what is visitor or network.", status=400, content_type="text/plain")
    if wants_fragment(request):
        return _fragment(request, _ticket(request, number))
    return redirect(ticket.get_absolute_url())


def _block_network(request: HttpRequest, ticket: Ticket, is_blocked: bool) -> None:
    found = visitor_of(ticket)
    known = block_of(found) if found else None
    if is_blocked:
        try:
            block_address((found and found.network_address) or "", by=viewer(request))
        except ValidationError:
            messages.error(request, _("We do not know this visitor’s network address."))
    elif known:
        unblock_address(known, by=viewer(request))


@requires("customers.block_addresses")
@require_http_methods(["GET", "HEAD", "POST"])
def blocks(request: HttpRequest) -> HttpResponse:
    """The network addresses that are turned away, newest first; a POST adds one."""
    form = BlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            block_address(by=viewer(request), **form.cleaned_data)
            return redirect("chats:blocks")
        except ValidationError as error:
            form.add_error("address", error)
    rows = Block.objects.select_related("by_user").order_by("-created_at")[:BLOCKS_SHOWN]
    context = {"form": form, "blocks": rows, "section": "blocks"}
    return render(request, "chat/blocks.html", context, status=422 if form.errors else 200)


@requires("customers.block_addresses")
@require_POST
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the visitors of an address in again."""
    unblock_address(get_object_or_404(Block, pk=pk), by=viewer(request))
    return redirect("chats:blocks")


def _ticket(request: HttpRequest, number: int) -> Ticket:
    visible = Ticket.objects.visible_to(viewer(request)).select_related("customer", "site")
    return get_object_or_404(visible, pk=number)


def _fragment(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    found = visitor_of(ticket)
    customer = ticket.customer
    context: dict[str, Any] = {
        "url": reverse("chats:visitor", args=[ticket.number]),
        "block_url": reverse("chats:block", args=[ticket.number]),
        "ref": ticket.reference,
        "customer": customer,
        "identities": customer.identities.select_related("site"),
        "proved": [address for address in customer.addresses.all() if address.is_verified],
        "visitor": found,
    }
    return render(request, "chat/_visitor.html", context | (_described(found) if found else {}))


def _described(visitor: Visitor) -> dict[str, Any]:
    pages = list(visitor.pages.order_by("-at", "-pk")[:TRAIL_PAGES])
    if pages and pages[0].url == visitor.page_url:
        del pages[0]  # where they are now is said by itself
    return {
        "is_here": visitors_here(timezone.now()).filter(pk=visitor.pk).exists(),
        "page": PageView(url=visitor.page_url, title=visitor.page_title) if visitor.page_url else None,
        "pages": pages,
        "own_pages": {page for page in [visitor.page_url, *(page.url for page in pages)] if _is_own(visitor, page)},
        "browser": browser_in_words(visitor.user_agent),
        "language": language_in_words(visitor.locale),
        "network": network_of(visitor.network_address or ""),
        "block": block_of(visitor),
    }


def _is_own(visitor: Visitor, url: str) -> bool:
    """Whether it is a page of the site, as it must be if the browser is honest; anything else is no link for us."""
    own = settings.SOCKET_ORIGINS if settings.DEBUG else []  # development's shop page is ours
    try:
        return origin_of(url) in [*visitor.site.allowed_origins, *own]
    except ValidationError:
        return False
