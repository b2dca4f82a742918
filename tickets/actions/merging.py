"""A guest turns out to be somebody: what they said and did becomes that customer's."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.actions import forget_guest, lock_both
from customers.models import Customer
from tickets.actions.uniting_customers import settle_merges
from tickets.events import record
from tickets.models import Attachment, Event, Message, Rating, ReadMark, Ticket


@transaction.atomic
def merge_guest(guest: Customer, *, into: Customer, how: str, where: str) -> Customer:
    """Move all that a guest said and did to the customer that they are, forget the guest, and say so.

    Nobody but the caller knows who they are: it has seen the proof (`how`, at the site called `where`). A guest whom
    an address identifies is somebody already, and stays. Errors: PermissionDenied; Customer.DoesNotExist if one of
    the two is gone; IntegrityError if the guest was given something new at this very moment.
    """
    guest, into = lock_both(guest, into=into)
    if guest.pk == into.pk or guest.addresses.identifying().exists():
        raise PermissionDenied
    tickets = _lock_tickets(guest)
    # By author and owner rather than by ticket: a conversation begun a moment ago moves too.
    Ticket.objects.filter(customer=guest).update(customer=into)
    _free_client_ids(guest, into)
    for kind in (Message, Event, Attachment):
        kind.objects.filter(by_customer=guest).update(by_customer=into)
    for row in (ReadMark, Rating):
        row.objects.filter(customer=guest).update(customer=into)
    settle_merges(guest, into=into)
    forget_guest(guest, into=into)
    _tell(tickets, into, how=how, where=where)
    return into


@transaction.atomic
def tell_of_identity(customer: Customer, *, how: str, where: str) -> None:
    """Record on a customer's open tickets that we know now who they are; `how` we know, at the site called `where`."""
    _tell(_lock_tickets(customer), customer, how=how, where=where)


def _lock_tickets(customer: Customer) -> list[Ticket]:
    """A customer's tickets, locked in the order that everybody locks them in."""
    return list(Ticket.objects.filter(customer=customer).order_by("pk").select_for_update(no_key=True))


def _free_client_ids(guest: Customer, into: Customer) -> None:
    """An id that both have used stays the customer's; the guest's words need it no more: they are stored."""
    used = Message.objects.filter(by_customer=into).exclude(client_id="").values("client_id")
    Message.objects.filter(by_customer=guest, client_id__in=used).update(client_id="")


def _tell(tickets: list[Ticket], customer: Customer, *, how: str, where: str) -> None:
    for ticket in tickets:
        if ticket.is_solved:
            continue
        ticket.customer = customer
        record(ticket, "customer.identified", by=customer, data={"how": how, "site": where})
