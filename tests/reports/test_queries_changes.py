"""What changed since the days before: found where it was planted, and nothing where only chance was at work."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from customers.models import Company
from reports.measures import MEASURES, Kind
from reports.models import Counting, Fact
from reports.periods import last_days, midnight
from reports.queries.behind import behind
from reports.queries.changes import ASKED, Change, Verdict, changes, review
from reports.queries.figures import parts, total
from reports.queries.question import Question
from tickets.actions import open_ticket, tag_ticket
from tickets.models import Event, Promise, PromiseRun, RootCause

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)  # a Sunday: the week is from the Sunday before to Saturday
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAYS = 14
SEQ = iter(range(1, 10**9))


@pytest.fixture
def ask(sue, desk_row):
    Counting.objects.create(hours="", left=0, begun_at=NOW)

    def make(viewer=sue, days=7, **more) -> Question:
        return Question(viewer, last_days(days, NOW, AMSTERDAM), str(days), **more)

    return make


@pytest.fixture
def of(carla, dora, workshop):
    """A ticket that facts can be of; Dora's, if it is of a company."""

    def make(team=workshop, cause=None, tags=(), company="", channel="email"):
        customer = dora if company else carla
        if company:
            dora.company = Company.objects.get_or_create(name=company)[0]
            dora.save()
        ticket = open_ticket(customer, by=customer, body="Hello?", channel=channel, team=team)
        if tags:
            tag_ticket(ticket, by=None, tags=tags)
        ticket.root_cause = cause
        ticket.save()
        return ticket

    return make


def plant(ticket, kind: Kind, days: range, each: int, *, hour: float = 9, **fields) -> None:
    """So many facts on each of these days, counted back from today: 1 is yesterday."""
    at = [midnight(NOW.date() - timedelta(days=ago), AMSTERDAM) + timedelta(hours=hour) for ago in days]
    fields = {"channel": ticket.channel, "team": ticket.team} | fields
    Fact.objects.bulk_create(
        Fact(ticket=ticket, kind=kind, at=one + timedelta(seconds=place), seq=next(SEQ), **fields)
        for one in at
        for place in range(each)
    )


THIS, LAST = range(1, 8), range(8, 15)
BOTH = range(1, 15)


def told(found: list[Change]) -> list[tuple[str, str, str]]:
    return [(one.measure.key, one.piece.by, one.label) for one in found]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_nothing_is_said_of_nothing(ask):
    found = review(ask(), now=NOW)
    assert (found.changes, found.compared) == ([], 0)
    assert [(one.measure.key, one.verdict) for one in found.whole] == [(key, Verdict.FEW) for key in ASKED]


def test_nothing_has_changed_where_nothing_has(ask, of, shop):
    for ticket in (of(tags=["tyre"], company="Kestrel"), of(team=shop, channel="chat")):
        plant(ticket, Kind.OPENED, BOTH, 6)
        plant(ticket, Kind.FIRST_ANSWER, BOTH, 6, seconds=500, open_seconds=400)
        plant(ticket, Kind.RATED, BOTH, 4, number=5)
    found = review(ask(), now=NOW)
    assert found.changes == []
    assert found.compared > 20
    assert (found.now.first, found.now.last) == (date(2026, 11, 15), date(2026, 11, 21))
    assert found.before == found.now.before


def test_a_cause_that_comes_more_often_is_found(ask, of):
    brakes, depot = (RootCause.objects.create(name=name, slug=name.lower()) for name in ("Brakes", "Depot"))
    for cause, before in ((brakes, 1), (depot, 6)):
        plant(of(cause=cause), Kind.SOLVED, LAST, before, number=1)
        plant(of(cause=cause), Kind.SOLVED, THIS, 6, number=1)
    (found,) = [one for one in changes(ask(), now=NOW) if one.piece.by]
    assert told([found]) == [("solved", "cause", "Brakes")]
    assert found.sentence == "More often the reason: 42 solved instead of 7"
    assert found.effect == "6.0 times as many"
    assert found.verdict is Verdict.CHANGED
    assert found.odds == 10_000
    assert parse_qs(urlsplit(found.url).query) == {"span": ["2026-11-15..2026-11-21"], "part": ["cause:brakes!"]}
    assert parse_qs(urlsplit(found.before_url).query)["span"] == ["2026-11-08..2026-11-14"]


def test_a_slower_team_is_found_with_its_exact_medians(ask, of, shop):
    slow, usual = of(team=shop), of()
    for place in range(20):
        plant(usual, Kind.FIRST_ANSWER, BOTH, 1, seconds=60 * place, open_seconds=50 * place)
        plant(slow, Kind.FIRST_ANSWER, LAST, 1, seconds=60 * place, open_seconds=50 * place)
        plant(slow, Kind.FIRST_ANSWER, THIS, 1, seconds=90 * place, open_seconds=80 * place + 120)
    found = {one.piece.by: one for one in changes(ask(), now=NOW)}["team"]
    assert told([found]) == [("first_answer", "team", "Shop")]
    assert found.total == parts(MEASURES["first_answer"], found.now, "team")[shop.pk]
    assert (
        found.sentence
        == "The first answer takes longer: 14:40\N{NO-BREAK SPACE}min instead of 7:55\N{NO-BREAK SPACE}min (median)"
    )
    assert found.is_better is False


def test_numbers_are_those_of_all_other_pages(ask, of, shop):
    random_ = random.Random(3)
    for ticket in (of(), of(team=shop, channel="chat"), of(team=None)):
        for kind in (Kind.OPENED, Kind.FIRST_ANSWER, Kind.SOLVED, Kind.HANDED_ON, Kind.RATED):
            for ago in BOTH:
                plant(
                    ticket,
                    kind,
                    range(ago, ago + 1),
                    random_.randrange(4),
                    seconds=random_.randrange(9000),
                    open_seconds=random_.choice([None, random_.randrange(9000)]),
                    number=random_.randrange(1, 6),
                    is_undone=kind == Kind.SOLVED and random_.random() < 0.3,
                )
    for by_clock in (False, True):
        found = review(ask(by_clock=by_clock), now=NOW)
        for one in found.whole:
            assert one.total == total(one.measure, one.now), one.measure.key


def test_what_goes_with_the_whole_is_said_once(ask, of, shop):
    for ticket in (of(), of(team=shop, channel="chat"), of(channel="form")):
        plant(ticket, Kind.OPENED, LAST, 10)
        plant(ticket, Kind.OPENED, THIS, 16)
    found = changes(ask(), now=NOW)
    assert told(found) == [("opened", "", "")]
    assert found[0].sentence == "More new conversations: 336 instead of 210"
    assert plain(found[0].effect) == "+60 %"
    assert found[0].is_better is None


def test_a_part_that_turns_the_other_way_is_said_too(ask, of, shop):
    plant(of(), Kind.OPENED, LAST, 10)
    plant(of(), Kind.OPENED, THIS, 30)
    plant(of(team=shop), Kind.OPENED, LAST, 16)
    plant(of(team=shop), Kind.OPENED, THIS, 6)
    assert {("opened", "team", "Shop"), ("opened", "team", "Workshop")} <= set(told(changes(ask(), now=NOW)))


def test_tags_companies_and_hours_are_looked_at(ask, of):
    plant(of(tags=["tyre", "brake"], company="Kestrel"), Kind.OPENED, THIS, 8)
    plant(of(tags=["tyre"]), Kind.OPENED, LAST, 8)
    plant(of(), Kind.OPENED, range(2, 3), 40, hour=20)  # a Friday evening
    plant(of(), Kind.OPENED, BOTH, 30)
    found = set(told(changes(ask(), now=NOW)))
    assert ("opened", "tag", "brake") in found
    assert ("opened", "tag", "tyre") not in found
    assert ("opened", "company", "Kestrel") in found
    assert ("opened", "hour", "Friday, 18:00–24:00") in found


def test_the_newest_may_still_be_reopened(ask, of):
    """Fewer reopened is no good news until they had their time; more is bad news at once."""
    plant(of(), Kind.SOLVED, LAST, 10, number=1, is_undone=True)
    plant(of(), Kind.SOLVED, BOTH, 20, number=1)
    later = replace(ask(), span="2026-11-15..2026-11-21", period=review(ask(), now=NOW).now)
    assert "reopened" not in [one.measure.key for one in changes(later, now=NOW)]
    assert {one.measure.key: one.verdict for one in review(later, now=NOW).whole}["reopened"] is Verdict.UNSETTLED
    (found,) = [one for one in changes(later, now=NOW + timedelta(days=30)) if one.measure.key == "reopened"]
    assert plain(found.sentence) == "Less comes back after it was solved: 0 % instead of 33 %"
    plant(of(), Kind.SOLVED, THIS, 40, number=1, is_undone=True)
    assert "reopened" in [one.measure.key for one in changes(later, now=NOW)]


def test_today_is_not_over(ask, of):
    plant(of(), Kind.OPENED, BOTH, 10)
    plant(of(), Kind.OPENED, range(1), 500)
    assert changes(ask(), now=NOW) == []


def test_promises_are_compared_each_and_all_together(ask, of, workshop):
    """One is kept less often, the other one as ever; what still runs is in neither."""
    quick, sure = (
        Promise.objects.create(words=words, measure="first_answer", minutes=minutes)
        for words, minutes in (("Within ten minutes", 10), ("Within a day", 1440))
    )
    ticket, runs = of(), []
    for promise, ago, counts in (
        (quick, 3, {"kept": 40, "broken": 60, "running": 30}),
        (quick, 10, {"kept": 90, "broken": 10}),
        (sure, 3, {"kept": 95, "broken": 5}),
        (sure, 10, {"kept": 96, "broken": 4}),
    ):
        at = NOW - timedelta(days=ago)
        for state in (state for state, many in counts.items() for _ in range(many)):
            began = Event(ticket=ticket, seq=next(SEQ) + 1000, public_prev=0, is_public=True, type="x", at=at)
            run = PromiseRun(promise=promise, ticket=ticket, began=began, began_at=at, state=state)
            run.broken_at = at if state == "broken" else None
            runs.append(run)
    Event.objects.bulk_create(run.began for run in runs)
    PromiseRun.objects.bulk_create(runs)
    plant(ticket, Kind.OPENED, BOTH, 3)
    found = changes(ask(), now=NOW)
    assert told(found) == [("kept", "", ""), ("kept", "promise", "Within ten minutes")]
    assert [plain(one.sentence) for one in found] == [
        "Promises are kept less often: 68 % instead of 93 %",
        "Kept less often: 40 % instead of 90 %",
    ]
    assert [one.is_better for one in found] == [False, False]
    for one in found:
        total_, of_it = one.total.now, one.total.before
        assert (total_.n, of_it.n) == ((200, 200) if not one.piece.by else (100, 100))
        asked_for = {key: values[0] for key, values in parse_qs(urlsplit(one.url).query).items()}
        assert behind("kept", one.now, asked_for, NOW).n == total_.n


def test_what_is_too_small_to_feel_is_not_said(ask, of):
    plant(of(), Kind.OPENED, LAST, 2000)
    plant(of(), Kind.OPENED, THIS, 2150)
    found = review(ask(), now=NOW)
    assert found.whole[0].verdict is Verdict.SLIGHT
    assert found.changes == []


def test_a_lead_hears_of_what_she_may_see(ask, of, lea, charlie, shop):
    for team in ("shop", "workshop"):
        ticket = of(team=shop) if team == "shop" else of()
        plant(ticket, Kind.OPENED, LAST, 2)
        plant(ticket, Kind.OPENED, THIS, 12 if team == "shop" else 2)
    assert ("opened", "team", "Shop") in told(changes(ask(), now=NOW))
    found = review(ask(viewer=lea), now=NOW)
    assert found.changes == []
    assert found.whole[0].total.now.n == 14


def test_filters_narrow_it_down(ask, of, shop):
    plant(of(), Kind.OPENED, BOTH, 10)
    plant(of(team=shop), Kind.OPENED, LAST, 2)
    plant(of(team=shop), Kind.OPENED, THIS, 12)
    assert told(changes(ask(team=shop), now=NOW)) == [("opened", "", "")]
    assert "team=shop" in changes(ask(team=shop), now=NOW)[0].url


def test_it_asks_few_questions(ask, of, django_assert_max_num_queries):
    plant(of(cause=RootCause.objects.create(name="Brakes", slug="brakes")), Kind.SOLVED, THIS, 8, open_seconds=5)
    plant(of(tags=["tyre"], company="Kestrel"), Kind.OPENED, THIS, 8)
    plant(of(), Kind.OPENED, BOTH, 20)
    question = ask()
    # The first day, what is counted, promises, the numbers, the medians, and names of each dimension.
    with django_assert_max_num_queries(9):
        assert {one.piece.by for one in changes(question, now=NOW)} >= {"", "tag", "company"}


def test_it_is_said_in_the_readers_language(ask, of):
    plant(of(), Kind.OPENED, range(14, 15), 1)
    plant(of(), Kind.OPENED, THIS, 8)
    (found,) = [one for one in changes(ask(), now=NOW) if not one.piece.by]
    assert found.sentence == "More new conversations: 56 instead of 1"
    with translation.override("de"):
        assert found.sentence == "Mehr neue Unterhaltungen: 56 statt 1"
        assert found.effect == "56,0-mal so viele"


def test_what_was_not_there_before_is_told_without_a_ratio(ask, of):
    brakes = RootCause.objects.create(name="Brakes", slug="brakes")
    plant(of(), Kind.SOLVED, BOTH, 6, number=1)
    plant(of(cause=brakes), Kind.SOLVED, THIS, 4, number=1)
    plant(of(), Kind.OPENED, BOTH, 6)
    (found,) = [one for one in changes(ask(), now=NOW) if one.piece.by == "cause"]
    assert (found.sentence, found.effect) == ("More often the reason: 28 solved instead of 0", "")


def test_weeks_in_which_only_chance_is_at_work_say_nothing(ask, of, shop):
    """Two months of a small desk: thirty a day, of two teams, three channels, five tags, with answers and ratings."""
    random_, facts = random.Random(20261122), []
    tickets = [
        of(team=team, channel=channel, tags=[tag])
        for team in (shop, None)
        for channel in ("email", "chat", "form")
        for tag in ("tyre", "brake", "light", "frame", "saddle")
    ]
    for ago in range(1, 85):
        start = midnight(NOW.date() - timedelta(days=ago), AMSTERDAM)
        for _ in range(sum(random_.random() < 0.3 for _ in range(100))):
            ticket, at = random_.choice(tickets), start + timedelta(minutes=random_.randrange(1440))
            took = int(60 * 2 ** random_.gauss(4, 2))
            of_one = {"ticket": ticket, "at": at, "channel": ticket.channel, "team": ticket.team}
            facts += [
                Fact(**of_one, kind=Kind.OPENED, seq=next(SEQ)),
                Fact(**of_one, kind=Kind.FIRST_ANSWER, seq=next(SEQ), seconds=took, open_seconds=took),
                Fact(**of_one, kind=Kind.RATED, seq=next(SEQ), number=random_.choice([1, 3, 4, 5, 5])),
            ]
    Fact.objects.bulk_create(facts)
    for back in range(6):
        now = NOW - timedelta(days=7 * back)
        found = review(replace(ask(), period=last_days(7, now, AMSTERDAM)), now=now)
        assert found.compared > 30
        assert told(found.changes) == []
