"""The passwords and tokens of mailboxes, as they are kept: encrypted (`accounts.secrets`), for this purpose alone."""

from __future__ import annotations

from accounts import secrets

_PURPOSE = "mailroom.mailbox"


def seal(text: str) -> str:
    """As it is stored. Nothing stays nothing."""
    return secrets.seal(text, purpose=_PURPOSE)


def unseal(sealed: str) -> str:
    """As it was given. Errors: `accounts.secrets.UnreadableSecretError`."""
    return secrets.unseal(sealed, purpose=_PURPOSE)
