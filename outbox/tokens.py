"""The link by which an address says that it wants none of the mails that nobody asked for."""

from django.conf import settings
from django.core import signing

SALT = "outbox.unsubscribe"


def unsubscribe_url(email: str) -> str:
    """Where this address unsubscribes. The link never expires: a mail may be read years later."""
    return f"{settings.SITE_URL}/unsubscribe/{signing.dumps(email.lower(), salt=SALT)}/"


def address_of(token: str) -> str | None:
    """Whose link it is; None if we did not sign it."""
    try:
        return str(signing.loads(token, salt=SALT))
    except signing.BadSignature:
        return None
