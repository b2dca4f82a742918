"""What customers hold that opens something: the link by which they say how it went, and the address that their answers
go to."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from datetime import timedelta

from django.conf import settings
from django.core import signing

REFERENCE_LENGTH = 13  # 65 random bits, so that nobody guesses one (reliability, threat 4)
MAX_LOCAL_PART = 64  # RFC 5321
MAC_LENGTH = 26  # characters of base 32: 130 bits of the signature
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


def reply_address(reference: str, base: str) -> str:
    """Where answers about a ticket go: `base` with `+`, the ticket's reference and a signature of it. Where there is no
    room for them before the @, `base` as it is: then answers are known by the Message-ID that they name."""
    local, _at, domain = base.rpartition("@")
    tagged = f"{local}+{reference}{_reply_mac(reference, settings.SECRET_KEY)}"
    return f"{tagged}@{domain}" if len(tagged) <= MAX_LOCAL_PART else base


def read_reply(address: str) -> str | None:
    """The reference of the ticket whose reply address this is; None if we did not sign it.

    Case does not matter: some programs write addresses small. The signature is compared whole, in constant time.
    """
    tag = address.rpartition("@")[0].rpartition("+")[2]
    if len(tag) != REFERENCE_LENGTH + MAC_LENGTH or not tag.isascii():
        return None
    reference, mac = tag[:REFERENCE_LENGTH].lower(), tag[REFERENCE_LENGTH:].lower()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    is_ours = any(hmac.compare_digest(_reply_mac(reference, key), mac) for key in keys)
    return reference if is_ours else None


def _reply_mac(reference: str, secret: str) -> str:
    key = hashlib.sha256(b"tickets.reply" + secret.encode()).digest()
    return b32encode(hmac.digest(key, reference.encode(), "sha256"))[:MAC_LENGTH].decode().lower()
