"""Customers as people here may see them: it follows from the tickets that they may see."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from accounts.models import User
from customers.models import Address, Customer, CustomerQuerySet
from tickets.models import Ticket

TRIGRAM = 3  # letters that the index needs in order to find them inside a word


def visible_customers(viewer: User) -> CustomerQuerySet:
    """Customers whom the viewer may see: all of them, or those with a ticket that they may see or with none at all
    yet, so that whoever adds a customer finds them again."""
    if not viewer.has_perm("customers.view"):
        return Customer.objects.none()
    if viewer.has_perm("customers.view_all"):
        return Customer.objects.all()
    theirs = {"customer": OuterRef("pk")}
    is_seen = Exists(Ticket.objects.visible_to(viewer).filter(**theirs))
    return Customer.objects.filter(is_seen | ~Exists(Ticket.objects.filter(**theirs)))


def find_customers(customers: CustomerQuerySet, words: str) -> CustomerQuerySet:
    """Those with these words in their name or in an address; with one or two letters, that begin with them."""
    words = " ".join(words.replace("\x00", "").split())
    if not words:
        return customers
    how = "icontains" if len(words) >= TRIGRAM else "istartswith"
    # One search for each index: an OR over two tables would use neither.
    by_name = Customer.objects.filter(**{f"name__{how}": words}).order_by().values("pk")
    by_address = Address.objects.filter(**{f"email__{how}": words}).order_by().values("customer")
    return customers.filter(pk__in=by_name.union(by_address))
