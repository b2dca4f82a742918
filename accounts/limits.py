"""Limits that hold across processes and when Redis is down: a counter a window, in Postgres."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import RateLimit

_COUNT = """
    INSERT INTO accounts_ratelimit AS r (key, window_ends_at, count) VALUES (%s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN r.window_ends_at <= %s THEN 1 ELSE r.count + 1 END,
        window_ends_at = CASE WHEN r.window_ends_at <= %s THEN excluded.window_ends_at ELSE r.window_ends_at END
    RETURNING count
"""


def allow(key: str, *, limit: int, seconds: int) -> bool:
    """Count one use of `key`; False when it was used more than `limit` times in the running window."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key[:120], now + timedelta(seconds=seconds), now, now])
        return cursor.fetchone()[0] <= limit


_TAKE = """
    INSERT INTO accounts_ratelimit AS r (key, window_ends_at, count) VALUES (%(key)s, %(ends)s, %(amount)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN r.window_ends_at <= %(now)s THEN 0 ELSE r.count END + excluded.count,
        window_ends_at = CASE WHEN r.window_ends_at <= %(now)s THEN excluded.window_ends_at ELSE r.window_ends_at END
    WHERE r.window_ends_at <= %(now)s OR r.count + excluded.count <= %(limit)s
    RETURNING count
"""


def take(key: str, amount: int, *, limit: int, seconds: int) -> bool:
    """Use up `amount` of `key`; False, and nothing is used up, if less than that is left in the running window."""
    if amount > limit:
        return False
    now = timezone.now()
    ends = now + timedelta(seconds=seconds)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key[:120], "amount": amount, "limit": limit, "now": now, "ends": ends})
        return cursor.fetchone() is not None


def token_key(token_digest: str) -> str:
    """The counter of an API token, at whichever door it is shown. Half of its SHA-256 still has 128 bits."""
    return f"api:{token_digest[:32]}"


def forget_spent() -> int:
    """Delete the windows that are over; returns how many."""
    return RateLimit.objects.filter(window_ends_at__lt=timezone.now()).delete()[0]
