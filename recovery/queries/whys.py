"""Why there is a case, in words: told from the values that were kept, in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recovery.models import Trigger
from recovery.money import shown

Why = dict[str, Any]


def why_words(trigger: str, why: Why) -> str:
    """One sentence without a full stop: "Rated 1 of 5 on 12 November: “never again”"."""
    tell = _TELL.get(trigger)
    return tell(why) if tell else str(why.get("note", ""))


def earlier_words(why: Why) -> str:
    """What makes it the second failure; nothing if it is the first."""
    earlier = why.get("earlier")
    if not earlier:
        return ""
    values = {"number": earlier["ticket"], "day": _day(earlier.get("at"))}
    if earlier.get("same_cause"):
        return _("The same went wrong on ticket %(number)s, %(day)s") % values
    return _("Something went wrong on ticket %(number)s, too, %(day)s") % values


def again_words(why: Why) -> str:
    """Why it was reopened; nothing if it never was."""
    again = why.get("again")
    return _again(again) if again else ""


def _again(again: Why) -> str:
    if again.get("trigger"):
        return why_words(again["trigger"], again)
    said, note = [], again.get("note", "")
    if again.get("is_right") is False:
        said.append(_("They say that it is not right yet"))
    if note:
        said.append(_("“%(words)s”") % {"words": note} if said else note)
    return ": ".join(said) or _("It is not right after all")


def _rating(why: Why) -> str:
    values = {"score": why.get("score"), "day": _day(why.get("at")), "words": why.get("comment")}
    if why.get("comment"):
        return _("Rated %(score)s of 5 on %(day)s: “%(words)s”") % values
    return _("Rated %(score)s of 5 on %(day)s") % values


def _promise(why: Why) -> str:
    values = {"words": why.get("words") or "", "day": _day(why.get("at")), "count": why.get("count", 1)}
    if not values["words"]:
        return _("A promise was broken on %(day)s") % values
    return _("The promise “%(words)s” was broken on %(day)s") % values


def _reopened(why: Why) -> str:
    count = int(why.get("count", 1))
    said = ngettext("Reopened %(count)s time, last on %(day)s", "Reopened %(count)s times, last on %(day)s", count)
    return said % {"count": count, "day": _day(why.get("at"))}


def _transfers(why: Why) -> str:
    count = int(why.get("count", 1))
    said = ngettext("Passed on %(count)s time, last on %(day)s", "Passed on %(count)s times, last on %(day)s", count)
    return said % {"count": count, "day": _day(why.get("at"))}


def _unanswered(why: Why) -> str:
    count = int(why.get("count", 1))
    said = ngettext(
        "Wrote %(count)s message without an answer, last on %(day)s",
        "Wrote %(count)s messages without an answer, last on %(day)s",
        count,
    )
    return said % {"count": count, "day": _day(why.get("at"))}


def _hassle(why: Why) -> str:
    amount = shown(Decimal(why["amount"]), why["currency"]) if why.get("amount") else "–"
    values = {"amount": amount, "day": _day(why.get("at"))}
    return _("The hassle came to %(amount)s on %(day)s") % values


def _abandoned(why: Why) -> str:
    minutes = int(why.get("minutes", 0))
    said = ngettext(
        "Waited %(count)s minute in the queue of a chat on %(day)s and left",
        "Waited %(count)s minutes in the queue of a chat on %(day)s and left",
        minutes,
    )
    return said % {"count": minutes, "day": _day(why.get("at"))}


def _second(why: Why) -> str:
    if why.get("instead"):  # held out, until it turned out how bad it is
        return why_words(why["instead"], why.get("why", {}))
    return earlier_words(why) or _("It is not the first failure")


def _agent(why: Why) -> str:
    return str(why.get("note") or _("An agent found it necessary"))


_TELL: dict[str, Callable[[Why], str]] = {
    Trigger.RATING: _rating,
    Trigger.PROMISE: _promise,
    Trigger.REOPENED: _reopened,
    Trigger.TRANSFERS: _transfers,
    Trigger.UNANSWERED: _unanswered,
    Trigger.HASSLE: _hassle,
    Trigger.ABANDONED: _abandoned,
    Trigger.SECOND: _second,
    Trigger.AGENT: _agent,
}


def _day(at: Any) -> str:
    """The day of a moment that was kept as text, as one says it."""
    moment = parse_datetime(at) if isinstance(at, str) else at
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    is_this_year = local.year == timezone.localdate().year
    return date_format(local, _("j F") if is_this_year else _("j F Y"))
