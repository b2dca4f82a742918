"""Random secrets and their digests: what is handed out once and kept only hashed."""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """256 random bits as text safe for URLs and headers."""
    return prefix + secrets.token_urlsafe(32)


def digest(raw: str) -> str:
    """SHA-256 in hex: enough for secrets with 256 random bits, which no dictionary holds."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
