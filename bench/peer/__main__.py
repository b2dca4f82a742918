"""Does what it is asked with django-helpdesk and says how long it took: a line of JSON in, a line of JSON out.

It runs in a Python of its own (bench/requirements-beside.txt): both projects have a package called `helpdesk`, so
nothing of ours is imported here.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django

django.setup(set_prefix=False)

from django.apps import apps  # noqa: E402  (Django must be set up first)
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

WARM_UP = 2
# What DataTables asks for when the page of the list has loaded.
ROWS = "?draw=1&start=0&length=25&order[0][column]=5&order[0][dir]=desc"

client = Client(HTTP_HOST="localhost")


def migrate() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    return {"tickets": apps.get_model("helpdesk", "Ticket").objects.count(), "version": django.get_version()}


def populate(people: list[dict[str, Any]], teams: list[dict[str, Any]]) -> dict[str, Any]:
    """People and queues, under the same keys as ours."""
    for person in people:
        get_user_model().objects.create(**person, is_staff=True)
    for team in teams:
        apps.get_model("helpdesk", "Queue").objects.create(**team, allow_public_submission=True)
    return {}


def sign_in(email: str) -> dict[str, Any]:
    client.force_login(get_user_model().objects.get(email=email))
    return {}


def take(path: str, data: dict[str, str] | None, runs: int) -> dict[str, Any]:
    """Ask so many times; `data` is a form that is sent. Seconds of each, and what of it Python worked."""
    seconds, python = [], []
    for run in range(WARM_UP + runs):
        began, worked = time.perf_counter(), time.thread_time()
        _ask(path, data)
        took, work = time.perf_counter() - began, time.thread_time() - worked
        if run >= WARM_UP:
            seconds.append(took)
            python.append(work)
    return {"seconds": seconds, "python": python}


def look(path: str, data: dict[str, str] | None) -> dict[str, Any]:
    """How many queries that makes, and how many tickets its list shows."""
    queries = 0

    def note(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*rest)

    with connection.execute_wrapper(note):
        rows = _ask(path, data)
    return {"queries": queries, "rows": rows}


def _ask(path: str, data: dict[str, str] | None) -> int:
    """As a browser does: a page, and where the page is a list, its rows, which its script fetches."""
    response = client.post(path, data) if data else client.get(path)
    if response.status_code != (302 if data else 200):
        raise SystemExit(f"django-helpdesk: {path} answered {response.status_code}")
    found = re.search(rb"/datatables_ticket_list/[A-Za-z0-9+/=]*", response.content)
    if not found:
        return 0
    rows = client.get(found[0].decode() + ROWS)
    if rows.status_code != 200:
        raise SystemExit(f"django-helpdesk: the rows of {path} answered {rows.status_code}")
    return len(rows.json()["data"])


if __name__ == "__main__":
    commands: dict[str, Callable[..., Any]] = {each.__name__: each for each in (migrate, populate, sign_in, take, look)}
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(commands[asked.pop("do")](**asked)), flush=True)
