"""Orders to the shop to pay out what a customer chose: signed, repeated until taken, and paid once.

The order's id goes along as its idempotency key, so that an order that is sent twice, because nobody knows whether the
first one arrived, is paid once. The row is the queue; it is claimed under a lease, and no lock is held while the shop
thinks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.outward import Answer, ForbiddenAddressError, UnreachableError, post_outward
from recovery.actions._locking import lock_offer
from recovery.actions.offering import mark_done
from recovery.models import Hook, Payout, RemedyKind
from recovery.queries.stock import payouts_due
from tickets.actions._rules import require
from tickets.events import record

LEASE = timedelta(seconds=60)  # post_outward gives up after 15 s
BACKOFF = (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)  # minutes
PATIENCE = timedelta(days=4)
SHOPS_KINDS = (RemedyKind.CREDIT, RemedyKind.REFUND, RemedyKind.UPGRADE, RemedyKind.GIFT, RemedyKind.REPLACEMENT)
MAY_BE_LATER = {408, 409, 425, 429}
_is_address = URLValidator(schemes=["https"])
State = Payout.State


@transaction.atomic
def set_hook(*, by: User | None, url: str, kinds: Iterable[str], is_on: bool) -> Hook:
    """Where orders go, and for which kinds of remedy. Errors: PermissionDenied; ValidationError code `invalid`."""
    require(by, "recovery.manage")
    try:
        _is_address(url)
    except ValidationError as error:
        raise ValidationError(
            {"url": ValidationError(_("Give a whole address, with https://."), code="invalid")}
        ) from error
    chosen = [kind for kind in dict.fromkeys(kinds) if kind in SHOPS_KINDS]
    hook = Hook.objects.select_for_update().order_by("pk").first() or Hook(secret=secrets.token_hex(32))
    hook.url, hook.kinds, hook.is_on = url, chosen, is_on
    hook.save()
    return hook


@transaction.atomic
def renew_hook_secret(hook: Hook, *, by: User | None) -> Hook:
    """A new secret; orders are signed with it from now on. Errors: PermissionDenied."""
    require(by, "recovery.manage")
    hook = Hook.objects.select_for_update().get(pk=hook.pk)
    hook.secret = secrets.token_hex(32)
    hook.save(update_fields=["secret"])
    return hook


def send_next_payout(*, now: datetime) -> Payout | None:
    """Claim the first order due, send it, and note what comes of it; None if nothing is due. The clock's work."""
    payout = _claim(now)
    if payout is None:
        return None
    if payout.hook is None or not payout.hook.is_on:
        return _fail(payout, _("The shop's address was switched off."))
    try:
        answer = post_outward(payout.hook.url, *signed(payout.hook, order_of(payout), key=str(payout.pk), now=now))
    except UnreachableError as error:
        return _try_later(payout, str(error))
    except ForbiddenAddressError as error:
        return _fail(payout, str(error))
    return _note(payout, answer)


def _note(payout: Payout, answer: Answer) -> Payout:
    said = f"HTTP {answer.status}"
    if 200 <= answer.status < 300:  # noqa: PLR2004
        return _settle(payout, said)
    if answer.status in MAY_BE_LATER or answer.status >= 500:  # noqa: PLR2004
        return _try_later(payout, said)
    return _fail(payout, said)


@transaction.atomic
def _claim(now: datetime) -> Payout | None:
    due = payouts_due(now).select_for_update(skip_locked=True, of=("self",))
    payout = due.select_related("hook", "option__offer__case__ticket__customer").first()
    if payout is not None:
        payout.state, payout.lease_until, payout.attempts = State.SENDING, now + LEASE, payout.attempts + 1
        payout.save(update_fields=["state", "lease_until", "attempts"])
    return payout


def order_of(payout: Payout) -> dict[str, Any]:
    """What the shop is told: what to give, to whom, and under which key it counts once."""
    option, ticket = payout.option, payout.option.offer.case.ticket
    customer = ticket.customer  # its attributes are what a signed identity of the shop's own said
    return {
        "id": str(payout.pk),
        "kind": option.kind,
        "amount": f"{option.value:f}",
        "currency": option.offer.currency,
        "words": option.words,
        "reference": ticket.reference,
        "customer": {"email": customer.email, "name": customer.name, "attributes": customer.attributes},
    }


def signed(hook: Hook, order: dict[str, Any], *, key: str, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an order: `Makegood-Signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`."""
    body = json.dumps(order, ensure_ascii=False, sort_keys=True).encode()
    moment = str(int(now.timestamp()))
    mac = hmac.new(hook.secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "Makegood-Signature": f"t={moment},v1={mac}",
        "User-Agent": "Makegood",
    }
    return body, headers


@transaction.atomic
def _try_later(payout: Payout, said: str) -> Payout:
    now = timezone.now()
    if now > payout.created_at + PATIENCE:
        return _fail(payout, said)
    minutes = BACKOFF[min(payout.attempts, len(BACKOFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)
    changes = {"state": State.PENDING, "next_at": now + timedelta(minutes=minutes), "lease_until": None}
    _still_ours(payout).update(**changes, answer=said[:200])
    payout.refresh_from_db()
    return payout


@transaction.atomic
def _fail(payout: Payout, said: str) -> Payout:
    """Somebody has to do it by hand, and is told so. Records `payout.failed`."""
    offer = lock_offer(payout.option.offer)
    if _still_ours(payout).update(state=State.FAILED, lease_until=None, answer=said[:200], ended_at=timezone.now()):
        owner = offer.case.owner_id
        data = {
            "offer": str(offer.pk),
            "words": payout.option.words,
            "answer": said[:200],
            "tell": [owner] if owner else [],
        }
        record(offer.case.ticket, "payout.failed", by=None, data=data)
    payout.refresh_from_db()
    return payout


@transaction.atomic
def _settle(payout: Payout, said: str) -> Payout:
    """It is done: what was promised is kept, and the ledger says so."""
    offer = lock_offer(payout.option.offer)
    if _still_ours(payout).update(state=State.DONE, lease_until=None, answer=said[:200], ended_at=timezone.now()):
        mark_done(offer, by=None, note=said)
    payout.refresh_from_db()
    return payout


def _still_ours(payout: Payout) -> Any:
    """The row, if nobody has claimed it since."""
    return Payout.objects.filter(pk=payout.pk, state=State.SENDING, attempts=payout.attempts)


def try_hook(hook: Hook, *, by: User) -> str:
    """Send an order of nothing, marked as a test; returns what came back, in words. Errors: PermissionDenied."""
    require(by, "recovery.manage")
    now = timezone.now()
    order = {
        "id": "test",
        "test": True,
        "kind": "credit",
        "amount": "0",
        "currency": "EUR",
        "words": "",
        "customer": {},
    }
    try:
        answer = post_outward(hook.url, *signed(hook, order, key=f"test-{int(now.timestamp())}", now=now))
    except UnreachableError as error:
        return _("Nobody answers there: %(error)s") % {"error": error}
    except ForbiddenAddressError:
        return _("This is no public address with https.")
    is_fine = 200 <= answer.status < 300  # noqa: PLR2004
    said = (
        _("It works: the shop answered %(status)s.") if is_fine else _("The shop answered %(status)s, which is a no.")
    )
    return said % {"status": answer.status}
