"""Who a guest is, because the site says so with its signature; and the secret that it signs with."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.bells import recheck_customer
from accounts.models import Site, User
from accounts.tokens import new_secret
from chat.actions.visiting import lock_visitor
from chat.identities import Claims, IdentityError, read_identity
from chat.models import AddressCode, Identity, PageView, Visitor, WidgetSettings
from customers.actions import create_guest, find_by_email, note_vouched
from customers.models import Customer
from tickets.actions import merge_guest, tell_of_identity

log = logging.getLogger(__name__)
TRIES = 3  # somebody else may be given the same identity or address at the same moment
# Of a browser, whoever sits at it.
_BROWSER = (
    "locale",
    "time_zone",
    "user_agent",
    "network_address",
    "page_url",
    "page_title",
    "page_at",
    "has_consented",
)


@dataclass(frozen=True)
class Identified:
    """A visitor whose customer is known, and the token that proves them from now on."""

    visitor: Visitor
    token: str

    @property
    def customer(self) -> Customer:
        assert self.visitor.customer is not None
        return self.visitor.customer


def identify_visitor(visitor: Visitor, *, token: str, proof: object) -> Identified:
    """Believe a site's signature (`proof`, from outside) about the visitor who holds `token`.

    They become the customer of that identity, what they said here as a guest goes with them, and their token is
    changed for a new one: whoever planted or copied the old one gains nothing by it. Somebody else's browser, as on
    a shared computer, becomes a new visit of the person named, and nothing goes along. The same again is harmless.
    Errors: PermissionDenied, whatever is wrong with the signature, and for a blocked guest.
    """
    try:
        said = read_identity(
            proof, secret=WidgetSettings.of(visitor.site).secret, site_key=visitor.site.key, now=timezone.now()
        )
    except IdentityError as error:
        log.info("identity refused on site %s: %s", visitor.site.key, error)  # for whoever builds the site
        raise PermissionDenied from None
    for _try in range(TRIES - 1):
        try:
            return _identify(visitor, token, said)
        except (IntegrityError, Customer.DoesNotExist):
            continue
    return _identify(visitor, token, said)


@transaction.atomic
def _identify(visitor: Visitor, token: str, said: Claims) -> Identified:
    # If the visitor is gone, another tab was faster; the signature is as good here as there.
    here = lock_visitor(visitor)
    was = here.customer if here else None
    if was is not None and was.is_blocked:
        raise PermissionDenied
    was_known = was is not None and is_known(was)
    known = Identity.objects.filter(site=visitor.site, subject=said.subject).select_related("customer").first()
    customer = known.customer if known else _find_customer(said, None if was_known else was, visitor.locale)
    if known is None:
        Identity.objects.create(site=visitor.site, subject=said.subject, customer=customer)
    is_same = was is not None and was.pk == customer.pk
    customer = note_vouched(
        customer, name=said.name, email=said.email, attributes=said.attributes, renames=is_same and not was_known
    )
    if known is None and said.email and find_by_email(said.email) != customer:
        raise IntegrityError("the address became another customer's meanwhile")  # who it is then, the next try finds
    if here is not None and is_same and was_known:
        here.customer = customer
        return Identified(here, token)
    return turn_into(customer, visitor=here or visitor, was=None if was_known else was, how="signature")


def _find_customer(said: Claims, guest: Customer | None, locale: str) -> Customer:
    """Whom the site means: by the address it vouches for, else this guest, of whom nobody knew who they are."""
    found = find_by_email(said.email) if said.email else None
    return found or guest or create_guest(locale=locale)


def is_known(customer: Customer) -> bool:
    """Whether it is known who this is: by an address that is more than typed, or by a site's signature."""
    return customer.addresses.identifying().exists() or customer.identities.exists()


def turn_into(customer: Customer, *, visitor: Visitor, was: Customer | None, how: str) -> Identified:
    """Give the browser of `visitor` a new token, as this customer's. `was` is the guest in it, who goes along.

    The caller has locked the visitor and seen the proof. The tokens that proved the guest are worth nothing any more.
    """
    left = visitor.customer_id
    new, token = Visitor.objects.enroll(visitor.site, locale=visitor.locale)
    for name in _BROWSER:
        setattr(new, name, getattr(visitor, name))
    new.customer = customer
    new.save(update_fields=["customer", *_BROWSER])
    if left is None or was is not None:  # otherwise the trail is somebody else's
        PageView.objects.filter(visitor=visitor).update(visitor=new)
    Visitor.objects.filter(pk=visitor.pk).delete()
    if left is not None:
        recheck_customer(left)
    if was is not None:
        _bring_along(was, customer, new, how)
    return Identified(new, token)


def _bring_along(guest: Customer, customer: Customer, new: Visitor, how: str) -> None:
    """What the guest said becomes the customer's, whom they may have been all along without our knowing."""
    Visitor.objects.filter(customer=guest).exclude(pk=new.pk).delete()
    if guest.pk == customer.pk:
        tell_of_identity(customer, how=how, where=new.site.name)
        return
    AddressCode.objects.filter(customer=guest).update(customer=customer)
    merge_guest(guest, into=customer, how=how, where=new.site.name)


@transaction.atomic
def rotate_secret(site: Site, *, by: User | None) -> WidgetSettings:
    """A new secret for a site's signatures; what was signed with the old one is worth nothing from now on.

    Errors: PermissionDenied.
    """
    if by is not None and not by.has_perm("accounts.manage_sites"):
        raise PermissionDenied
    widget, is_new = WidgetSettings.objects.select_for_update().get_or_create(site=site)
    if not is_new:  # a new row has a new secret
        widget.secret = new_secret()
        widget.save(update_fields=["secret"])
    return widget
