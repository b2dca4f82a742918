"""Programs' keys to the API: shown once, kept as a digest."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.bells import recheck_person
from accounts.models import API_TOKEN_PREFIX, ApiToken, User
from accounts.tokens import digest, new_secret

MAX_TOKENS = 50


def create_token(user: User, *, by: User | None, name: str, days: int | None = None) -> tuple[ApiToken, str]:
    """A new token that speaks for `user`, and its text, which nobody can see again. `days`: until it expires."""
    if by is not None and by.pk != user.pk:
        raise PermissionDenied(_("A token speaks for a person; only they make one."))
    if not user.is_active:
        raise ValidationError(_("This account is switched off."), code="inactive")
    if user.api_tokens.usable().count() >= MAX_TOKENS:
        enough = _("%(count)s tokens are enough; revoke one first.")
        raise ValidationError(enough % {"count": MAX_TOKENS}, code="too_many")
    raw = new_secret(API_TOKEN_PREFIX)
    expires_at = timezone.now() + timedelta(days=days) if days else None
    token = ApiToken(user=user, name=name.strip(), digest=digest(raw), hint=raw[:8], expires_at=expires_at)
    token.full_clean()
    token.save()
    return token, raw


def revoke_token(token: ApiToken, *, by: User | None) -> ApiToken:
    """End a token at once: one's own, or anybody's with the right to manage people."""
    if by is not None and by.pk != token.user_id and not by.has_perm("accounts.manage_people"):
        raise PermissionDenied
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        recheck_person(token.user_id)
    return token
