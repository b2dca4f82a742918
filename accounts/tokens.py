"""Random secrets and their digests: what is handed out once and kept only hashed."""

import hashlib
import secrets

from django.utils.crypto import salted_hmac


def new_secret(prefix: str = "") -> str:
    """256 random bits as text safe for URLs and headers."""
    return prefix + secrets.token_urlsafe(32)


def digest(raw: str) -> str:
    """SHA-256 in hex: enough for secrets with 256 random bits, which no dictionary holds."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def bearer(header: str) -> str:
    """The token in an Authorization header, or nothing."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def setup_token() -> str:
    """What a public server's first visitor must know to become its administrator; follows from the secret key."""
    return salted_hmac("accounts.first_run", "set this desk up", algorithm="sha256").hexdigest()[:32]
