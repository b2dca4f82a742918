"""What is in stock, and which payouts are under way."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from recovery.models import Payout, Pool, Voucher


def pools_in_stock(*, archived: bool = False) -> QuerySet[Pool]:
    """The stocks with `free`, `held`, `issued` and `redeemed` counted."""
    counts = {
        state.value: Count("vouchers", filter=Q(vouchers__state=state))
        for state in (Voucher.State.FREE, Voucher.State.HELD, Voucher.State.ISSUED, Voucher.State.REDEEMED)
    }
    return Pool.objects.filter(archived_at__isnull=not archived).annotate(**counts)


def payouts_due(now: datetime) -> QuerySet[Payout]:
    """Those that wait for their time, and those whose sender died with them."""
    waiting = Q(state=Payout.State.PENDING, next_at__lte=now) | Q(state=Payout.State.SENDING, lease_until__lte=now)
    return Payout.objects.filter(waiting).order_by("next_at")


def troubled_payouts() -> QuerySet[Payout]:
    """What the shop refused, or did not take in time: to be done by hand."""
    failed = Payout.objects.filter(state=Payout.State.FAILED)
    return failed.select_related("option__offer__case__ticket").order_by("-created_at")
