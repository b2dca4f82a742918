"""Who writes to us: the list, and one person with everything that the viewer may see of them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires, viewer
from customers.actions import change_customer, get_or_create_company
from customers.models import Customer
from tickets.forms import CustomerForm
from tickets.models import CustomerMerge, Ticket
from tickets.queries import find_customers, visible_customers
from tickets.views.inbox import MAX_WORDS, viewer_with_teams

PAGE_SIZE = 50
TICKETS = 30


@requires("customers.view")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The visible customers, newest first, or those whom `?q=` finds."""
    words = request.GET.get("q", "")[:MAX_WORDS].strip()
    customers = find_customers(visible_customers(viewer_with_teams(request)), words)
    rows, cursor = _page(customers.select_related("company").with_addresses(), request, PAGE_SIZE)
    return render(
        request,
        "customers/list.html",
        {"customers": rows, "next_cursor": cursor, "q": words.replace("\x00", ""), "section": "customers"},
    )


@requires("customers.view")
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One customer; a POST corrects what we know of them."""
    user = viewer_with_teams(request)
    seen = visible_customers(user).select_related("company").with_addresses()
    customer = seen.filter(pk=pk).first()
    if customer is None:  # whoever was merged is there under another number
        return redirect("customers:detail", pk=get_object_or_404(seen, merged=pk).pk)
    known = {"name": customer.name, "company": customer.company.name if customer.company else "", "note": customer.note}
    form = CustomerForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            _change(customer, request, form.cleaned_data)
            return redirect("customers:detail", pk=pk)
        except ValidationError as error:
            form.add_error(None, error)
    tickets, cursor = _page(Ticket.objects.visible_to(user).of_person(customer), request, TICKETS)
    merges = CustomerMerge.objects.filter(survivor=customer, undone_at=None).select_related("merged", "by_user")
    context = {"customer": customer, "tickets": tickets, "next_cursor": cursor, "form": form, "section": "customers"}
    return render(
        request,
        "customers/detail.html",
        context | {"merges": merges.order_by("-pk")},
        status=422 if form.errors else 200,
    )


def _change(customer: Customer, request: HttpRequest, wanted: dict[str, Any]) -> None:
    name = wanted["company"]
    change_customer(
        customer,
        by=viewer(request),
        name=wanted["name"],
        note=wanted["note"],
        company=get_or_create_company(name) if name else None,
        leaves_company=not name,
    )


def _page(rows: Any, request: HttpRequest, size: int) -> tuple[list[Any], str]:
    """The next rows, newest first, and the cursor behind them; a cursor that is none starts at the top."""
    after = request.GET.get("cursor", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else ""
