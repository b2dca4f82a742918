"""For whom we take mails that are handed to us: the addresses of our mailboxes, and those that our mails name."""

from __future__ import annotations

from dataclasses import dataclass

from mailroom.models import Mailbox
from outbox.headers import read_verp
from tickets.tokens import read_reply


@dataclass(frozen=True)
class Recipient:
    """An address of ours, and the mailbox that it leads to, if it is one's."""

    address: str
    mailbox: Mailbox | None


def recipient(address: str) -> Recipient | None:
    """Whom an address is; None: nobody here. What stands between + and @ is not a part of it."""
    address = address.strip().strip("<>").lower()
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        return None
    wanted = {address, f"{local.partition('+')[0]}@{domain}"}
    boxes = [box for box in Mailbox.objects.filter(is_active=True).order_by("pk") if wanted & box.addresses]
    exact = [box for box in boxes if address in box.addresses]
    mailbox = next(iter(exact or boxes), None)
    if mailbox is None and read_reply(address) is None and read_verp(address) is None:
        return None
    return Recipient(address, mailbox)
