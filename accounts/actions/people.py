"""What people may do here, and whether they still may."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from typing import Protocol

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.actions._rules import lock_people, require
from accounts.bells import recheck_person
from accounts.models import Team, User
from accounts.pictures import PictureError, file_of, make_face
from accounts.roles import Role

log = logging.getLogger(__name__)


@transaction.atomic
def set_role(user: User, *, by: User | None, role: str) -> User:
    """Give them another role. Nobody changes their own, and one administrator always stays."""
    user = _lock_for_change(user, by)
    if role not in {known.value for known in Role}:
        raise ValidationError({"role": _("There is no such role.")})
    if user.role == role:
        return user
    if by is not None and by.pk == user.pk:
        raise PermissionDenied(_("Nobody changes their own role."))
    if user.role == Role.ADMIN:
        _keep_an_administrator(user)
    was, user.role = user.role, role
    user.save(update_fields=["role"])
    recheck_person(user.pk)
    log.warning("role of person %s changed from %s to %s by %s", user.pk, was, role, by.pk if by else "the system")
    return user


@transaction.atomic
def set_teams(user: User, *, by: User | None, teams: Iterable[Team]) -> User:
    user = _lock_for_change(user, by)
    user.teams.set(teams)
    recheck_person(user.pk)
    return user


class Part(Protocol):
    """What somebody had that an app above `accounts` keeps; settings.PERSON_PARTS names them."""

    def count(self, user: User) -> dict[str, int]:
        """How much there is to hand on, by what it is called."""

    def hand_on(self, user: User, *, by: User | None, to: User | Team | None) -> None:
        """Give it to somebody, to a team, or to nobody."""


def count_work(user: User) -> dict[str, int]:
    """What somebody has that must go on without them, by what it is called."""
    counts: dict[str, int] = {}
    for part in _parts():
        counts |= part.count(user)
    return counts


def _parts() -> list[Part]:
    return [import_string(path) for path in settings.PERSON_PARTS]


@transaction.atomic
def deactivate_person(user: User, *, by: User | None, to: User | Team | None = None) -> User:
    """Take away every right at once: sessions and API tokens end and do not come back with an activation.

    What they were working on goes to somebody else, to a team, or to nobody (`to`), in the same transaction.
    Errors: PermissionDenied; ValidationError.
    """
    user = _lock_for_change(user, by)
    if not user.is_active:
        return user
    if by is not None and by.pk == user.pk:
        raise ValidationError(
            _("Nobody switches off their own account; ask another administrator."), code="own_account"
        )
    if isinstance(to, User) and (to.pk == user.pk or not User.objects.filter(pk=to.pk, is_active=True).exists()):
        raise ValidationError(_("Choose somebody who works here."), code="invalid")
    if user.role == Role.ADMIN:
        _keep_an_administrator(user)
    for part in _parts():
        part.hand_on(user, by=by, to=to)
    user.is_active = False
    user.session_era += 1
    user.save(update_fields=["is_active", "session_era"])
    user.api_tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
    recheck_person(user.pk)
    log.warning("person %s deactivated by %s", user.pk, by.pk if by else "the system")
    return user


@transaction.atomic
def activate_person(user: User, *, by: User | None) -> User:
    user = _lock_for_change(user, by)
    if user.is_invited:
        raise ValidationError(_("They have not accepted the invitation yet."), code="invited")
    user.is_active = True
    user.save(update_fields=["is_active"])
    log.warning("person %s activated by %s", user.pk, by.pk if by else "the system")
    return user


@transaction.atomic
def update_profile(
    user: User,
    *,
    by: User | None,
    name: str,
    time_zone: str,
    capacity: int,
    public_name: str,
    signature: str | None = None,
    language: str | None = None,
) -> User:
    """Their own name, what customers see of it, their time zone, the number of chats that they take at once, what ends
    their mails, and the language they read (None: as it is)."""
    _own_or_manage(user, by)
    user = lock_people(user)[user.pk]
    user.name, user.public_name = name.strip(), public_name.strip()
    user.time_zone, user.capacity = time_zone, capacity
    if signature is not None:
        user.signature = signature.replace("\r\n", "\n").strip()
    if language is not None:
        user.language = language
    user.full_clean(exclude=["password"])
    user.save(update_fields=["name", "public_name", "time_zone", "capacity", "signature", "language"])
    return user


def set_picture(user: User, *, by: User | None, content: bytes) -> User:
    """Give them this picture, cut to a square and made anew; customers see it too. Errors: ValidationError."""
    _own_or_manage(user, by)
    try:
        face = make_face(content)
    except PictureError as error:
        raise ValidationError({"picture": str(error)}) from None
    key = uuid.uuid4()  # another one each time: browsers keep what is behind it for ever
    name = default_storage.save(file_of(key), ContentFile(face))
    try:
        return _change_picture(user, key)
    except BaseException:
        default_storage.delete(name)
        raise


def remove_picture(user: User, *, by: User | None) -> User:
    """Their initials stand in for it again."""
    _own_or_manage(user, by)
    return _change_picture(user, None)


@transaction.atomic
def _change_picture(user: User, key: uuid.UUID | None) -> User:
    user = lock_people(user)[user.pk]
    was, user.picture_key = user.picture_key, key
    user.save(update_fields=["picture_key"])
    if was is not None:
        transaction.on_commit(lambda: default_storage.delete(file_of(was)), robust=True)
    return user


def _own_or_manage(user: User, by: User | None) -> None:
    if by is None or by.pk != user.pk:
        require(by, "accounts.manage_people")
    elif not by.is_active:
        raise PermissionDenied


def _lock_for_change(user: User, by: User | None) -> User:
    """Their row as it is now, once the actor's right, as it is now, is certain: two may be changing each other."""
    rows = lock_people(user, by)
    require(rows[by.pk] if by else None, "accounts.manage_people")
    return rows[user.pk]


def _keep_an_administrator(user: User) -> None:
    """ValidationError if nobody else would be left who can manage people."""
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if not list(others.select_for_update().order_by("pk")[:1]):
        raise ValidationError(_("This is the last administrator; make somebody else one first."), code="last_admin")
