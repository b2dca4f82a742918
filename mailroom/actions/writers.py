"""Who wrote a mail, as a customer. A sender's line is a claim: what we make of it depends on what proves it.

Where the domain vouches for the mail, the address is proved. Where nothing does, it is taken for whom it names, with a
badge, if we know them: whoever else wrote it gets nothing by that, for all answers go to the address. Where the domain
says that it is not theirs, it is never taken for somebody whom we know.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef

from customers.actions import (
    claim_address,
    clean_email,
    create_guest,
    find_by_email,
    get_or_create_customer,
    prove_address,
)
from customers.models import Address, Customer
from mailroom.models import RawMail
from tickets.models import Authenticity, Channel, Ticket


def writer(email: str, *, name: str = "", verdict: str = Authenticity.NONE, is_vouched: bool = False) -> Customer:
    """The customer who wrote from this address, made if there is none. `is_vouched`: one of us says who they are.

    The caller holds the address, so that two mails at once do not make two customers of it.
    """
    try:
        email = clean_email(email)
    except ValidationError:
        return create_guest(name=name)  # whoever it is cannot be answered; what they wrote is kept all the same
    known = find_by_email(email) if verdict != Authenticity.FAIL else None
    if known is not None:
        return _proved(known, email) if verdict == Authenticity.PASS else known
    claimed = _who_claimed(email)
    if verdict == Authenticity.PASS:
        if claimed is not None:
            prove_address(claimed, email=email)
            return _named(claimed, name)
        return get_or_create_customer(by=None, email=email, name=name, proof=Address.Proof.PROVED)[0]
    if is_vouched:
        return get_or_create_customer(by=None, email=email, name=name, proof=Address.Proof.STATED)[0]
    if claimed is None:
        claimed = create_guest(name=name)
        claim_address(claimed, email=email)
    return claimed


def _proved(customer: Customer, email: str) -> Customer:
    if customer.addresses.filter(email__iexact=email, proof=Address.Proof.STATED).exists():
        prove_address(customer, email=email)
    return customer


def _who_claimed(email: str) -> Customer | None:
    """Whoever wrote from it before, unproved: the same stranger, as far as anybody can tell.

    But nobody who came through a browser, too, and merely typed it there: it shows them all that is theirs.
    """
    elsewhere = Ticket.objects.filter(customer=OuterRef("entry__by_customer")).exclude(channel=Channel.EMAIL)
    theirs = RawMail.objects.filter(
        ~Exists(elsewhere),
        from_email=email,
        entry__by_customer__addresses__email=email,
        entry__by_customer__merged_into=None,
    )
    found = theirs.order_by("-received_at").values_list("entry__by_customer", flat=True).first()
    return Customer.objects.get(pk=found) if found else None


def _named(customer: Customer, name: str) -> Customer:
    if name.strip() and not customer.name:
        customer.name = name.strip()[:160]
        customer.save(update_fields=["name"])
    return customer
