"""The only writers of customer records."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.bells import recheck_customer
from accounts.models import User
from customers.models import Address, Company, Customer


def clean_email(raw: str) -> str:
    """The address in the form we keep; ValidationError(code="invalid_email") if it is none."""
    email = raw.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise ValidationError(_("This is not an email address."), code="invalid_email") from None
    if len(email) > 254:
        raise ValidationError(_("This address is too long."), code="invalid_email")
    return email


def find_by_email(email: str) -> Customer | None:
    """The customer whom this address identifies; one who merely typed it into the widget is not found."""
    address = Address.objects.identifying().filter(email__iexact=email.strip()).select_related("customer").first()
    return address.customer if address else None


@transaction.atomic
def get_or_create_customer(
    *, by: User | None, email: str, name: str = "", proof: str = Address.Proof.STATED
) -> tuple[Customer, bool]:
    """The customer whom `email` identifies, made if there is none. Returns (customer, is_new)."""
    email = clean_email(email)
    found = find_by_email(email)
    if found:
        return found, False
    try:
        with transaction.atomic():
            customer = Customer.objects.create(name=name.strip()[:160])
            Address.objects.create(customer=customer, email=email, proof=proof)
    except IntegrityError:  # someone else was faster
        found = find_by_email(email)
        if found is None:
            raise
        return found, False
    return customer, True


def create_guest(*, name: str = "", locale: str = "") -> Customer:
    """A customer of whom nothing is known yet."""
    return Customer.objects.create(name=name.strip()[:160], locale=locale[:20])


@transaction.atomic
def claim_address(customer: Customer, *, email: str, name: str = "") -> Address:
    """Note the address that a guest typed. It gets answers by mail; it opens no one's history."""
    email = clean_email(email)
    # Not so strong a lock as would make the customer's messages wait for it, which may hold what we want next.
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    address = locked.addresses.filter(email__iexact=email).first()
    if address is None:
        if locked.addresses.count() >= 5:
            raise ValidationError(_("That is enough addresses for one person."), code="too_many")
        address = Address.objects.create(customer=locked, email=email, proof=Address.Proof.CLAIMED)
    if name.strip() and not locked.name:
        locked.name = name.strip()[:160]
        locked.save(update_fields=["name"])
        customer.name = locked.name
    return address


@transaction.atomic
def prove_address(customer: Customer, *, email: str, is_dearest: bool = False) -> Address | None:
    """Note that this address is the customer's beyond doubt; None, and nothing noted, if it identifies another one.

    `is_dearest`: from now on it is the one that mails go to, even if they proved another one later. Errors:
    ValidationError; IntegrityError if another one got it at this very moment.
    """
    email = clean_email(email)
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    owner = find_by_email(email)
    if owner is not None and owner.pk != locked.pk:
        return None
    known = locked.addresses.filter(email__iexact=email).first()
    if known is not None and known.is_verified and not (is_dearest and locked.address != known):
        return known
    if known is not None:  # made anew: of equals the newest counts
        known.delete()
    return Address.objects.create(customer=locked, email=email, proof=Address.Proof.PROVED)


@transaction.atomic
def note_vouched(
    customer: Customer,
    *,
    name: str = "",
    email: str = "",
    attributes: dict[str, Any] | None = None,
    renames: bool = False,
) -> Customer:
    """Note what a site vouches for. A name that we have already stays, unless `renames`: a guest merely typed it.

    An address that identifies another customer stays theirs. Errors: as `prove_address`.
    """
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    changed = []
    if name and name != locked.name and (renames or not locked.name):
        locked.name = name
        changed.append("name")
    if attributes is not None and attributes != locked.attributes:
        locked.attributes = attributes
        changed.append("attributes")
    if changed:
        locked.save(update_fields=changed)
    if email:
        prove_address(locked, email=email)
    return locked


def lock_both(guest: Customer, *, into: Customer) -> tuple[Customer, Customer]:
    """Two customers, locked in the order that everybody locks them in, as they are now. Errors: Customer.DoesNotExist.

    Not so strongly that what they say would wait: a message takes its ticket first, and its author at the end.
    """
    wanted = Customer.objects.filter(pk__in=[guest.pk, into.pk]).order_by("pk")
    found = {customer.pk: customer for customer in wanted.select_for_update(no_key=True)}
    if guest.pk not in found or into.pk not in found:
        raise Customer.DoesNotExist
    return found[guest.pk], found[into.pk]


@transaction.atomic
def forget_guest(guest: Customer, *, into: Customer) -> None:
    """The last step of a merge: their claims of addresses, and what we know and the other lacks, move; the row goes.

    Whatever still refers to the guest, from whichever app, makes the transaction fail.
    """
    theirs = {email.lower() for email in into.addresses.values_list("email", flat=True)}
    for claim in guest.addresses.all():
        if claim.email.lower() not in theirs:
            claim.customer = into
            claim.save(update_fields=["customer"])
    guest.addresses.all().delete()
    known = ("name", "locale", "time_zone", "company")
    missing = [name for name in known if getattr(guest, name) and not getattr(into, name)]
    for name in missing:
        setattr(into, name, getattr(guest, name))
    if guest.note:
        into.note = f"{into.note}\n{guest.note}".strip()
        missing.append("note")
    if missing:
        into.save(update_fields=missing)
    with connection.cursor() as cursor:  # not the ORM, which would tidy away what refers to the guest
        cursor.execute("DELETE FROM customers_customer WHERE id = %s", [guest.pk])


@transaction.atomic
def take_addresses(merged: Customer, *, to: Customer) -> list[str]:
    """Let `to` have the addresses of another record of theirs; returns which, for `give_addresses`. Both are locked.

    What both have, `to` has as it says more who it is; the other one lies with the merged record, where none looks.
    """
    theirs = {address.email.lower(): address for address in to.addresses.all()}
    taken = []
    for address in merged.addresses.order_by("pk"):
        known = theirs.get(address.email.lower())
        if known is None or known.rank < address.rank:
            _hand_over_address(address, to, known)
            taken.append(address.email.lower())
    return taken


@transaction.atomic
def give_addresses(emails: list[str], *, of: Customer, to: Customer) -> None:
    """Undo `take_addresses`: the addresses that `of` still has, even where a new proof has made their rows anew."""
    lying = {address.email.lower(): address for address in to.addresses.all()}
    for address in of.addresses.order_by("pk"):
        if address.email.lower() in emails:
            _hand_over_address(address, to, lying.get(address.email.lower()))


def _hand_over_address(address: Address, to: Customer, theirs: Address | None) -> None:
    """Give an address to another customer, in exchange for the row that says the same, if there is one."""
    of = address.customer_id
    if theirs is not None:  # nobody has one twice, not even for a moment
        Address.objects.filter(pk=theirs.pk).update(email=f"{theirs.pk}@moving.invalid")
    Address.objects.filter(pk=address.pk).update(customer=to)
    if theirs is not None:
        Address.objects.filter(pk=theirs.pk).update(customer=of, email=theirs.email)


@transaction.atomic
def change_customer(
    customer: Customer,
    *,
    by: User,
    name: str | None = None,
    company: Company | None = None,
    note: str | None = None,
    leaves_company: bool = False,
) -> Customer:
    """Correct what we know about a customer; None leaves a field as it is.

    `leaves_company` says that they have none. Errors: PermissionDenied; ValidationError.
    """
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    if not by.has_perm("customers.change"):
        raise PermissionDenied
    changes = {"name": name, "company": company, "note": note}
    changed = [field for field, value in changes.items() if value is not None]
    if leaves_company:
        changed.append("company")
    for field in changed:
        setattr(locked, field, changes[field])
    locked.full_clean(exclude=["time_zone"])
    locked.save(update_fields=changed)
    return locked


@transaction.atomic
def block_customer(customer: Customer, *, by: User | None, is_blocked: bool) -> Customer:
    """Take no words of a customer any more, on whichever way they come, or take them again; nothing said is lost.

    Errors: PermissionDenied.
    """
    if by is not None and not by.has_perm("customers.block"):
        raise PermissionDenied
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    # A guest of whom one of us has said who they are is blocked with them.
    also = Customer.objects.filter(merged_into=locked, is_blocked=not is_blocked).select_for_update(no_key=True)
    for one in [locked, *also.order_by("pk")]:
        if one.is_blocked != is_blocked:
            one.is_blocked = is_blocked
            one.save(update_fields=["is_blocked"])
            recheck_customer(one.pk)
    return locked


def get_or_create_company(name: str) -> Company:
    """The company of this name, whatever its case; made if there is none."""
    name = " ".join(name.replace("\x00", "").split())[:160]
    return Company.objects.filter(name__iexact=name).order_by("pk").first() or Company.objects.create(name=name)
