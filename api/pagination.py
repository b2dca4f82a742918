"""Lists by cursor: a page costs the same however far one has read, and rows that arrive meanwhile shift nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.errors import refuse

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_CURSOR_CHARS = 400
PARAMETERS = {"cursor", "page_size"}
Key = list[Any]


@dataclass(frozen=True)
class Cursor:
    """Read on after the row with this key, or back before it."""

    key: Key
    is_back: bool = False

    def encode(self, order: list[str]) -> str:
        key = [value.isoformat() if isinstance(value, datetime) else value for value in self.key]
        text = json.dumps([",".join(order), int(self.is_back), *key])
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, order: list[str]) -> Cursor:
        """The cursor in `text` for a list in this order; ValueError and the like if we cannot have made it."""
        if len(text) > MAX_CURSOR_CHARS:
            raise ValueError
        made_for, is_back, *key = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if made_for != ",".join(order) or is_back not in (0, 1) or len(key) != len(order):
            raise ValueError
        return cls([_value(name, value) for name, value in zip(order, key, strict=True)], bool(is_back))


def _value(column: str, value: Any) -> int | datetime:
    if column.endswith("_at"):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    if type(value) is int and abs(value) < 2**63:
        return value
    raise ValueError


class Keyset(BasePagination):
    """Pages of a queryset ordered by one or two columns, all in one direction, that tell every row apart.

    Works on what `order_by` says; the columns should be those of an index.
    """

    def paginate_queryset(  # type: ignore[override]
        self,
        queryset: QuerySet[Any],
        request: Request,
        view: Any = None,  # noqa: ARG002
    ) -> list[Any]:
        self.order = [str(name) for name in queryset.query.order_by]
        self.url = request.build_absolute_uri()
        size = _page_size(request)
        cursor = _cursor(request, self.order)
        if cursor:
            queryset = queryset.filter(_beyond(self.order, cursor))
            if cursor.is_back:
                queryset = queryset.reverse()
        rows = list(queryset[: size + 1])
        has_more, rows = len(rows) > size, rows[:size]
        is_back = bool(cursor and cursor.is_back)
        if is_back:
            rows.reverse()
        self.next = self._link(rows[-1:], False) if has_more or is_back else None
        self.previous = self._link(rows[:1], True) if (has_more if is_back else cursor) else None
        return rows

    def _link(self, rows: list[Model], is_back: bool) -> str | None:
        if not rows:
            return None
        key = [getattr(rows[0], name.lstrip("-")) for name in self.order]
        return replace_query_param(self.url, "cursor", Cursor(key, is_back).encode(self.order))

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link | {"description": "The address of the next page, or null at the end."},
                "previous": link | {"description": "The address of the page before, or null at the beginning."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            _parameter("cursor", "Where to read on: follow `next` and `previous`.", {"type": "string"}),
            _parameter("page_size", "How many at once.", size),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise refuse(page_size=f"A number from 1 to {MAX_PAGE_SIZE}.")
    return int(text)


def _cursor(request: Request, order: list[str]) -> Cursor | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        return Cursor.decode(text, order)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise refuse(cursor="This is not a cursor of this list. Follow next and previous.") from None


def _beyond(order: list[str], cursor: Cursor) -> Q:
    """Rows past the cursor. Of two columns the first alone bounds the index scan; the second sorts out its ties."""
    is_descending = order[0].startswith("-")
    past = "gt" if is_descending == cursor.is_back else "lt"
    columns = [name.lstrip("-") for name in order]
    if len(columns) == 1:
        return Q(**{f"{columns[0]}__{past}": cursor.key[0]})
    (first, second), (value, tie) = columns, cursor.key
    within = Q(**{f"{first}__{past}e": value})
    return within & (Q(**{f"{first}__{past}": value}) | Q(**{f"{second}__{past}": tie}))
