"""Two records of customers turn out to be one person's, or two again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires, viewer
from customers.models import Customer, CustomerQuerySet
from tickets import actions
from tickets.forms.fields import is_key
from tickets.models import CustomerMerge
from tickets.queries import find_customers, visible_customers
from tickets.views.inbox import MAX_WORDS, viewer_with_teams

CHOICES = 10


@requires("customers.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def same_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Find who else a customer is (`?q=`), look at both side by side (`?other=`), and say that they are one (POST)."""
    seen = visible_customers(viewer_with_teams(request)).select_related("company").with_addresses()
    customer = get_object_or_404(seen, pk=pk)
    words = request.GET.get("q", "")[:MAX_WORDS].replace("\x00", "").strip()
    other = _named(request.POST.get("other") or request.GET.get("other", ""), seen, customer)
    context = {"customer": customer, "q": words, "other": other, "section": "customers"}
    if other is None:
        found = find_customers(seen, words).exclude(pk=pk).order_by("-pk")[:CHOICES] if words else []
        return render(request, "customers/same_person.html", context | {"found": found})
    # Either may stay; a guest whom nobody has verified may not.
    stays, goes = (
        (other, customer) if request.POST.get("stays", request.GET.get("stays")) == "other" else (customer, other)
    )
    if request.method == "POST":
        try:
            actions.merge_customers(stays, merged=goes, by=viewer(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("They are one person now. It can be undone at any time."))
            return redirect("customers:detail", pk=stays.pk)
    preview = actions.preview_merge(stays, merged=goes)
    swapped = actions.preview_merge(goes, merged=stays)
    if preview.problem and not swapped.problem and request.method != "POST" and "stays" not in request.GET:
        stays, goes, preview, swapped = goes, stays, swapped, preview
    context |= {"stays": stays, "goes": goes, "preview": preview, "can_swap": not swapped.problem}
    context |= {"mails_go_to": _mails_go_to(stays, goes, preview.stays)}
    return render(request, "customers/same_person.html", context)


@requires("customers.merge")
@require_POST
def another_person(request: HttpRequest, pk: int, merge_pk: int) -> HttpResponse:
    """Take a merge back."""
    customer = get_object_or_404(visible_customers(viewer_with_teams(request)), pk=pk)
    merge = get_object_or_404(CustomerMerge.objects.filter(survivor=customer), pk=merge_pk)
    try:
        actions.undo_customer_merge(merge, by=viewer(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("%(name)s is a customer of their own again.")
        messages.success(request, said % {"name": merge.merged.display_name})
    return redirect("customers:detail", pk=pk)


def _named(key: str, seen: CustomerQuerySet, customer: Customer) -> Customer | None:
    return seen.filter(pk=int(key)).exclude(pk=customer.pk).first() if is_key(key) else None


def _mails_go_to(stays: Customer, goes: Customer, is_apart: bool) -> str:
    """The address that answers leave for, once they are one."""
    both = list(stays.addresses.all()) + ([] if is_apart else list(goes.addresses.all()))
    best = max(both, key=lambda address: (address.rank, address.pk), default=None)
    return best.email if best else ""
