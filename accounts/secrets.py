"""Secrets that must be read again, such as the password of a mailbox, encrypted at rest.

Fernet (AES-128-CBC with HMAC-SHA256) under a key that is derived from the installation's own, another one for each
purpose: what was sealed for one is nothing to another. Under a former key (`SECRET_KEY_FALLBACKS`) it still opens.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class UnreadableSecretError(Exception):
    """It was not sealed by us for this purpose, or under a key that is gone."""


def seal(text: str, *, purpose: str) -> str:
    """The text, encrypted under today's key; another result each time. Nothing stays nothing."""
    return _safe(purpose).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str, *, purpose: str) -> str:
    """What was sealed for this purpose. UnreadableSecretError if it cannot be read."""
    if not sealed:
        return ""
    try:
        return _safe(purpose).decrypt(sealed.encode()).decode()
    except (InvalidToken, UnicodeError) as error:
        raise UnreadableSecretError(f"A secret for {purpose} cannot be read: has SECRET_KEY changed?") from error


def reseal(sealed: str, *, purpose: str) -> str:
    """The same secret under today's key. UnreadableSecretError if it cannot be read."""
    return seal(unseal(sealed, purpose=purpose), purpose=purpose)


def _safe(purpose: str) -> MultiFernet:
    """Today's key first: it seals, and all of them open."""
    return MultiFernet([_key(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str, purpose: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=b"accounts.secrets", info=purpose.encode())
    return Fernet(urlsafe_b64encode(derived.derive(secret.encode())))
