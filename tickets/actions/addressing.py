"""To whom we write of our own accord: addresses are read from what was typed, and looked at before anything leaves."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.limits import take
from accounts.models import User
from customers.actions import clean_email
from customers.models import Address
from outbox.headers import clean_address, clean_text
from outbox.models import Recipient
from tickets.queries.addresses import troubles_of

log = logging.getLogger(__name__)
MOST_PEOPLE = 200
MOST_CHARS = 60_000  # of a pasted list
NAME_CHARS = 160
HOUR = 3600
_NAMED = re.compile(r"(?P<name>[^<>]{0,400})<(?P<email>[^<>]{1,300})>\Z")


class Person(NamedTuple):
    name: str
    email: str

    @property
    def written(self) -> str:
        """As a form sends it: `Carla <carla@example.org>`."""
        return f"{self.name} <{self.email}>" if self.name else self.email


def read_people(text: str) -> tuple[list[Person], list[str]]:
    """Addresses as people type or paste them, with or without names, in lines or with commas between them; each once.

    Returns them, and the parts that are none. Takes time in proportion to the text, whatever is in it.
    """
    people: dict[str, Person] = {}
    wrong = []
    for part in _parts(text[:MOST_CHARS]):
        person = _read(part)
        if person is None:
            wrong.append(clean_text(part, limit=60))
        else:
            people.setdefault(person.email, person)
    return list(people.values()), wrong


def clean_person(name: str, email: str) -> Person:
    """One person, clean enough for a header. Errors: ValidationError with code `invalid_email`."""
    try:
        clean_address(email)
    except ValidationError:
        raise ValidationError(_("This is not an email address."), code="invalid_email") from None
    return Person(clean_text(name, limit=NAME_CHARS), clean_email(email))


def check_people(people: list[Person], *, most: int = MOST_PEOPLE) -> None:
    """Errors: ValidationError with code `empty`, `too_many`, or `undeliverable`, which names them."""
    if not people:
        raise ValidationError(_("Say to whom."), code="empty")
    if len(people) > most:
        raise ValidationError(_("%(count)s people at most.") % {"count": most}, code="too_many")
    if troubles := troubles_of(person.email for person in people):
        said = [f"{email}: {why}" for email, why in list(troubles.items())[:5]]
        raise ValidationError(" ".join(said), code="undeliverable")


def use_up(people: Iterable[Person], *, by: User) -> None:
    """Count those to whom nobody here has written yet: writing to strangers is a power, and it has a limit an hour.

    Errors: ValidationError with code `rate_limited`.
    """
    emails = {person.email for person in people}
    known = {email.lower() for email in _known(Address.objects.identifying(), emails)}
    known |= {email.lower() for email in _known(Recipient.objects.all(), emails)}
    count, limit = len(emails - known), settings.NEW_RECIPIENTS_PER_HOUR
    if count and not take(f"recipients:{by.pk}", count, limit=limit, seconds=HOUR):
        log.warning("person %s was refused %s new recipients", by.pk, count)
        raise ValidationError(
            _("You can write to %(count)s new people in an hour at most. Try again later.") % {"count": limit},
            code="rate_limited",
        )


def _known(rows: object, emails: set[str]) -> Iterable[str]:
    return rows.filter(email__in=emails).values_list("email", flat=True)  # type: ignore[attr-defined]


def _parts(text: str) -> list[str]:
    """What stands between commas, semicolons and line ends, but for those inside quotes or angle brackets."""
    parts: list[str] = []
    part: list[str] = []
    is_quoted = is_address = False
    for char in text:
        if char == '"':
            is_quoted = not is_quoted
        elif char in "<>" and not is_quoted:
            is_address = char == "<"
        if char in "\r\n" or (char in ",;" and not is_quoted and not is_address):
            parts.append("".join(part))
            part, is_quoted, is_address = [], False, False
        else:
            part.append(char)
    return [found for one in [*parts, "".join(part)] if (found := one.strip())]


def _read(part: str) -> Person | None:
    named = _NAMED.match(part)
    name, email = (named["name"].strip().strip('"').strip(), named["email"]) if named else ("", part)
    try:
        return clean_person(name, email.strip().removeprefix("mailto:"))
    except ValidationError:
        return None
