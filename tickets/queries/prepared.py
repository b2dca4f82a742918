"""Querysets that are compiled once and asked again with other keys. Django puts the text of a query together anew each
time; for the largest that takes ten times as long as to run it (bin/bench workspace)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import QuerySet

from accounts.models import Team, User

Row = TypeVar("Row", bound=models.Model)
KINDS = 64  # of viewers and views whose queries are kept, of each query
_SLOTS = -(2**62)  # from here on: keys that no row has, each of which stands for another


def slot(place: int) -> int:
    """A key that stands for one which is known later. Unfilled it finds nothing."""
    return _SLOTS + place


class Prepared(Generic[Row]):
    """A queryset with slots for keys. Nothing else in it may depend on who asks, or when."""

    def __init__(self, queryset: QuerySet[Row, Any]) -> None:
        self._queryset = queryset
        self._compiler: Any = queryset.query.get_compiler(queryset.db)
        try:
            self._sql, self._params = self._compiler.as_sql()
        except EmptyResultSet:  # whoever may see nothing
            self._sql, self._params = "", ()

    def rows(self, keys: Mapping[int, int]) -> list[Any]:
        """What the queryset finds with these keys in its slots."""
        if not self._sql:
            return []
        params = tuple(keys.get(param, param) if isinstance(param, int) else param for param in self._params)
        compiler, query = copy(self._compiler), copy(self._queryset.query)
        compiler.connection = connections[self._queryset.db]
        compiler.as_sql = lambda *_args, **_options: (self._sql, params)
        found = self._queryset.all()
        found.query = query
        query.get_compiler = lambda *_args, **_options: compiler  # type: ignore[method-assign]
        return list(found)


@dataclass(frozen=True)
class Kind:
    """What decides how the queries of a viewer read, beside keys: for all who are alike in it, they are the same."""

    role: str
    is_active: bool
    teams: int  # how many they are in

    @classmethod
    def of(cls, viewer: User) -> Kind:
        return cls(viewer.role, viewer.is_active, len(viewer.teams.all()))

    def stand_in(self) -> User:
        """Somebody of this kind whose keys are slots, the first ones; `keys_of` fills them."""
        somebody = User(pk=slot(0), role=self.role, is_active=self.is_active)
        teams = [Team(pk=slot(1 + place)) for place in range(self.teams)]
        somebody._prefetched_objects_cache = {"teams": teams}  # type: ignore[attr-defined]  # as if they had been read
        return somebody

    @property
    def next_slot(self) -> int:
        """The place after those of the stand-in."""
        return 1 + self.teams


def keys_of(viewer: User, *others: int) -> dict[int, int]:
    """Whom a stand-in stands for, and what the slots after theirs hold."""
    keys = [viewer.pk, *(team.pk for team in viewer.teams.all()), *others]
    return {slot(place): key for place, key in enumerate(keys)}
