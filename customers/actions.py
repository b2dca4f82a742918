"""The only writers of customer records."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.models import User
from customers.models import Address, Company, Customer


def clean_email(raw: str) -> str:
    """The address in the form we keep; ValidationError(code="invalid_email") if it is none."""
    email = raw.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise ValidationError("This is not an email address.", code="invalid_email") from None
    if len(email) > 254:
        raise ValidationError("This address is too long.", code="invalid_email")
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
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    address = locked.addresses.filter(email__iexact=email).first()
    if address is None:
        if locked.addresses.count() >= 5:
            raise ValidationError("That is enough addresses for one person.", code="too_many")
        address = Address.objects.create(customer=locked, email=email, proof=Address.Proof.CLAIMED)
    if name.strip() and not locked.name:
        locked.name = name.strip()[:160]
        locked.save(update_fields=["name"])
        customer.name = locked.name
    return address


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


def get_or_create_company(name: str) -> Company:
    """The company of this name, whatever its case; made if there is none."""
    name = " ".join(name.replace("\x00", "").split())[:160]
    return Company.objects.filter(name__iexact=name).order_by("pk").first() or Company.objects.create(name=name)
