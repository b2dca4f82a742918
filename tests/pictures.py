"""Pictures for tests, made when they are needed."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(
    size: tuple[int, int] = (40, 30), kind: str = "PNG", color: Any = "red", mode: str = "RGB", **options: Any
) -> bytes:
    """A picture of one colour, as the bytes of a file."""
    content = io.BytesIO()
    Image.new(mode, size, color).save(content, kind, **options)
    return content.getvalue()
