"""JSON as we take it: small, shallow, an object."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from api.errors import TooLong

MAX_DEPTH = 10


class BoundedJSON(JSONParser):
    """Reads no more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes, and nothing nested deeper than ten."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLong(f"The body is too long: {limit:,} bytes at most.")
        try:
            data = super().parse(BytesIO(raw), media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        _check_depth(data)
        return data


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _containers(item)]
        if not level:
            return
    raise ParseError(f"The JSON is nested too deeply: {MAX_DEPTH} levels at most.")


def _containers(item: Any) -> list[Any]:
    inside = item.values() if isinstance(item, dict) else item
    return [child for child in inside if isinstance(child, dict | list)]
