"""The link by which a customer says how it went, without signing in."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing

SALT = "tickets.rate"
RATE_FOR = timedelta(days=60)


def rate_token(reference: str) -> str:
    """Signed over the ticket's public reference; what it opens ends with `RATE_FOR`."""
    return signing.TimestampSigner(salt=SALT).sign(reference)


def rate_url(reference: str) -> str:
    return f"{settings.SITE_URL}/rate/{rate_token(reference)}/"


def rated_reference(token: str) -> str | None:
    """Whose link it is; None if we did not sign it, or too long ago."""
    try:
        return signing.TimestampSigner(salt=SALT).unsign(token, max_age=RATE_FOR)
    except signing.BadSignature:
        return None
