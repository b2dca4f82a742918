"""Customers as people here may see them: it follows from the tickets that they may see."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from customers.models import Address, Customer, CustomerQuerySet
from tickets.models import Ticket

TRIGRAM = 3  # letters that the index needs in order to find them inside a word


def visible_customers(viewer: User) -> CustomerQuerySet:
    """Customers whom the viewer may see: all of them, or those with a ticket that they may see or with none at all
    yet, so that whoever adds a customer finds them again."""
    if not viewer.has_perm("customers.view"):
        return Customer.objects.none()
    customers = Customer.objects.filter(merged_into=None)  # whoever was merged is shown as who they turned out to be
    if viewer.has_perm("customers.view_all"):
        return customers
    # One ticket each rather than EXISTS, which Postgres may turn into reading every ticket there is before the
    # first customer of a page: 155 ms instead of 2 at 100,000 tickets.
    theirs = {"customer": OuterRef("pk")}
    seen = Ticket.objects.visible_to(viewer).filter(**theirs).values("pk")[:1]
    some = Ticket.objects.filter(**theirs).values("pk")[:1]
    as_guest = Ticket.objects.visible_to(viewer).filter(customer__merged_into=OuterRef("pk")).values("pk")[:1]
    known = customers.alias(seen=Subquery(seen), some=Subquery(some), as_guest=Subquery(as_guest))
    return known.filter(Q(seen__isnull=False) | Q(some=None) | Q(as_guest__isnull=False))


def find_customers(customers: CustomerQuerySet, words: str) -> CustomerQuerySet:
    """Those with these words in their name or in an address; with one or two letters, that begin with them."""
    words = " ".join(words.replace("\x00", "").split())
    return customers.filter(pk__in=numbers_of_customers(words)) if words else customers


def numbers_of_customers(words: str) -> QuerySet[Customer, int]:
    """The primary keys of those with these words in their name or in an address."""
    by_name, by_address = called(words)
    return by_name.values_list("pk", flat=True).union(by_address.values_list("customer", flat=True))


def called(words: str) -> tuple[QuerySet[Customer], QuerySet[Address]]:
    """The customers and the addresses with these words in them; no address holds a blank.

    Two searches, one for each index: an OR over two tables would use neither."""
    how = "icontains" if len(words) >= TRIGRAM else "istartswith"
    by_name = Customer.objects.filter(**{f"name__{how}": words}).order_by()
    addresses = Address.objects.none() if " " in words else Address.objects.filter(**{f"email__{how}": words})
    return by_name, addresses.order_by()


def few_customers(words: str, at_most: int) -> list[int] | None:
    """The primary keys of those, if so many names and addresses at most have these words; None if they are more."""
    by_name, by_address = called(words)
    # Materialized, for with a limit the database may prefer to read the whole table until it has so many.
    parts, params = list[str](), list[Any]()
    for found in (by_name.values("pk"), by_address.values("customer")):
        with suppress(EmptyResultSet):
            sql, given = found.query.sql_with_params()
            parts.append(f"(WITH one AS MATERIALIZED ({sql}) SELECT * FROM one)")  # noqa: S608  the ORM's
            params += given
    some = f"SELECT array_agg(pk) FROM ({' UNION ALL '.join(parts)} LIMIT %s) AS found (pk)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(some, [*params, at_most + 1])
        numbers: list[int] = cursor.fetchone()[0] or []
    return sorted(set(numbers)) if len(numbers) <= at_most else None
