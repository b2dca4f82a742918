"""From a number to its tickets, and to files of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from recovery.sheets import file_of
from reports.pages import PAGES
from reports.queries.answers import answer
from reports.queries.asking import asked
from reports.queries.behind import LONGEST, Behind, behind, raw_cells, raw_columns
from reports.queries.question import Question
from reports.queries.tables import table
from reports.replica import from_replica, reads_replica
from tickets.views.inbox import viewer_with_teams


@requires("reports.view")
@never_cache
@require_safe
@reads_replica
def tickets(request: HttpRequest, key: str) -> HttpResponse:
    """The very tickets that a number counts, the newest first; with `after`, further ones."""
    now = timezone.now()
    found, problems = _behind(request, key, now)
    rows, after = found.page(request.GET.get("after", ""))
    more = request.GET.copy()
    more["after"] = after
    file = request.GET.copy()
    file.pop("after", None)
    other = file.copy()  # in the other order
    if other.pop("order", None) is None:
        other["order"] = LONGEST
    context = {
        "behind": found,
        "rows": rows,
        "more": f"?{more.urlencode()}" if after else "",
        "file": f"?{file.urlencode()}" if file else "",
        "other": f"?{other.urlencode()}",
        "has_words": any(row.words for row in rows),
        "problems": problems,
        "section": "dashboard",
    }
    template = "reports/_behind_rows.html" if request.headers.get("HX-Request") else "reports/behind.html"
    return render(request, template, context)


@requires("reports.view")
@never_cache
@require_safe
@reads_replica
def raw_rows(request: HttpRequest, key: str) -> HttpResponseBase:
    """All that a number is made of, as a file: what it leads to, row by row."""
    found, _problems = _behind(request, key, timezone.now())
    rows = (raw_cells(row) for row in found.all())
    return _file(request, f"{key}-rows", found.question, file_of(raw_columns(found), rows))


@requires("reports.view")
@never_cache
@require_safe
@reads_replica
def chart_file(request: HttpRequest, page: str, chart: str) -> HttpResponseBase:
    """What a chart shows, as a file."""
    shown = PAGES[page].chart(chart) if page in PAGES else None
    if shown is None:
        raise Http404
    now = timezone.now()
    question = asked(request.GET, viewer_with_teams(request), now).question
    found = table(answer([shown], question, now)[chart])
    lines = file_of([column.key for column in found.columns], found.rows)
    return _file(request, f"{page}-{chart}", question, lines)


def _behind(request: HttpRequest, key: str, now: datetime) -> tuple[Behind, dict[str, str]]:
    wanted = asked(request.GET, viewer_with_teams(request), now)
    try:
        return behind(key, wanted.question, request.GET, now), wanted.problems
    except LookupError as error:
        raise Http404 from error


def _file(request: HttpRequest, name: str, question: Question, lines: Iterator[str]) -> HttpResponseBase:
    """Sent as it is read, piece by piece, however long it is."""
    pieces = _in_turn(lines) if isinstance(request, ASGIRequest) else _at_once(lines)
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    period = question.period
    response["Content-Disposition"] = f'attachment; filename="{name}-{period.first}-{period.last}.csv"'
    return response


def _at_once(lines: Iterator[str]) -> Iterator[str]:
    while (piece := _next(lines)) is not None:
        yield piece


async def _in_turn(lines: Iterator[str]) -> AsyncIterator[str]:
    while (piece := await sync_to_async(_next)(lines)) is not None:
        yield piece


def _next(lines: Iterator[str]) -> str | None:
    """The view has ended when this runs, so the copy is named anew."""
    with from_replica():
        return next(lines, None)
