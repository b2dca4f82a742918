"""The company writes its promises down, changes them, and takes them back for what comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Calendar, Team, User
from tickets.actions._rules import clean_line, require
from tickets.models import Channel, Priority, Promise
from tickets.queries.promises import forget_promises

PERMISSION = "tickets.promise"
WORDS_CHARS = 160
MOST_MINUTES = 60 * 24 * 30
MOST = 20


@dataclass(frozen=True)
class Terms:
    """What is promised, of which tickets. `minutes` is None for what is no matter of time."""

    measure: str
    minutes: int | None = None
    calendar: Calendar | None = None
    is_round_the_clock: bool = False
    is_paused_while_pending: bool = False
    channel: str = ""
    team: Team | None = None
    priority: int | None = None

    @classmethod
    def of(cls, promise: Promise) -> Terms:
        return cls(**{name: getattr(promise, name) for name in cls.__dataclass_fields__})

    def cleaned(self) -> Terms:
        """Errors: ValidationError code `invalid`. What makes no sense beside the measure is left out."""
        if self.measure not in Promise.Measure.values:
            raise ValidationError(_("There is no such measure."), code="invalid")
        if self.channel not in ("", *Channel.values) or self.priority not in (None, *Priority.values):
            raise ValidationError(_("There is no such channel or priority."), code="invalid")
        if self.measure == Promise.Measure.HANDED_OVER:
            return Terms(self.measure, channel=self.channel, team=self.team, priority=self.priority)
        if self.minutes is None or not 1 <= self.minutes <= MOST_MINUTES:
            raise ValidationError(_("Say within how much time: from a minute to thirty days."), code="invalid")
        pauses = self.is_paused_while_pending and self.measure == Promise.Measure.SOLVED
        calendar = None if self.is_round_the_clock else self.calendar
        return replace(self, is_paused_while_pending=pauses, calendar=calendar)


@transaction.atomic
def give_promise(
    *, by: User | None, words: str, terms: Terms, is_public: bool = False, at: datetime | None = None
) -> Promise:
    """Promise something from now on, as the last in the list.

    Errors: PermissionDenied; ValidationError code `empty`, `invalid` or `too_many`.
    """
    require(by, PERMISSION)
    listed = _listed()
    if len(listed) >= MOST:
        raise ValidationError(_("%(count)s promises are too many to keep.") % {"count": MOST}, code="too_many")
    position = max((one.position for one in listed), default=-1) + 1
    return _put(words, terms.cleaned(), is_public=is_public, position=position, created_at=at or timezone.now())


@transaction.atomic
def change_promise(promise: Promise, *, by: User | None, words: str, terms: Terms, is_public: bool) -> Promise:
    """Say it otherwise, or promise something else in its place; returns the promise that is in the list then.

    What began under other terms is still measured by them. Errors as in `give_promise`; code `invalid` for one that
    another has replaced already.
    """
    require(by, PERMISSION)
    promise, terms = _lock(promise), terms.cleaned()
    if terms == Terms.of(promise):
        promise.words, promise.is_public = _words(words), is_public
        promise.save(update_fields=["words", "is_public"])
        forget_promises()
        return promise
    return _replace(promise, words, terms, is_public=is_public, is_on=promise.is_on)


@transaction.atomic
def switch_promise(promise: Promise, *, by: User | None, is_on: bool) -> Promise:
    """Promise it no more, or again; what runs already goes on to its end. Errors: PermissionDenied; as above."""
    require(by, PERMISSION)
    promise = _lock(promise)
    if promise.is_on == is_on:
        return promise
    if is_on:
        return _replace(promise, promise.words, Terms.of(promise), is_public=promise.is_public, is_on=True)
    _end(promise, timezone.now())
    return promise


@transaction.atomic
def move_promise(promise: Promise, *, by: User | None, step: int) -> None:
    """Let a promise change places with the one before it (-1) or after it (+1). Errors: PermissionDenied."""
    require(by, PERMISSION)
    listed = _listed()
    here = next((place for place, one in enumerate(listed) if one.pk == promise.pk), None)
    if here is None:
        return
    listed.insert(min(max(here + step, 0), len(listed) - 1), listed.pop(here))
    for place, one in enumerate(listed):
        if one.position != place:
            Promise.objects.filter(pk=one.pk).update(position=place)
    forget_promises()


def _listed() -> list[Promise]:
    """Those that no other has replaced, locked, in their order."""
    return list(Promise.objects.filter(replaced_by=None).select_for_update(of=("self",), no_key=True))


def _lock(promise: Promise) -> Promise:
    rows = Promise.objects.select_related("calendar", "team").select_for_update(of=("self",), no_key=True)
    promise = rows.get(pk=promise.pk)
    if promise.replaced_by_id is not None:
        raise ValidationError(_("Somebody has changed this promise a moment ago. Look again."), code="invalid")
    return promise


def _replace(old: Promise, words: str, terms: Terms, *, is_public: bool, is_on: bool) -> Promise:
    now = timezone.now()
    if old.is_on:
        _end(old, now)
    times = {"created_at": now} | ({} if is_on else {"is_on": False, "ended_at": now})
    new = _put(words, terms, is_public=is_public, position=old.position, **times)
    Promise.objects.filter(pk=old.pk).update(replaced_by=new)
    return new


def _put(words: str, terms: Terms, **columns: Any) -> Promise:
    promised = {name: getattr(terms, name) for name in Terms.__dataclass_fields__}
    forget_promises()
    return Promise.objects.create(words=_words(words), **promised, **columns)


def _end(promise: Promise, now: datetime) -> None:
    promise.is_on, promise.ended_at = False, now
    promise.save(update_fields=["is_on", "ended_at"])
    forget_promises()


def _words(words: str) -> str:
    words = clean_line(words, WORDS_CHARS)
    if not words:
        raise ValidationError(_("Say what you promise, as customers read it."), code="empty")
    return words
