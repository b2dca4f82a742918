"""People come by invitation: a mail with a link that works once, for seven days."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import emails, invitations
from accounts.actions._rules import lock_people, require
from accounts.models import Team, User
from accounts.roles import Role


@transaction.atomic
def invite_person(
    email: str, *, by: User | None, name: str = "", role: str = Role.AGENT, teams: Iterable[Team] = ()
) -> User:
    """A person who may come in once they have chosen a password, and the mail that asks them to."""
    require(by, "accounts.manage_people")
    local_part = email.partition("@")[0]
    user = User.objects.create_user(email, None, name=name.strip() or local_part, role=role, is_active=False)
    user.teams.set(teams)
    emails.invite(user, by=by)
    return user


@transaction.atomic
def invite_again(user: User, *, by: User | None) -> User:
    """A new link by mail; the old one is spent."""
    user = _lock_invited(user, by)
    user.set_unusable_password()  # another random text: what the old link was made from
    user.save(update_fields=["password"])
    emails.invite(user, by=by)
    return user


@transaction.atomic
def withdraw_invitation(user: User, *, by: User | None) -> None:
    """Forget somebody who has not come yet."""
    _lock_invited(user, by).delete()


@transaction.atomic
def accept_invitation(token: str, *, by: None = None, name: str, password: str) -> User:
    """They come in, with the name and password they chose. ValidationError `spent` for a link that is used or old."""
    found = invitations.find(token)
    user = lock_people(found).get(found.pk) if found else None
    if user is None or not invitations.fits(token, user):
        raise ValidationError(_("This invitation is spent. Ask for a new one."), code="spent")
    user.name = name.strip()
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error
    user.set_password(password)
    user.is_active = True
    user.full_clean()
    user.save()
    return user


def _lock_invited(user: User, by: User | None) -> User:
    require(by, "accounts.manage_people")
    user = lock_people(user)[user.pk]
    if not user.is_invited:
        raise ValidationError(_("They are here already."), code="not_invited")
    return user
