"""What the links in our mails are signed with: one salt for each purpose, so that no link opens another's door."""

from __future__ import annotations

import uuid

from django.core import signing

OFFER = "recovery.offer"
SURVEY = "recovery.survey"


def sign(nonce: uuid.UUID, purpose: str) -> str:
    """A link's token. Whether it is still good is said by the row that holds the nonce."""
    return signing.Signer(salt=purpose).sign(nonce.hex)


def read(token: str, purpose: str) -> uuid.UUID | None:
    """The nonce of a token that we signed for this purpose, else None."""
    try:
        return uuid.UUID(hex=signing.Signer(salt=purpose).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
