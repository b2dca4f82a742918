"""A guest arrives, says the first words, brings a file, leaves an address."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.limits import allow, take
from accounts.models import Site
from chat.actions.noting import note_arrival
from chat.browsers import Arrival
from chat.models import Visitor, WidgetSettings
from chat.presence import mark_visitors_here
from customers.actions import claim_address, create_guest
from customers.models import Address
from tickets.actions import add_attachment, open_ticket, tell_of_address
from tickets.models import Attachment, Channel, Ticket


@dataclass(frozen=True)
class Start:
    """What a guest gets on arrival; `token` is shown to them once and kept by us as a digest only."""

    visitor: Visitor
    token: str


def allow_guest(what: str, who: str) -> bool:
    """Whether this guest or address may do `what` (a key of GUEST_LIMITS) once more in the running window."""
    limit, seconds = settings.GUEST_LIMITS[what]
    return allow(f"guest:{what}:{who}", limit=limit, seconds=seconds)


def start_visit(site: Site, *, token: str = "", locale: str = "", arrival: Arrival | None = None) -> Start:
    """Renew the visit that `token` proves, or begin a new one."""
    known = Visitor.objects.authenticate(token, site)
    visitor, raw = (known, token) if known else Visitor.objects.enroll(site, locale=locale)
    if arrival:
        note_arrival(visitor, arrival=arrival)
    else:
        mark_visitors_here([visitor])
    return Start(visitor, raw)


def allow_file(visitor: Visitor, *, size: int, network: str) -> bool:
    """Whether this visitor may bring `size` more bytes, and somebody at this network address too."""
    kib = -(-size // 1024)
    theirs = all(_take(what, amount, f"visitor:{visitor.pk}") for what, amount in (("file", 1), ("kib", kib)))
    return theirs and _take("file_of_network", 1, network) and _take("kib_of_network", kib, network)


def _take(what: str, amount: int, who: str) -> bool:
    limit, seconds = settings.GUEST_LIMITS[what]
    return take(f"guest:{what}:{who}", amount, limit=limit, seconds=seconds)


def lock_visitor(visitor: Visitor) -> Visitor | None:
    """The visitor's row, locked, as it is now; None if it is gone, its token changed for a new one."""
    # Two statements: what a row joins is looked up before the wait for it, and may be another one after.
    if not Visitor.objects.select_for_update().filter(pk=visitor.pk).values_list("pk"):
        return None
    return Visitor.objects.select_related("customer", "site__calendar", "site__team").get(pk=visitor.pk)


@transaction.atomic
def begin_conversation(visitor: Visitor, *, body: str, client_id: str, attachments: tuple[str, ...] = ()) -> Ticket:
    """A guest's first words, or files, open a ticket; saying them twice with one `client_id` opens one.

    Errors: as `tickets.actions.open_ticket`; PermissionDenied if their token was changed for a new one.
    """
    locked = _become_customer(visitor)
    assert locked.customer is not None
    return open_ticket(
        locked.customer,
        by=locked.customer,
        body=body,
        channel=Channel.CHAT,
        site=locked.site,
        client_id=client_id,
        attachments=attachments,
    )


def bring_file(visitor: Visitor, *, upload: UploadedFile) -> Attachment:
    """Keep a file that a guest may send next; who has said nothing yet becomes a customer with it.

    Errors: as `tickets.actions.add_attachment`; PermissionDenied also where the site takes no files.
    """
    if not WidgetSettings.of(visitor.site).takes_files:
        raise PermissionDenied
    with transaction.atomic():  # not longer: a large picture takes a while
        customer = _become_customer(visitor).customer
    return add_attachment(upload, by=customer)


def _become_customer(visitor: Visitor) -> Visitor:
    """The visitor, locked, as a customer. Errors: PermissionDenied if their token was changed for a new one."""
    locked = lock_visitor(visitor)
    if locked is None:
        raise PermissionDenied
    if locked.customer is None:
        locked.customer = create_guest(locale=locked.locale)
        locked.save(update_fields=["customer"])
    visitor.customer = locked.customer
    return locked


@transaction.atomic
def leave_address(visitor: Visitor, *, email: str, name: str = "") -> Address:
    """Note where answers may reach a guest by mail, and let those who work the newest conversation know.

    Errors: ValidationError; PermissionDenied before the first words; Customer.DoesNotExist if they became another one.
    """
    customer = visitor.customer
    if customer is None:
        raise PermissionDenied
    known = set(customer.addresses.values_list("pk", flat=True))
    address = claim_address(customer, email=email, name=name)
    newest = Ticket.objects.visible_to(customer).order_by("-number").first()
    if newest is not None and address.pk not in known:
        tell_of_address(newest, by=customer)
    return address
