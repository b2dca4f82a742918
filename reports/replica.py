"""Reports are read from a copy of the database where there is one (`DATABASE_REPLICA_URL`); all else is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate

from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponseBase

MAIN, COPY = "default", "replica"
View = Callable[Concatenate[HttpRequest, ...], HttpResponseBase]
logger = logging.getLogger(__name__)
_is_reading: ContextVar[bool] = ContextVar("reads_the_replica", default=False)


class Router:
    """Reads go to the copy within `from_replica` and nowhere else; what is written never does."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return COPY if _is_reading.get() else MAIN

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return MAIN

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == MAIN


def has_replica() -> bool:
    return COPY in connections.settings


@contextmanager
def from_replica(*, is_asked: bool = True) -> Iterator[None]:
    """What is read within comes from the copy, where there is one."""
    token = _is_reading.set(is_asked and has_replica())
    try:
        yield
    finally:
        _is_reading.reset(token)


def reads_replica(view: View) -> View:
    """Decorate a view that only reads. Where the copy cannot be reached, it is answered from the database itself."""

    @wraps(view)
    def reading(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with from_replica():
                return view(request, *args, **kwargs)
        except (OperationalError, InterfaceError):
            if not has_replica():
                raise
            logger.warning("reports: the replica cannot be read, the database is asked instead", exc_info=True)
            return view(request, *args, **kwargs)

    return reading
