"""What a site says of one of its customers, signed with the site's secret: a JSON Web Token (RFC 7519), HS256 only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_TOKEN_BYTES = 8 * 1024
LONGEST = timedelta(hours=24)  # a token that is good for longer is one that somebody finds
LEEWAY = timedelta(seconds=60)  # clocks differ
SUBJECT_CHARS = 200
NAME_CHARS = 160
MAX_ATTRIBUTES = 20
ATTRIBUTE_CHARS = 200
MIN_SECRET_CHARS = 32  # RFC 7518, 3.2: as long as the digest
LARGEST = 2**53  # what a browser's number can hold

Attributes = dict[str, str | int | float | bool]


class IdentityError(Exception):
    """Why a token is not believed: for the log, never for whoever sent it."""


@dataclass(frozen=True)
class Claims:
    """Who somebody is: `subject` is the site's own id for them; the rest is empty or None where nothing was said."""

    subject: str
    name: str = ""
    email: str = ""
    attributes: Attributes | None = None


def read_identity(token: object, *, secret: str, site_key: str, now: datetime) -> Claims:
    """What a signed token says. Errors: IdentityError, whatever is wrong with it."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN_BYTES:
        raise IdentityError("no text, or too long")
    if len(secret) < MIN_SECRET_CHARS:
        raise IdentityError("the site has no secret worth the name")
    try:
        said = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],  # never what the token itself asks for: "none", or our secret as a public key
            audience=site_key,
            leeway=LEEWAY,
            options={"require": ["sub", "exp", "aud"], "strict_aud": True},
        )
    # A header is parsed before its signature can be checked, so anybody decides what it holds.
    except (jwt.PyJWTError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise IdentityError(f"{type(error).__name__}: {error}") from None
    _check_times(said, now)
    return Claims(
        subject=_subject(said["sub"]),
        name=_text(said.get("name"), "name")[:NAME_CHARS].strip(),
        email=_email(said.get("email")),
        attributes=_attributes(said.get("attributes")),
    )


def _check_times(said: dict[str, Any], now: datetime) -> None:
    """The library has asked whether the token is over; whether it is good for too long is asked here."""
    for name in ("exp", "iat", "nbf"):
        if name in said and (isinstance(said[name], bool) or not isinstance(said[name], int | float)):
            raise IdentityError(f"`{name}` is no number")
    if said["exp"] > (now + LONGEST + LEEWAY).timestamp():
        raise IdentityError("it is good for more than 24 hours")


def _subject(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= SUBJECT_CHARS or not value.isprintable():
        raise IdentityError("`sub` must be 1 to 200 printable characters")
    if value != value.strip():
        raise IdentityError("`sub` begins or ends with a space")
    return value


def _text(value: object, name: str) -> str:
    """Text without what Postgres cannot store; nothing where nothing was said."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise IdentityError(f"`{name}` must be text")
    return " ".join(value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())


def _email(value: object) -> str:
    email = _text(value, "email").lower()
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        raise IdentityError("`email` is no address") from None
    if len(email) > 254:
        raise IdentityError("`email` is too long")
    return email


def _attributes(value: object) -> Attributes | None:
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > MAX_ATTRIBUTES:
        raise IdentityError(f"`attributes` must be an object of {MAX_ATTRIBUTES} names at most")
    return {_limited(name): _attribute(said) for name, said in value.items()}


def _attribute(value: object) -> str | int | float | bool:
    if isinstance(value, str):
        return _limited(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) <= LARGEST:
        return value
    raise IdentityError("an attribute must be text, a number, true or false")


def _limited(text: str) -> str:
    cleaned = _text(text, "attributes")
    if len(cleaned) > ATTRIBUTE_CHARS:
        raise IdentityError(f"an attribute has {ATTRIBUTE_CHARS} characters at most")
    return cleaned
