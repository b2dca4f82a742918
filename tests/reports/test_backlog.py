"""What is not solved: how old it is, how much it was at the end of each day, and which conversations those were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from reports.actions import recount
from reports.periods import last_days
from reports.queries.backlog import ages, levels, unsolved_at
from reports.queries.behind import behind
from reports.queries.comments import comments
from reports.queries.promises import kept
from reports.queries.question import Question
from tests.tickets.test_views_promises import tell
from tickets.actions import merge_ticket, open_ticket, post_message, rate_ticket, resolve_ticket, trash_ticket
from tickets.actions.promises import Terms, give_promise
from tickets.models import Event, PromiseRun, Ticket

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


@pytest.fixture
def question(sue, desk_row) -> Question:
    return Question(sue, last_days(14, NOW, AMSTERDAM), "14")


@pytest.fixture
def history(carla, workshop, shop, desk_row) -> list[Ticket]:
    """Conversations of three weeks that were opened, solved and reopened; one merged, one thrown away."""
    rng, tickets = Random(11), []  # noqa: S311
    for _number in range(14):
        at = NOW - DAY * (1 + rng.random() * 20)
        ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=rng.choice([workshop, shop]), at=at)
        for _step in range(rng.randrange(4)):
            at += (NOW - at) * rng.random() / 2
            if Ticket.objects.get(pk=ticket.pk).is_solved:
                post_message(ticket, by=carla, body="Still.", at=at)
            else:
                resolve_ticket(ticket, by=None, root_cause=None, at=at)
        tickets.append(ticket)
    merge_ticket(tickets[0], by=None, into=tickets[1])
    trash_ticket(tickets[2], by=None)
    recount([ticket.pk for ticket in tickets])
    return tickets


def unsolved_by_the_log(tickets: list[Ticket], moment: datetime) -> set[int]:
    """Slow and obvious: what the last event before then said of its status."""
    found = set()
    for ticket in Ticket.objects.filter(pk__in=[one.pk for one in tickets], trashed_at=None, merged_into=None):
        status = None
        for event in Event.objects.filter(ticket=ticket, at__lt=moment).order_by("seq"):
            if event.type == "ticket.opened":
                status = "open"
            elif event.type in ("ticket.resolved", "ticket.solved"):
                status = "solved"
            elif event.type == "ticket.reopened":
                status = "open"
        if status == "open":
            found.add(ticket.pk)
    return found


def test_each_day_has_as_many_as_the_log_says(history, question):
    for level in levels(question, NOW):
        end = min(level.period.end, NOW)
        expected = unsolved_by_the_log(history, end)
        assert level.n == len(expected), level.period
        assert set(unsolved_at(question, end).values_list("pk", flat=True)) == expected


def test_a_period_long_ago_is_reckoned_back_too(history, sue):
    past = Question(sue, last_days(7, NOW - 9 * DAY, AMSTERDAM))
    for level in levels(past, NOW):
        assert level.n == len(unsolved_by_the_log(history, level.period.end))


def test_days_to_come_have_no_number(history, question):
    ahead = Question(question.viewer, last_days(7, NOW + 3 * DAY, AMSTERDAM))
    found = levels(ahead, NOW)
    assert [level.n is None for level in found] == [False] * 4 + [True] * 3
    assert found[3].n == len(unsolved_by_the_log(history, NOW))


def test_each_day_leads_to_its_conversations(history, question):
    for level in levels(question, NOW):
        found = behind("backlog", question, {"step": level.period.first.isoformat()}, NOW)
        assert found.n == len(list(found.all())) == level.n


def test_ages_are_all_that_is_unsolved_now(history, question):
    found = ages(question, NOW)
    assert sum(one.n for one in found.bands) == found.n == len(unsolved_by_the_log(history, NOW))
    for one in found.bands:
        there = behind("age", question, {"part": f"age:{one.band.key}"}, NOW)
        assert there.n == len(list(there.all())) == one.n
        assert all(one.band.since <= row.value / 86400 < (one.band.until or 1000) for row in there.all())


def test_an_empty_desk_has_no_backlog(question):
    found = ages(question, NOW)
    assert (found.n, found.median, found.oldest_at) == (0, None, None)
    assert {level.n for level in levels(question, NOW)} == {0}


def test_promises_are_counted_by_promise_and_day(question, ticket, carla, shop):
    first = give_promise(by=None, words="Ten minutes", terms=Terms("first_answer", 10))
    other = give_promise(by=None, words="A day", terms=Terms("solved", 1440))
    never = give_promise(by=None, words="Never", terms=Terms("next_answer", 60))
    tell(first, ticket, kept=3, broken=1, running=2)
    tell(other, ticket, kept=0, broken=2, running=0)
    PromiseRun.objects.update(began_at=NOW - 2 * DAY)
    PromiseRun.objects.filter(pk=PromiseRun.objects.filter(promise=first, state="kept").first().pk).update(
        began_at=NOW - 20 * DAY
    )
    lines = kept(question)
    assert [line.promise for line in lines] == [None, first, other]
    assert never not in [line.promise for line in lines]
    whole, one, two = lines
    assert [(line.now.kept, line.now.of) for line in lines] == [(2, 5), (2, 3), (0, 2)]
    assert (one.before.kept, one.before.of) == (1, 1)
    for line in lines:
        assert sum(step.share.of for step in line.steps) == line.now.of
        found = behind("kept", question, {"part": line.query} if line.query else {}, NOW)
        assert (found.found, len(list(found.all()))) == (line.now, line.now.of)
        broken = behind("kept", question, {"part": line.query, "only": "broken"}, NOW)
        assert broken.n == len(list(broken.all())) == line.now.of - line.now.kept
    day = next(step for step in whole.steps if step.share.of)
    found = behind("kept", question, {"step": day.period.first.isoformat()}, NOW)
    assert found.n == day.share.of == 5
    assert kept(Question(question.viewer, question.period, team=shop))[0].now.of == 0
    assert two.before.of == 0


def test_comments_are_those_of_the_days_and_of_whom_one_sees(question, ticket, carla, alice, charlie, lea):
    post_message(ticket, by=alice, body="There.", at=NOW - 3 * DAY)
    rate_ticket(ticket, by=carla, score=2, comment="Slow.", at=NOW - 2 * DAY)
    assert [(one.score, one.comment) for one in comments(question)] == [(2, "Slow.")]
    assert list(comments(Question(question.viewer, last_days(7, NOW - 9 * DAY, AMSTERDAM)))) == []
    assert [comments(Question(one, question.period)).count() for one in (lea, charlie)] == [1, 0]
    assert comments(Question(question.viewer, question.period, channel="chat")).count() == 0
