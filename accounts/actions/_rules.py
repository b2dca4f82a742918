"""Steps that the actions share: the right to do it, and rows as they are now."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from accounts.models import User


def require(by: User | None, permission: str) -> None:
    """PermissionDenied unless they may; the system may everything."""
    if by is not None and not by.has_perm(permission):
        raise PermissionDenied


def lock_people(*people: User | None) -> dict[int, User]:
    """These people's rows by id, locked and as they are now; in one order, so that no two wait for each other.

    Not so strongly that what they say meanwhile would wait: a message takes its ticket first, its author at the end.
    """
    ids = {person.pk for person in people if person is not None}
    return {user.pk: user for user in User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")}
