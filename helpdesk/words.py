"""How the words of the templates are found, for `bin/words`; those of Python and scripts Babel finds by itself."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def extract_template(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[Any]:
    """What is marked in one template, as Babel wants it: (line, function, messages, comments).

    Django turns a template into something like Python, with an X for each letter that is not marked; without its
    indentation, which means nothing, it can be read as Python.
    """
    code = templatize(file.read().decode())
    lines = (line.strip() for line in code.splitlines())
    return extract_python(io.BytesIO("\n".join(lines).encode()), keywords, comment_tags, options)
