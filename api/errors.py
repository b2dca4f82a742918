"""The one shape of every error: {"error": {"code", "detail", "fields"}}."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

log = logging.getLogger(__name__)
Fields = dict[str, list[str]]

NOT_FOUND = "There is nothing here that you may see."
FORBIDDEN = "Your role does not allow this."
UNAVAILABLE = "We cannot reach our database. Try again in a moment."
BROKEN = "Something went wrong on our side. It has been noted."
LOOK_AT_FIELDS = "Some of what you sent cannot be used; see fields."
RETRY_SECONDS = 5

CODES = {
    400: "invalid",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_long",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "broken",
    503: "unavailable",
}
# What an action refuses because of how things stand, rather than because of what was sent.
_CONFLICTS = {"conflict", "closed", "gone"}


class Conflict(exceptions.APIException):
    """What is asked is well-formed but contradicts what is stored."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "This contradicts what is stored."


class TooLong(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_long"
    default_detail = "The request is too long."


def refuse(**fields: str) -> exceptions.ValidationError:
    """A 400 that names fields, for what only a look into the database can tell."""
    return exceptions.ValidationError({name: [words] for name, words in fields.items()})


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of a view in the one shape; what nobody expected is logged and says nothing of itself."""
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    if isinstance(error, ValidationError):
        return _from_action(error)
    if isinstance(error, Http404):
        return answer(404, detail=NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return answer(403, detail=FORBIDDEN)
    if isinstance(error, RequestDataTooBig):
        return answer(413, detail=TooLong.default_detail)
    if isinstance(error, SuspiciousOperation):
        return answer(400, detail="This request cannot be read.")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database unavailable: %s", error)
        return answer(503, detail=UNAVAILABLE, headers={"Retry-After": str(RETRY_SECONDS)})
    log.exception("unexpected error in %s", type(context.get("view")).__name__, exc_info=error)
    return answer(500, detail=BROKEN)


def answer(
    status_code: int,
    *,
    detail: str,
    code: str = "",
    fields: Fields | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {"code": code or CODES.get(status_code, "invalid"), "detail": detail, "fields": fields or {}}
    return Response({"error": _sendable(body)}, status=status_code, headers=headers)


def _from_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        fields = _flat(error.detail)
        detail = " ".join(fields.pop("", [])) or LOOK_AT_FIELDS
        return answer(400, detail=detail, fields=fields, headers=headers)
    code = error.default_code if isinstance(error, exceptions.ParseError | Conflict | TooLong) else ""
    detail = NOT_FOUND if isinstance(error, exceptions.NotFound) else str(error.detail)
    return answer(error.status_code, detail=detail, code="bad_json" if code == "parse_error" else code, headers=headers)


def _from_action(error: ValidationError) -> Response:
    """An action's refusal: 409 if it is about how things stand, else 400."""
    if hasattr(error, "error_dict"):
        fields = {name: [str(words) for words in found] for name, found in error.message_dict.items()}
        return answer(400, detail=LOOK_AT_FIELDS, fields=fields)
    code = str(getattr(error, "code", None) or "invalid")
    return answer(409 if code in _CONFLICTS else 400, detail=" ".join(error.messages), code=code)


def _flat(detail: Any, name: str = "") -> Fields:
    """Nested complaints by the path of the field, `customer.email` or `tags.0`; those about no field under ""."""
    if isinstance(detail, dict):
        pairs = [("" if key == "non_field_errors" else str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        pairs = [(str(place), item) for place, item in enumerate(detail)]
    else:
        return {name: [str(words) for words in (detail if isinstance(detail, list) else [detail])]}
    fields: Fields = {}
    for key, value in pairs:
        for path, words in _flat(value, ".".join(part for part in (name, key) if part)).items():
            fields.setdefault(path, []).extend(words)
    return fields


def _sendable(value: Any) -> Any:
    """Words that quote the caller, cut short and without what UTF-8 cannot carry."""
    if isinstance(value, dict):
        return {_sendable(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    text = str(value)[:300]
    return text.encode("utf-8", "replace").decode()
