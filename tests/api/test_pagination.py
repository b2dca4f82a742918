"""Walking a list by its cursors."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.pagination import Cursor
from tickets.actions import open_ticket, set_priority
from tickets.models import Ticket

TICKETS = "/api/v1/tickets/"


@pytest.fixture
def many(carla, workshop) -> list[int]:
    """Eleven tickets, of which some were changed in the very same moment; the oldest first."""
    moment = timezone.now() - timedelta(days=1)
    made = [
        open_ticket(
            carla, by=carla, body=f"No. {place}", channel="form", team=workshop, at=moment + timedelta(hours=place // 4)
        )
        for place in range(11)
    ]
    return [ticket.pk for ticket in made]


def pages(api, url: str | None, towards: str = "next") -> list[dict[str, Any]]:
    walked = []
    while url:
        answer = api.get(url)
        assert answer.status_code == 200, answer.json()
        walked.append(answer.json())
        url = answer.json()[towards]
    return walked


def numbers(walked: list[dict[str, Any]]) -> list[int]:
    return [ticket["number"] for page in walked for ticket in page["results"]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 10, 11, 12, 500])
@pytest.mark.parametrize("query", ["", "updated_after=2020-01-01T00:00:00Z"])
def test_a_walk_there_and_back_sees_every_row_once(api, many, size, query):
    there = pages(api, f"{TICKETS}?page_size={size}&{query}")
    expected = many if query else many[::-1]
    assert numbers(there) == expected
    assert there[0]["previous"] is None
    back = pages(api, there[-1]["previous"], "previous")
    assert numbers(back[::-1]) == expected[: len(expected) - len(there[-1]["results"])]
    if len(there) > 1:
        assert back[-1]["results"] == there[0]["results"]


def test_rows_that_arrive_or_change_meanwhile_shift_nothing(api, many, carla, workshop, alice):
    seen, url = [], f"{TICKETS}?page_size=3"
    while url:
        answer = api.get(url).json()
        seen += [ticket["number"] for ticket in answer["results"]]
        open_ticket(carla, by=carla, body="Meanwhile", channel="form", team=workshop)
        set_priority(Ticket.objects.get(pk=many[0]), by=alice, priority=1 + len(seen) % 4)
        url = answer["next"]
    assert seen == many[::-1]


def test_a_copy_kept_by_updated_after_misses_no_change(api, many, alice):
    seen, url = [], f"{TICKETS}?page_size=3&updated_after=2020-01-01T00:00:00Z"
    for place in range(100):
        answer = api.get(url).json()
        seen += [ticket["number"] for ticket in answer["results"]]
        if place < 3:
            set_priority(Ticket.objects.get(pk=many[9]), by=alice, priority=place + 1 if place else 4)
        url = answer["next"]
        if not url:
            break
    assert set(seen) == set(many)
    assert seen[-1] == many[9]


def test_a_page_is_read_from_its_index(api, many):
    """However far one has read: the bound stands in the index condition, nothing is skipped by OFFSET."""
    for query, index in (("", "tickets_ticket_pkey"), ("&updated_after=2020-01-01T00:00:00Z", "ticket_updated")):
        first = api.get(f"{TICKETS}?page_size=3{query}").json()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            api.get(first["next"])
        sql = next(query["sql"] for query in asked if "LIMIT 4" in query["sql"])
        assert "OFFSET" not in sql
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
            )
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert re.search(rf"{index}[^\n]*\n\s*Index Cond", plan), plan


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "=", "%", "a" * 500, encoded("[]"), encoded("{}"), encoded("1"), encoded("null"), encoded('["-number"]'),
        encoded('["-number", 0]'), encoded('["-number", 2, 1]'), encoded('["-number", 0, "x"]'),
        encoded('["-number", 0, true]'), encoded('["-number", 0, null]'), encoded('["-number", 0, 1.5]'),
        encoded('["-number", 0, 9223372036854775808]'), encoded('["-number", 0, 1, 1]'), encoded('["number", 0, 1]'),
        encoded('["-number", 0, "2020-01-01T00:00:00+00:00"]'), encoded('["-number", [], 1]'), encoded("[" * 200),
        Cursor([datetime(2020, 1, 1, tzinfo=UTC), 1]).encode(["updated_at", "number"]),
    ],
)  # fmt: skip
def test_a_cursor_of_another_list_or_of_nobody_is_refused(api, many, cursor):
    answer = api.get(TICKETS, {"cursor": cursor})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["cursor"])


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2020-01-01T00:00:00", "x", 1, None]
)
def test_a_cursor_with_an_odd_time_is_refused(api, many, moment):
    made = encoded(
        f'["updated_at,number", 0, {"null" if moment is None else repr(moment).replace(chr(39), chr(34))}, 1]'
    )
    answer = api.get(TICKETS, {"cursor": made, "updated_after": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["cursor"])


def test_a_cursor_opens_no_ticket_to_whom_it_is_not_visible(api, as_, charlie, many):
    url = api.get(f"{TICKETS}?page_size=3").json()["next"]
    assert as_(charlie).get(url).json() == {"next": None, "previous": None, "results": []}
