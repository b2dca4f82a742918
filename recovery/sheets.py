"""Files for spreadsheets, in which no cell is taken for a formula. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.utils.functional import Promise as Lazy

# What a spreadsheet would take for a formula.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
LINES = 500  # that leave at once
MARK = "\ufeff"  # so that every spreadsheet reads UTF-8


class _Echo:
    def write(self, line: str) -> str:
        return line


def safe(cell: str) -> str:
    """A cell that no spreadsheet computes."""
    cell = cell.replace("\x00", "")
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def file_of(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A CSV file in pieces of some hundred lines. Numbers stay numbers; nothing is an empty cell."""
    writer, lines = csv.writer(_Echo(), quoting=csv.QUOTE_ALL), iter(rows)
    yield MARK + writer.writerow([safe(one) for one in columns])
    while piece := list(islice(lines, LINES)):
        yield "".join(writer.writerow([_cell(one) for one in row]) for row in piece)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return round(value, 6)
    return safe(str(value)) if isinstance(value, str | Lazy) else value
