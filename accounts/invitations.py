"""The secret in an invitation's link: signed, dated, and spent as soon as a password is set."""

from __future__ import annotations

from django.conf import settings
from django.core import signing

from accounts.models import User
from accounts.tokens import digest

_SALT = "accounts.invitation"


def token_for(user: User) -> str:
    """Names the person and the unusable password they have now; a new one, of any kind, spends the token."""
    return signing.dumps([user.pk, digest(user.password)[:32]], salt=_SALT)


def find(token: str) -> User | None:
    """Whom a token invites, if it is genuine, in time and not spent."""
    content = _read(token)
    user = User.objects.filter(pk=content[0]).first() if content else None
    return user if user is not None and fits(token, user) else None


def fits(token: str, user: User) -> bool:
    """Whether a token still invites this person, given their row as it is now."""
    return user.is_invited and _read(token) == (user.pk, digest(user.password)[:32])


def _read(token: str) -> tuple[int, str] | None:
    try:
        pk, secret = signing.loads(token, salt=_SALT, max_age=settings.INVITATION_SECONDS)
    except signing.BadSignature:
        return None
    return pk, secret
