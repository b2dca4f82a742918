"""An address is proved: a code goes there by mail, and whoever reads the mail types it in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.limits import allow
from accounts.tokens import digest
from chat import emails
from chat.actions.identifying import TRIES, is_known, turn_into
from chat.actions.visiting import lock_visitor
from chat.models import AddressCode, Visitor
from customers.actions import clean_email, find_by_email, prove_address
from customers.models import Customer

CODE_DIGITS = 6
CODE_LIFE = timedelta(hours=24)
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Proved:
    """An address that is the visitor's beyond doubt, and their token: a new one if it showed who they are."""

    email: str
    token: str


@transaction.atomic
def send_code(visitor: Visitor, *, email: str) -> str:
    """Mail a code to an address that the visitor says is theirs; answers the address, whatever became of it.

    An address gets one such mail in 24 hours, whoever asks and how often. Errors: ValidationError; PermissionDenied
    before the first words, and for a blocked guest.
    """
    email = clean_email(email)
    customer = visitor.customer
    if customer is None or customer.is_blocked:
        raise PermissionDenied
    if not allow(f"code:{digest(email)[:32]}", limit=1, seconds=int(CODE_LIFE.total_seconds())):
        return email
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    AddressCode.objects.filter(email=email).delete()
    kept = AddressCode.objects.create(customer=customer, email=email, digest=_digest(email, code))
    emails.code(email, site=visitor.site, locale=visitor.locale, code=code, dedupe_key=f"code:{kept.pk}")
    return email


def verify_address(visitor: Visitor, *, token: str, email: str, code: str) -> Proved:
    """Believe that an address is the visitor's, who holds `token`, because they know the code that was mailed to it.

    If it shows who they are, they become that customer, what they said as a guest goes with them, and their token is
    changed for a new one. Whoever reads the mail may type the code, in whichever browser; it works once. Errors:
    ValidationError with code `invalid` (wrong, too old, or guessed at five times) or `conflict` (the visitor is
    known as somebody else); PermissionDenied before the first words, and for a blocked guest.
    """
    email = clean_email(email)
    for _try in range(TRIES - 1):
        try:
            proved = _verify(visitor, token, email, code)
            break
        except (IntegrityError, Customer.DoesNotExist):  # somebody else got the address at this very moment
            continue
    else:
        proved = _verify(visitor, token, email, code)
    if proved is None:  # said only now, so that the attempt is counted
        raise ValidationError(_("That code is not right, or too old."), code="invalid")
    return proved


@transaction.atomic
def _verify(visitor: Visitor, token: str, email: str, code: str) -> Proved | None:
    here = lock_visitor(visitor)
    if here is None or here.customer is None or here.customer.is_blocked:
        raise PermissionDenied
    if not _use_code(email, code):
        return None
    was, was_known = here.customer, is_known(here.customer)
    customer = find_by_email(email) or was
    if was_known and customer.pk != was.pk:
        raise ValidationError(
            _("This address is another customer's. Ask us to bring the two together."), code="conflict"
        )
    if prove_address(customer, email=email, is_dearest=True) is None:
        raise IntegrityError("the address became another customer's meanwhile")  # who it is then, the next try finds
    if was_known:
        return Proved(email, token)
    return Proved(email, turn_into(customer, visitor=here, was=was, how="mail").token)


def _use_code(email: str, code: str) -> bool:
    """Whether this is the code; it is used up by it. A wrong one counts."""
    usable = AddressCode.objects.filter(
        email=email, created_at__gt=timezone.now() - CODE_LIFE, attempts__lt=MAX_ATTEMPTS
    )
    kept = usable.select_for_update().order_by("-created_at").first()
    is_right = constant_time_compare(kept.digest if kept else "", _digest(email, code))
    if kept is None:
        return False
    if is_right:
        kept.delete()
        return True
    kept.attempts += 1
    kept.save(update_fields=["attempts"])
    return False


def _digest(email: str, code: str) -> str:
    """Keyed, for a code is soon guessed by whoever has its plain digest. Typed in any script, with spaces or not."""
    digits = "".join(str(int(letter)) for letter in code if letter.isdecimal())
    return salted_hmac("chat.address_code", f"{email}:{digits}", algorithm="sha256").hexdigest()
