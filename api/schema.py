"""How an operation describes itself in the OpenAPI schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema

from api.serializers import ErrorOut

ERRORS = {
    400: "Something in the request cannot be used; `fields` says what.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "Your role does not allow this.",
    404: "Unknown, or not for you to see.",
    406: "Only JSON can be answered.",
    409: "It contradicts what is stored: the id was used for other words, or the ticket is solved already.",
    413: "The body is too long.",
    415: "The body must be `application/json`.",
    429: "Too many requests; wait as many seconds as `Retry-After` says.",
    500: "Something went wrong on our side.",
    503: "The database cannot be reached; nothing was stored. Wait as `Retry-After` says.",
}
ALWAYS = [400, 401, 406, 429, 500, 503]
READING = ALWAYS
WRITING = [*ALWAYS, 403, 409, 413, 415]

View = Callable[..., Any]


def operation(
    name: str,
    summary: str,
    *,
    answers: dict[int, Any],
    takes: Any = None,
    filters: Any = None,
    errors: list[int] = READING,
    tag: str,
) -> Callable[[View], View]:
    """Describe a method of a view. `answers` maps status codes to serializers; the errors come on top."""
    responses = {code: OpenApiResponse(ErrorOut, description=ERRORS[code]) for code in sorted(set(errors))}
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=[tag],
        request=takes,
        parameters=[filters] if filters else [],
        responses={**answers, **responses},
    )
