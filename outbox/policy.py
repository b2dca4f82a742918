"""The rules of sending, as a table and pure functions: what each kind of mail deserves, and when to try again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple


class Why(StrEnum):
    """Why an address gets no mail."""

    BOUNCE = "bounce"  # the server of the address says it does not exist
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"  # wants none of the mails that nobody asked for
    MANUAL = "manual"


BLOCKED = "blocked"  # why a machine writes nothing to an address, and persons may


@dataclass(frozen=True)
class Kind:
    """How a kind of mail is treated."""

    is_at_most_once: bool = False  # rather lost than doubled
    is_optional: bool = False  # an unsubscribed person does not get it
    is_urgent: bool = False  # asked for this minute: goes even to a suppressed address
    is_by_person: bool = False  # somebody's own words to somebody
    is_to_us: bool = False  # for one of our own people
    has_null_sender: bool = False  # nobody is told when it cannot be delivered (RFC 3834)
    patience: timedelta = timedelta(days=4)  # after this a failed try is the last


@dataclass(frozen=True)
class NotYet:
    """A guard's answer: it may leave, but not before this time."""

    until: datetime
    reason: str


class Fault(NamedTuple):
    """Something that is wrong at this moment. `words` are in English, marked for translators, with `values` put in."""

    key: str
    words: str
    values: Mapping[str, str | int] = MappingProxyType({})
    url: str = ""  # where it is looked into, within our pages


KINDS = {
    "account": Kind(is_urgent=True, patience=timedelta(hours=12)),
    "reply": Kind(is_by_person=True),
    "reply_copy": Kind(is_by_person=True),  # an answer, to somebody who is copied
    "forward": Kind(is_by_person=True),
    "acknowledgement": Kind(is_at_most_once=True, has_null_sender=True),
    "accepted": Kind(is_at_most_once=True),  # what a customer chose; it must not be lost unseen
    "notification": Kind(is_at_most_once=True, is_to_us=True),
    "alarm": Kind(is_at_most_once=True, is_to_us=True),
    "report": Kind(is_at_most_once=True, is_to_us=True, patience=timedelta(hours=20)),  # tomorrow there is another
    "copy": Kind(is_at_most_once=True),
    "code": Kind(is_at_most_once=True, patience=timedelta(hours=1)),
    "follow_up": Kind(is_at_most_once=True, is_optional=True),
    "service_notice": Kind(is_at_most_once=True),  # puts right what went wrong, and promotes nothing
    "offer": Kind(is_at_most_once=True, is_optional=True),
    "survey": Kind(is_at_most_once=True, is_optional=True),
    "cause_fixed": Kind(is_at_most_once=True, is_optional=True),
}
OTHER = Kind()
URGENT = [name for name, kind in KINDS.items() if kind.is_urgent]
BY_PERSONS = [name for name, kind in KINDS.items() if kind.is_by_person]
TO_US = [name for name, kind in KINDS.items() if kind.is_to_us]

# Mail providers whose API we speak (by django-anymail), each with the settings that it needs.
PROVIDERS = {
    "brevo": ("api_key",),
    "mailersend": ("api_token",),
    "mailgun": ("api_key",),
    "mailjet": ("api_key", "secret_key"),
    "mailtrap": ("api_token",),
    "mandrill": ("api_key",),
    "postal": ("api_key", "api_url"),
    "postmark": ("server_token",),
    "resend": ("api_key",),
    "scaleway": ("secret_key", "project_id"),
    "sparkpost": ("api_key",),
    "unisender_go": ("api_key", "api_url"),
}

# Minutes until the next try after the first, second, … failed one.
BACKOFF = (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)
# While no server answers at all, the mail is not to blame and should leave soon after it is back.
BACKOFF_NO_SERVER = BACKOFF[:2]
# How often a mail may be sent again although the server may have taken it already.
MAX_DOUBTS = 2


def provider_settings(name: str, written: str) -> dict[str, Any]:
    """A provider's settings from their JSON. ValueError says what is wrong with them."""
    if name not in PROVIDERS:
        raise ValueError(f"EMAIL_PROVIDER: {name!r} is none of {', '.join(PROVIDERS)}.")
    try:
        given = json.loads(written or "{}")
    except ValueError as error:
        raise ValueError(f"EMAIL_PROVIDER_SETTINGS is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise ValueError('EMAIL_PROVIDER_SETTINGS must be a JSON object, such as {"api_key": "…"}.')
    if missing := [key for key in PROVIDERS[name] if not given.get(key)]:
        raise ValueError(f"EMAIL_PROVIDER_SETTINGS for {name} lacks {', '.join(missing)}.")
    return given


def kind_named(name: str) -> Kind:
    return KINDS.get(name, OTHER)


def may_get(why: str, kind: str) -> bool:
    """Whether an address suppressed for this reason may still get this kind of mail."""
    rules = kind_named(kind)
    if why == Why.UNSUBSCRIBED:
        return not rules.is_optional
    return rules.is_urgent and why == Why.BOUNCE


def is_free(kind: str) -> bool:
    """Whether it leaves although what is automatic has to wait, and even to who is blocked: it is not for strangers."""
    rules = kind_named(kind)
    return rules.is_urgent or rules.is_by_person or rules.is_to_us


def patterns_of(email: str) -> list[str]:
    """What may be blocked so that this address is: itself, or the domain that it is in, at any height."""
    address = email.lower()
    names = address.rpartition("@")[2].split(".")
    return [address, *(f"@{'.'.join(names[at:])}" for at in range(len(names)))]


def delay_after(attempts: int, *, spread: float, server_answered: bool = True) -> timedelta:
    """Time until the next try. `spread`, -1 to 1, moves it by up to a fifth, so that retries do not march in step."""
    steps = BACKOFF if server_answered else BACKOFF_NO_SERVER
    minutes = steps[min(max(attempts, 1), len(steps)) - 1]
    return timedelta(minutes=minutes * (1 + spread / 5))


def is_hard_bounce(code: int, reply: str) -> bool:
    """Whether a refusal of a recipient means that the address is dead, and not that our mail or server is disliked.

    RFC 3463: 5.1.x is about the address, 5.2.1 a disabled mailbox; 5.2.2 is a full one, 5.7.x policy.
    Servers without enhanced codes say 550, 551 or 553.
    """
    detail = reply.split(maxsplit=1)[0] if reply else ""
    if detail.startswith("5.") and detail.count(".") == 2:
        return detail.startswith("5.1.") or detail == "5.2.1"
    return code in (550, 551, 553)
