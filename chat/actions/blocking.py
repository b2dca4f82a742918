"""Whose visitors are turned away, by network address; a single customer is blocked in `customers.actions`."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.bells import recheck_customer
from accounts.models import User
from accounts.net import network_of
from chat.browsers import one_line
from chat.models import Block
from chat.presence import visitors_here

REASON_CHARS = 200


@transaction.atomic
def block_address(address: str, *, by: User | None, reason: str = "") -> Block:
    """Turn away everybody at a network address; of an IPv6 address, at its whole network. Twice is harmless.

    Nothing that was said before is lost. Errors: PermissionDenied; ValidationError with code `invalid`.
    """
    _require(by)
    network = network_of(address)
    if network is None:
        raise ValidationError(_("This is not a network address."), code="invalid")
    block, is_new = Block.objects.get_or_create(
        address=network, defaults={"by_user": by, "reason": one_line(reason, limit=REASON_CHARS)}
    )
    if is_new:
        _end_sockets(network)
    return block


def unblock_address(block: Block, *, by: User | None) -> None:
    """Let the visitors of a network address in again. Errors: PermissionDenied."""
    _require(by)
    Block.objects.filter(pk=block.pk).delete()


def _require(by: User | None) -> None:
    if by is not None and not by.has_perm("customers.block_addresses"):
        raise PermissionDenied


def _end_sockets(network: str) -> None:
    """The sockets of those who are here look anew at once; of whom nothing is known, at their next heartbeat."""
    here = visitors_here(timezone.now()).exclude(customer=None).exclude(network_address=None)
    for customer_id, address in here.values_list("customer", "network_address").distinct():
        if customer_id and network_of(address or "") == network:
            recheck_customer(customer_id)
