"""Whom a mail was addressed to, and which tickets' reply addresses are among them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from mailroom.parsing.parsed import Parsed
from outbox.headers import read_verp
from tickets.tokens import read_reply

# Written by servers on the way: whom they really delivered it to.
_DELIVERED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-forwarded-to")
MOST = 200


# Not the standard library's parser, which follows comments in comments until it falls over.
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,128}@[^\s<>,;:\"()\[\]]{1,253}")
_IN_BRACKETS = re.compile(rf"<({_ADDRESS.pattern})>")


def bare(value: str) -> str:
    """The address in `Name <address>`, in small letters; "" if there is none."""
    found = _IN_BRACKETS.search(value[:1000])
    plain = None if found else _ADDRESS.search(value[:1000])
    return (found[1] if found else plain[0] if plain else "").lower()


def addressed_to(parsed: Parsed, envelope_to: Iterable[str] = ()) -> list[str]:
    """Everybody it was for, in small letters: first whom it was delivered to, then whom it names."""
    delivered = [value[:1000] for name in _DELIVERED for value in parsed.headers.get(name, ())]
    named = [person.email for person in (*parsed.to, *parsed.cc)]
    found = [
        *(bare(value) for value in envelope_to),
        *(one for value in delivered for one in _ADDRESS.findall(value)),
        *named,
    ]
    return [address for address in dict.fromkeys(one.lower() for one in found) if address][:MOST]


def references_of(parsed: Parsed, envelope_to: Iterable[str] = ()) -> list[str]:
    """The references of the tickets whose reply address it was sent to, signed by us; nearly always one or none."""
    found = (read_reply(address) for address in addressed_to(parsed, envelope_to))
    return list(dict.fromkeys(reference for reference in found if reference))


def named_references(parsed: Parsed) -> set[str]:
    """The same of those whom the mail itself names, in To and Cc; what servers add on the way is signed by nobody."""
    found = (read_reply(person.email) for person in (*parsed.to, *parsed.cc))
    return {reference for reference in found if reference}


def bounced_mail(parsed: Parsed, envelope_to: Iterable[str] = ()) -> UUID | None:
    """The id of the mail of ours that this came back for, by the address that we sent it from (VERP)."""
    found = (read_verp(address) for address in addressed_to(parsed, envelope_to))
    return next((mail_id for mail_id in found if mail_id), None)
