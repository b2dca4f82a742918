"""Every measure once more, slowly and obviously, straight from the events: what the fast way is held against.

Nothing is carried along from event to event. Of each event it is asked anew what had happened before it, by walking
back through the log; opening hours are counted in steps of five minutes, by what a calendar says of each of them, so
everything must happen at full five minutes. Nothing here is imported from what counts facts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from math import floor
from typing import Any

from accounts.models import Calendar
from tickets.models import Event, Ticket

STEP = timedelta(minutes=5)
Logs = dict[int, list[Event]]
Value = tuple[int, float | None, float | None]  # how many, what a measure says of them, the 90th percentile of a time


class Reference:
    """All tickets as they are now; made anew after each change."""

    def __init__(self) -> None:
        self.tickets = {ticket.pk: ticket for ticket in Ticket.objects.select_related("site__calendar")}
        logs: Logs = {number: [] for number in self.tickets}
        for event in Event.objects.order_by("ticket", "seq"):
            logs[event.ticket_id].append(event)
        self.stories = {number: Story(ticket, logs[number], logs) for number, ticket in self.tickets.items()}

    def figures(
        self, first: datetime, end: datetime, *, by_clock: bool, of: Callable[[Ticket], bool] = lambda ticket: True
    ) -> dict[str, Value]:
        """Of each measure, for what happened from `first` until before `end`, on those tickets."""
        stories = [story for story in self.stories.values() if story.is_counted() and of(story.ticket)]

        def happened(things: Callable[[Story], Iterable[Any]]) -> list[Any]:
            return [thing for story in stories for thing in things(story) if first <= thing[0] < end]

        length = 1 if by_clock else 2
        solved = happened(Story.solvings)
        lasting = [one for one in solved if one[3]]
        ratings = happened(Story.ratings)
        return {
            "opened": count(happened(Story.openings)),
            "first_answer": times(one[length] for one in happened(Story.first_answers)),
            "answer": times(one[length] for one in happened(Story.answers)),
            "solved": count(lasting),
            "resolution": times(one[length] for one in lasting),
            "one_answer": mean([float(one[4] <= 1) for one in lasting]),
            "reopened": mean([float(not one[3]) for one in solved]),
            "handed_on": count(happened(Story.hand_overs)),
            "satisfaction": mean([one[1] for one in ratings]),
            "csat": mean([float(one[1] >= 4) for one in ratings]),
        }


class Story:
    """A ticket with its events, as far as they are looked at. A place is that of an event in them."""

    def __init__(self, ticket: Ticket, log: list[Event], logs: Logs) -> None:
        self.ticket, self.log, self.logs = ticket, log, logs
        self.since = cache(self._since)
        self.first_words = cache(self._first_words)
        self.is_answered = cache(self._is_answered)
        self.gone = cache(self._gone)

    # --- What is counted: when it happened, then what else is known of it ---

    def is_counted(self) -> bool:
        """A conversation that went into another one, or into the trash, counts nowhere."""
        trash = [event for event in self.log if event.type in ("ticket.trashed", "ticket.restored")]
        moves = [event for event in self.log if event.type in MERGES and ("into" in event.data or "from" in event.data)]
        is_in_trash = bool(trash) and trash[-1].type == "ticket.trashed"
        is_gone = bool(moves) and moves[-1].type == "ticket.merged"
        return not is_in_trash and not is_gone

    def openings(self) -> Iterator[tuple[datetime]]:
        return ((event.at,) for event in self.log if event.type == "ticket.opened")

    def first_answers(self) -> Iterator[tuple[datetime, int, int]]:
        for place, event in enumerate(self.log):
            words = self.first_words(place)
            if is_answer(event) and words is not None and not self.is_answered(place):
                yield (event.at, *self.lengths(words, event.at))

    def answers(self) -> Iterator[tuple[datetime, int, int]]:
        for place, event in enumerate(self.log):
            since = self.since(place)
            if is_answer(event) and since is not None:
                yield (event.at, *self.lengths(since, event.at))

    def solvings(self) -> Iterator[tuple[datetime, int, int, bool, int]]:
        """With their lengths, whether they lasted, and how many answers it had taken until then."""
        for place, event in enumerate(self.log):
            if not self.is_solving(place):
                continue
            has_lasted = not any(self.opens(later) for later in range(place + 1, len(self.log)))
            before = sum(is_answer(self.log[i]) and self.since(i) is not None for i in range(place))
            yield (event.at, *self.lengths(self.beginning(place), event.at), has_lasted, before)

    def hand_overs(self) -> list[tuple[datetime, str, str]]:
        """From one team to another, as far as it was not taken back."""
        moves: list[tuple[datetime, str | None, str | None]] = []
        for event in self.log:
            if event.type not in ("ticket.assigned", "ticket.handed_over"):
                continue
            was, is_ = event.data["team"]["from"], event.data["team"]["to"]
            if was != is_ and event.data.get("undo"):
                last = max((i for i, move in enumerate(moves) if move[1] == is_), default=len(moves))
                moves = moves[:last]
            elif was != is_:
                moves.append((event.at, was, is_))
        return [(at, was, is_) for at, was, is_ in moves if was is not None and is_ is not None]

    def ratings(self) -> list[tuple[datetime, int]]:
        return [(event.at, event.data["score"]) for event in self.log if event.type == "rating.given"][-1:]

    # --- What had happened before a place ---

    def _since(self, place: int) -> datetime | None:
        """Since when the customer waited for us then."""
        here, found = place, []
        while here > 0:
            here -= 1
            event = self.log[here]
            if event.type == "ticket.unmerged" and "from" in event.data:
                here = self.way_out(here)  # meanwhile it was another's
            elif is_answer(event) or self.is_solving(here):
                break
            elif not self.is_given_back(here, place):
                found += self.calls(here)
        return min(found, default=None)

    def calls(self, place: int) -> list[datetime]:
        """Since when they wait whom this event makes wait for us."""
        event = self.log[place]
        if is_word(event) or (event.type == "message.posted" and event.data.get("calls")):
            return [event.at]
        if event.type == "ticket.opened":
            return split_at(event)
        if event.type == "ticket.handed_over":
            return [event.at] if event.data["user"]["to"] is None and self.ticket.channel == "chat" else []
        since = self.brought(place)
        return [since] if since else []

    def _first_words(self, place: int) -> datetime | None:
        """The customer's, by then, of those that nobody had answered when they were said."""
        found = []
        for i, event in enumerate(self.log[:place]):
            gone = self.gone(i)
            if event.type == "ticket.opened":
                found += split_at(event)
            elif is_word(event) and not self.is_answered(i):
                found.append(event.at)
            elif gone and self.brought(i) and not self.is_given_back(i, place) and not gone.is_answered(gone.end):
                words = gone.first_words(gone.end)
                found += [words] if words else []
        return min(found, default=None)

    def _is_answered(self, place: int) -> bool:
        """Whether the customer's first words had been answered by then, here or where they were said."""
        for i, event in enumerate(self.log[:place]):
            words, gone = self.first_words(i), self.gone(i)
            if is_answer(event) and words is not None:
                return True
            if gone and self.brought(i) and words is None and gone.is_answered(gone.end):
                return True
        return False

    def beginning(self, place: int) -> datetime:
        """Of the conversation, with all that went into it unsolved."""
        found = split_at(self.log[0]) or [self.log[0].at]
        for i in range(place):
            gone = self.gone(i)
            if gone and not gone.is_solved(gone.end) and not self.is_given_back(i, place):
                found.append(gone.beginning(gone.end))
        return min(found)

    def is_solved(self, place: int) -> bool:
        while place > 0:
            place -= 1
            event = self.log[place]
            if event.type == "ticket.unmerged" and "from" in event.data:
                place = self.way_out(place)
            elif self.opens(place):
                return False
            elif self.is_solving(place):
                return True
        return False

    # --- Single events ---

    @property
    def end(self) -> int:
        return len(self.log)

    def is_solving(self, place: int) -> bool:
        """Not one that was taken back a moment later: the last one before an undo."""
        if self.log[place].type != "ticket.resolved":
            return False
        open_solvings = 1
        for event in self.log[place + 1 :]:
            if event.type == "ticket.resolved":
                open_solvings += 1
            elif event.type == "ticket.reopened" and event.data.get("undo"):
                open_solvings -= 1
                if not open_solvings:
                    return False
        return True

    def opens(self, place: int) -> bool:
        """Whether it takes up again what was solved, if it was."""
        event = self.log[place]
        if event.type == "ticket.reopened":
            return not event.data.get("undo")
        return self.brought(place) is not None

    def _gone(self, place: int) -> Story | None:
        """The ticket that went into this one by that event, as it was then."""
        event = self.log[place]
        if event.type != "ticket.merged" or "taken" not in event.data:
            return None
        log = self.logs[event.data["taken"]]
        ends = [i for i, one in enumerate(log) if one.type == "ticket.merged" and "into" in one.data]
        end = max(i for i in ends if log[i].pk < event.pk)
        return Story(Ticket(pk=log[0].ticket_id, channel=log[0].data["channel"]), log[:end], self.logs)

    def brought(self, place: int) -> datetime | None:
        """Since when the customer waited on the ticket that went into this one there."""
        gone = self.gone(place)
        return gone.since(gone.end) if gone else None

    def is_given_back(self, place: int, until: int) -> bool:
        """Whether what went into this one there had left it again by then."""
        if self.gone(place) is None:
            return False
        other = self.log[place].data["taken"]
        return any(event.data.get("given_back") == other for event in self.log[place:until])

    def way_out(self, place: int) -> int:
        """Where it was merged, of the place where that was undone."""
        return max(i for i in range(place) if self.log[i].type == "ticket.merged" and "into" in self.log[i].data)

    def lengths(self, start: datetime, end: datetime) -> tuple[int, int]:
        """In seconds: by the clock, and in opening hours."""
        site = self.ticket.site
        by_clock = max(int((end - start).total_seconds()), 0)
        return by_clock, open_seconds(start, end, site.calendar) if site and site.calendar else by_clock


MERGES = ("ticket.merged", "ticket.unmerged")


def is_said(event: Event) -> bool:
    return event.type == "message.posted" and event.is_public and not event.data.get("imported")


def is_word(event: Event) -> bool:
    return is_said(event) and event.by_customer_id is not None


def is_answer(event: Event) -> bool:
    return is_said(event) and event.by_user_id is not None


def split_at(opened: Event) -> list[datetime]:
    """When the words were said for which a ticket was split off, if they wait."""
    since = opened.data.get("waits_since")
    return [datetime.fromisoformat(since)] if since else []


def open_seconds(start: datetime, end: datetime, calendar: Calendar) -> int:
    steps = range(floor((end - start) / STEP))
    hours = calendar.time_zone, json.dumps(calendar.hours), tuple(calendar.holidays)
    return 300 * sum(_is_open(*hours, start + step * STEP) for step in steps)


@cache
def _is_open(time_zone: str, hours: str, holidays: tuple[str, ...], at: datetime) -> bool:
    return Calendar(time_zone=time_zone, hours=json.loads(hours), holidays=list(holidays)).is_open(at)


def count(things: list[Any]) -> Value:
    return len(things), float(len(things)), None


def mean(numbers: list[float]) -> Value:
    return len(numbers), sum(numbers) / len(numbers) if numbers else None, None


def times(lengths: Iterable[int]) -> Value:
    found = sorted(lengths)
    return len(found), percentile(found, 0.5), percentile(found, 0.9)


def percentile(numbers: list[int], share: float) -> float | None:
    """Between the two that are nearest, as far as it is from each."""
    if not numbers:
        return None
    place = share * (len(numbers) - 1)
    lower, upper = numbers[floor(place)], numbers[min(floor(place) + 1, len(numbers) - 1)]
    return lower + (upper - lower) * (place - floor(place))
