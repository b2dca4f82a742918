"""Two records of customers are one person: somebody here says so, and can take it back.

What a browser shows is decided by what that browser has proved, never by what one of us believes. A lead may be wrong,
or be talked into it, and then a stranger would read another one's letters. So there are two cases:

* The merged record has no browser that proved nothing. Everything of it moves to the survivor: tickets and what was
  said there, files, addresses, and what the apps above hold (`CUSTOMER_PARTS`), such as signed identities and the
  browsers that proved them. Whoever proves one of its addresses or identities is the survivor from then on.
* It is a guest's: a browser shows its conversations to whoever sits there, who may be anybody. Then nothing moves. The
  record stays what that browser sees, and only that; our people see it under the survivor's name and with the
  survivor's tickets (`merged_into`). Once the guest proves to be the survivor, `merge_guest` moves everything.

For the same reason such a guest cannot be the survivor of a record that somebody proved to be, or that has no browser:
the guest would suddenly see its conversations.

`CustomerMerge.moved` says what moved. Undoing gives it back as far as it is still the survivor's: a moved ticket with
whatever was said on it since; what else is new stays. Locks go browsers → customers → tickets, each by key, as in
chat/actions/identifying.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.bells import recheck_customer
from accounts.models import User
from customers.actions import give_addresses, lock_both, take_addresses
from customers.models import Customer
from tickets.actions._rules import require
from tickets.events import record
from tickets.models import Attachment, CustomerMerge, Event, Message, Rating, ReadMark, Ticket, WordsDue

Moved = dict[str, Any]
# What the survivor takes over where it has nothing.
MISSING = ("name", "locale", "time_zone", "company_id")
_AUTHORED = (Message, Event)


class Part(Protocol):
    """What an app above tickets holds of customers; settings.CUSTOMER_PARTS names them."""

    def lock(self, customers: Iterable[Customer]) -> None:
        """Hold what may become somebody else's, before the customers themselves are locked."""

    def is_open(self, customer: Customer) -> bool:
        """Whether somebody who proved nothing can see this customer's conversations."""

    def count(self, customer: Customer) -> dict[str, int]:
        """What would move: how many, by what they are called."""

    def move(self, of: Customer, *, to: Customer) -> Moved:
        """Move all of it; returns what moved, for `give_back`."""

    def give_back(self, moved: Moved, *, of: Customer, to: Customer, since: datetime) -> None:
        """Undo a move as far as it is still so. Who came to be `of` `since` then must prove it again."""

    def settle(self, guest: Customer, *, into: Customer) -> None:
        """A guest proved to be somebody and is forgotten: nothing of theirs may be left."""


@dataclass(frozen=True)
class Preview:
    """What merging would do: what moves, by name; `stays` if a guest's browser keeps it; why it cannot be (or "")."""

    counts: dict[str, int] = field(default_factory=dict)
    stays: bool = False
    problem: str = ""


def preview_merge(survivor: Customer, *, merged: Customer) -> Preview:
    """What `merge_customers` would do now; changes nothing."""
    try:
        _check(survivor, merged)
    except ValidationError as error:
        return Preview(problem=" ".join(error.messages))
    counts = {_("tickets"): merged.tickets.count(), _("addresses"): merged.addresses.count()}
    for part in _parts():
        counts |= part.count(merged)
    return Preview(counts=counts, stays=_is_open(merged))


@transaction.atomic
def merge_customers(survivor: Customer, *, merged: Customer, by: User | None) -> CustomerMerge:
    """Let two records be one person's, who goes on as `survivor`. Records `customer.merged` on their open tickets.

    Errors: PermissionDenied; ValidationError code `invalid` (one and the same, merged already, or a guest would see
    what is not theirs); Customer.DoesNotExist if one of them is gone.
    """
    require(by, "customers.merge")
    survivor, merged = _lock(survivor, merged)
    _check(survivor, merged)
    tickets = _lock_tickets(survivor, merged)
    name = merged.display_name
    moved: Moved = {"stays": True} if _is_open(merged) else _move(merged, survivor)
    moved["records"] = list(Customer.objects.filter(merged_into=merged).values_list("pk", flat=True))
    Customer.objects.filter(pk__in=moved["records"]).update(merged_into=survivor)
    moved["blocks"] = survivor.is_blocked and not merged.is_blocked
    merged.is_blocked = merged.is_blocked or survivor.is_blocked
    merged.merged_into = survivor
    merged.save(update_fields=["merged_into", "is_blocked"])
    row = CustomerMerge.objects.create(survivor=survivor, merged=merged, moved=moved, by_user=by)
    _tell(
        tickets,
        by,
        "customer.merged",
        {"merge": row.pk, "merged": merged.pk, "name": name, "into": survivor.display_name},
    )
    _look_again(survivor, merged)
    return row


@transaction.atomic
def undo_customer_merge(merge: CustomerMerge, *, by: User | None) -> CustomerMerge:
    """Make two of one again, at any time. Records `customer.unmerged` on their open tickets.

    Errors: PermissionDenied; ValidationError code `invalid` if it is undone, or if the survivor was merged since.
    """
    require(by, "customers.merge")
    survivor, merged = _lock(merge.survivor, merge.merged)
    merge = CustomerMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None or merged.merged_into_id != survivor.pk:
        raise ValidationError(_("This is undone already."), code="invalid")
    if survivor.merged_into_id is not None:
        raise ValidationError(_("They were merged into somebody else since. Undo that first."), code="invalid")
    tickets = _lock_tickets(survivor, merged)
    merged.merged_into = None
    if merge.moved.get("blocks"):
        merged.is_blocked = False
    merged.save(update_fields=["merged_into", "is_blocked"])
    Customer.objects.filter(pk__in=merge.moved["records"], merged_into=survivor).update(merged_into=merged)
    if not merge.moved.get("stays"):
        _give_back(merge, survivor, merged)
    merge.undone_at = timezone.now()
    merge.save(update_fields=["undone_at"])
    data = {"merge": merge.pk, "merged": merged.pk, "name": merged.display_name}
    _look_again(survivor, merged)
    _tell(tickets, by, "customer.unmerged", data)
    return merge


def settle_merges(guest: Customer, *, into: Customer) -> None:
    """A guest who proved to be somebody is forgotten: what one of us said of who they are is settled by the proof."""
    for part in _parts():
        part.settle(guest, into=into)
    CustomerMerge.objects.filter(Q(merged=guest) | Q(survivor=guest, merged=into)).delete()
    CustomerMerge.objects.filter(survivor=guest).update(survivor=into)
    Customer.objects.filter(pk=into.pk, merged_into=guest).update(merged_into=None)
    Customer.objects.filter(merged_into=guest).update(merged_into=into)


def _parts() -> list[Part]:
    return [import_string(path) for path in settings.CUSTOMER_PARTS]


def _is_open(customer: Customer) -> bool:
    return any(part.is_open(customer) for part in _parts())


def _check(survivor: Customer, merged: Customer) -> None:
    if survivor.pk == merged.pk:
        raise ValidationError(_("This is one and the same."), code="invalid")
    for one in (survivor, merged):
        if one.merged_into_id is not None:
            raise ValidationError(
                _("%(name)s is merged into somebody already.") % {"name": one.display_name}, code="invalid"
            )
    if _is_open(survivor) and not _is_open(merged):
        raise ValidationError(
            _(
                "Nobody has verified who %(stays)s is: their browser would show what %(goes)s wrote."
                " Let %(goes)s be the one who stays."
            )
            % {"stays": survivor.display_name, "goes": merged.display_name},
            code="invalid",
        )


def _lock(survivor: Customer, merged: Customer) -> tuple[Customer, Customer]:
    for part in _parts():
        part.lock([survivor, merged])
    if survivor.pk == merged.pk:
        return survivor, merged
    return lock_both(survivor, into=merged)


def _lock_tickets(*customers: Customer) -> list[Ticket]:
    rows = Ticket.objects.filter(customer__in=customers).order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)).select_related("customer"))


def _move(merged: Customer, survivor: Customer) -> Moved:
    """Everything of the one becomes the other's; returns what, for `_give_back`."""
    tickets = list(merged.tickets.order_by("pk").values_list("pk", flat=True))
    unsent = Attachment.objects.filter(by_customer=merged, message=None)
    moved: Moved = {"tickets": tickets, "files": [str(pk) for pk in unsent.values_list("pk", flat=True)]}
    moved["client_ids"] = _free_client_ids(merged, survivor)
    Ticket.objects.filter(pk__in=tickets).update(customer=survivor)
    for authored in (*_AUTHORED, Attachment):
        authored.objects.filter(by_customer=merged).update(by_customer=survivor)
    for owned in (ReadMark, Rating):
        owned.objects.filter(customer=merged).update(customer=survivor)
    moved["addresses"] = take_addresses(merged, to=survivor)
    moved["values"] = _take_over(merged, survivor)
    for path, part in zip(settings.CUSTOMER_PARTS, _parts(), strict=True):
        moved[path] = part.move(merged, to=survivor)
    return moved


def _free_client_ids(merged: Customer, survivor: Customer) -> dict[str, str]:
    """Ids that both have used stay the survivor's; what was sent is stored and needs them no more."""
    used = Message.objects.filter(by_customer=survivor).exclude(client_id="").values("client_id")
    both = Message.objects.filter(by_customer=merged, client_id__in=used)
    freed = {str(pk): client_id for pk, client_id in both.values_list("pk", "client_id")}
    Message.objects.filter(pk__in=freed).update(client_id="")
    return freed


def _take_over(merged: Customer, survivor: Customer) -> dict[str, list[Any]]:
    """What the survivor lacks: {field: [was, is]}. The survivor's own values win, notes are put together, and who was
    blocked is."""
    values = {name: getattr(merged, name) for name in MISSING if getattr(merged, name) and not getattr(survivor, name)}
    if merged.note:
        values["note"] = f"{survivor.note}\n{merged.note}".strip()
    if merged.attributes:
        values["attributes"] = merged.attributes | survivor.attributes
    if merged.is_blocked:
        values["is_blocked"] = True
    changed = {name: [getattr(survivor, name), value] for name, value in values.items()}
    _set(survivor, values)
    return changed


def _set(customer: Customer, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(customer, name, value)
    if values:
        customer.save(update_fields=[name.removesuffix("_id") for name in values])


def _give_back(merge: CustomerMerge, survivor: Customer, merged: Customer) -> None:
    moved = merge.moved
    tickets = _still_theirs(moved["tickets"], survivor)
    Ticket.objects.filter(pk__in=tickets).update(customer=merged)
    for authored in _AUTHORED:
        authored.objects.filter(ticket__in=tickets, by_customer=survivor).update(by_customer=merged)
    files = Q(message__ticket__in=tickets) | Q(pk__in=moved["files"], message=None)
    Attachment.objects.filter(files, by_customer=survivor).update(by_customer=merged)
    for owned in (ReadMark, Rating):
        owned.objects.filter(ticket__in=tickets, customer=survivor).update(customer=merged)
    taken = set(Message.objects.filter(by_customer=merged).values_list("client_id", flat=True))
    for pk, client_id in moved["client_ids"].items():
        if client_id not in taken:
            Message.objects.filter(pk=pk, by_customer=merged, client_id="").update(client_id=client_id)
    give_addresses(moved["addresses"], of=survivor, to=merged)
    _set(survivor, {name: was for name, (was, now) in moved["values"].items() if getattr(survivor, name) == now})
    for path, part in zip(settings.CUSTOMER_PARTS, _parts(), strict=True):
        if path in moved:
            part.give_back(moved[path], of=survivor, to=merged, since=merge.at)


def _still_theirs(moved: list[int], survivor: Customer) -> list[int]:
    """Of these tickets those that are the survivor's still, and not one with a ticket that stays."""
    rows = Ticket.objects.filter(pk__in=moved, customer=survivor)
    going = set(rows.values_list("pk", flat=True))
    while True:
        gone = Ticket.objects.filter(pk__in=going, merged_into__isnull=False).exclude(merged_into__in=going)
        took = Ticket.objects.filter(merged_into__in=going).exclude(pk__in=going)
        tied = {*gone.values_list("pk", flat=True), *took.values_list("merged_into", flat=True)}
        if not tied:
            return sorted(going)
        going -= tied


def _tell(tickets: list[Ticket], by: User | None, type: str, data: dict[str, Any]) -> None:  # noqa: A002
    for ticket in tickets:
        if not ticket.is_solved:
            ticket.refresh_from_db(fields=["customer"])
            record(ticket, type, by=by, data=data)


def _look_again(survivor: Customer, merged: Customer) -> None:
    """Whoever is connected as either is asked anew who they are, before any other bell rings; and both are found under
    the names of both."""
    numbers = Ticket.objects.filter(customer__in=[survivor, merged]).values_list("pk", flat=True)
    WordsDue.objects.bulk_create(WordsDue(number=number) for number in numbers)
    for customer in (survivor, merged):
        recheck_customer(customer.pk)
