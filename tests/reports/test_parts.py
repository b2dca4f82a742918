"""What a whole is made of: parts add up to it, and what is behind each are exactly the tickets that it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from customers.models import Company
from reports.measures import MEASURES, How, Kind, Measure
from reports.models import Fact
from reports.periods import last_days
from reports.queries.behind import behind, behind_url
from reports.queries.figures import Found, courses, nothing, total, totals
from reports.queries.heat import heat
from reports.queries.parts import DIMENSIONS, cause_tree, pareto, parts_by, read_part
from reports.queries.question import Question
from tickets.actions import open_ticket, resolve_ticket, tag_ticket
from tickets.models import RootCause, Tag, Ticket

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FACTS = 300


@pytest.fixture
def causes(db) -> list[RootCause]:
    brakes = RootCause.objects.create(name="Brakes", slug="brakes")
    squeal = RootCause.objects.create(name="Squealing", slug="squealing", parent=brakes)
    size = RootCause.objects.create(name="Size", slug="size")
    gone = RootCause.objects.create(name="Noise", slug="noise", merged_into=squeal, archived_at=NOW)
    return [brakes, squeal, size, gone]


@pytest.fixture
def company(desk_row, carla, dora, workshop, shop, causes) -> None:
    """Some hundred facts about three dozen conversations of all sorts, over four weeks."""
    rng = Random(3)  # noqa: S311
    dora.company = Company.objects.create(name="Spokes")
    dora.save()
    tickets = []
    for number in range(36):
        team, customer = rng.choice([workshop, shop, None]), rng.choice([carla, dora])
        ticket = open_ticket(
            customer, by=customer, body="Hello?", channel=rng.choice(["chat", "email", "form"]), team=team
        )
        tags = [name for name in ("red", "blue", "none") if rng.random() < 0.4]
        if tags:
            tag_ticket(ticket, by=None, tags=tags)
        if number % 3:
            Ticket.objects.filter(pk=ticket.pk).update(root_cause=rng.choice(causes))
        tickets.append(Ticket.objects.get(pk=ticket.pk))
    rows = []
    for seq in range(FACTS):
        ticket, kind = rng.choice(tickets), rng.choice([*Kind])
        seconds = rng.randrange(10_000)
        has_length = kind in (Kind.FIRST_ANSWER, Kind.ANSWER, Kind.SOLVED)
        rows.append(
            Fact(
                ticket=ticket,
                kind=kind,
                seq=seq,
                at=NOW - timedelta(days=rng.random() * 28),
                seconds=seconds * 3 if has_length else None,
                open_seconds=seconds if has_length and rng.random() < 0.9 else None,
                number=rng.randrange(1, 6) if kind in (Kind.SOLVED, Kind.RATED) else None,
                is_undone=kind == Kind.SOLVED and rng.random() < 0.3,
                channel=ticket.channel,
                team=ticket.team,
            )
        )
    Fact.objects.bulk_create(rows)


@pytest.fixture
def question(sue, desk_row) -> Question:
    return Question(sue, last_days(14, NOW, AMSTERDAM), "14")


def measures_of(by: str) -> list[Measure]:
    """Those that can be taken apart by it: only ratings have a score."""
    return [one for one in MEASURES.values() if by != "score" or one.kind == Kind.RATED]


@pytest.mark.parametrize("by", DIMENSIONS)
def test_the_sum_of_the_parts_is_the_whole(company, question, by):
    measures = measures_of(by)
    parts, whole = parts_by(by, measures, question), totals(measures, question)
    for key, one in whole.items():
        for side in ("now", "before"):
            counted = sum(getattr(part.totals[key], side).n for part in parts)
            of = getattr(one, side).n
            assert counted >= of if DIMENSIONS[by].overlaps else counted == of
        assert one.now.n > 0


@pytest.mark.parametrize("by", DIMENSIONS)
def test_behind_each_part_are_exactly_those_that_it_counts(company, question, by):
    measures = measures_of(by)
    for part in parts_by(by, measures, question):
        for measure in measures:
            found, said = behind(measure.key, question, {"part": part.query}, NOW), part.totals[measure.key].now
            assert found.found == said
            assert found.labels == [part.label]
            assert len(list(found.all())) == said.n


def test_behind_each_day_are_exactly_those_that_it_counts(company, question):
    for measure in MEASURES.values():
        for step in courses([measure], question)[measure.key]:
            found = behind(measure.key, question, {"step": step.period.first.isoformat()}, NOW)
            assert (found.found, len(list(found.all()))) == (step.found, step.found.n)


def test_behind_each_week_are_exactly_those_that_it_counts(company, sue):
    month = Question(sue, last_days(28, NOW, AMSTERDAM), "28")
    weeks = Question(sue, month.period.coarser, "28")
    for step in courses([MEASURES["opened"]], weeks)["opened"]:
        given = QueryDict(behind_url(month, "opened", step=step.period).partition("?")[2])
        found = behind("opened", month, given, NOW)
        assert (found.found, found.question.period.days) == (step.found, step.period.days)


def test_all_measures_at_once_say_what_each_says_alone(company, question):
    asked = MEASURES.values()
    together, over_time = totals(asked, question), courses(asked, question)
    assert {one.key: total(one, question) for one in asked} == together
    assert {one.key: courses([one], question)[one.key] for one in asked} == over_time
    assert all(sum(step.found.n for step in over_time[one.key]) == together[one.key].now.n for one in asked)


def test_pages_of_rows_leave_none_out_and_none_twice(company, question):
    found = behind("opened", question, {}, NOW)
    rows, after = found.page(most=3)
    while after:
        more, after = found.page(after, most=3)
        rows += more
    assert [(row.ticket.pk, row.at) for row in rows] == [(row.ticket.pk, row.at) for row in found.all()]
    assert len(rows) == found.n == total(MEASURES["opened"], question).now.n
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


def test_the_longest_come_first_where_that_is_asked(company, question):
    found = behind("first_answer", question, {"order": "longest"}, NOW)
    rows, after = found.page(most=4)
    while after:
        more, after = found.page(after, most=4)
        rows += more
    assert [row.value for row in rows] == sorted((row.value for row in rows), reverse=True)
    assert len(rows) == found.n > 4


def test_a_share_leads_to_those_that_hit(company, question):
    for measure in (one for one in MEASURES.values() if one.how is How.SHARE):
        found = behind(measure.key, question, {"only": "hit"}, NOW)
        assert found.n == len(list(found.all())) == round(found.found.n * found.found.value)


def test_causes_have_all_that_is_below_them_and_what_was_merged(company, question):
    opened = MEASURES["opened"]
    tree = {part.key: part for part in cause_tree([opened], question)}
    own = {part.key: part.totals["opened"].now.n for part in parts_by("cause", [opened], question)}
    assert tree["brakes"].totals["opened"].now.n == own["brakes!"] + own["squealing!"]
    assert [(part.key, part.level, part.path) for part in tree.values()] == [
        ("brakes", 0, ""),
        ("squealing", 1, "Brakes"),
        ("size", 0, ""),
    ]
    for part in tree.values():
        assert behind("opened", question, {"part": part.query}, NOW).found == part.totals["opened"].now


def test_a_pareto_ends_at_the_whole(company, question):
    found = pareto(MEASURES["solved"], question)
    counts = [part.totals["solved"].now.n for part in found]
    assert counts == sorted(counts, reverse=True)
    assert found[-1].share_so_far == pytest.approx(1)
    assert "none" not in {part.key for part in found}


def test_hours_add_up_and_lead_to_their_conversations(company, question):
    cells = [cell for row in heat(MEASURES["opened"], question) for cell in row]
    assert len(cells) == 7 * 24
    assert sum(cell.total.now.n for cell in cells) == total(MEASURES["opened"], question).now.n
    assert sum(cell.total.before.n for cell in cells) == total(MEASURES["opened"], question).before.n
    assert {cell.days for cell in cells} == {2}
    busy = max(cells, key=lambda cell: cell.total.now.n)
    assert len(list(behind("opened", question, {"part": busy.query}, NOW).all())) == busy.total.now.n


def test_an_hour_is_where_the_viewer_is(question, carla, workshop):
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=workshop)
    at = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)  # a Sunday in London, half past midnight on Monday in Amsterdam
    Fact.objects.create(ticket=ticket, kind=Kind.OPENED, seq=1, at=at, channel="email", team=workshop)
    found = [cell.query for row in heat(MEASURES["opened"], question) for cell in row if cell.total.now.n]
    assert found == ["hour:1-0"]


def test_a_tag_filter_shows_what_else_they_have(company, question):
    red = Tag.objects.get(name="red")
    filtered = Question(question.viewer, question.period, tag=red)
    found = {part.label: part.totals["opened"].now.n for part in parts_by("tag", [MEASURES["opened"]], filtered)}
    assert found["red"] == total(MEASURES["opened"], filtered).now.n
    assert set(found) > {"red"}
    assert "No tag" not in found


@pytest.mark.parametrize(
    "text",
    [
        "", "team", "team:", "team:nobody", "channel:pigeon", "tag:red", "tag:999999", "company:x", "cause:nothing",
        "score:6", "score:²", "hour:8-1", "hour:1-24", "hour:1-²", "hour:1", "colour:red", "company:" + "9" * 30,
    ],
)  # fmt: skip
def test_a_part_that_is_none_is_refused(question, text):
    with pytest.raises(LookupError):
        read_part(text, question)


def test_nobody_names_a_company_of_which_they_see_nobody(question, lea, dora, carla, workshop, shop):
    dora.company = Company.objects.create(name="Spokes")
    dora.save()
    open_ticket(dora, by=dora, body="Hello?", channel="email", team=shop)
    hers = Question(lea, question.period)
    with pytest.raises(LookupError):
        read_part(f"company:{dora.company.pk}", hers)
    open_ticket(dora, by=dora, body="Hello?", channel="email", team=workshop)
    assert read_part(f"company:{dora.company.pk}", hers).label == "Spokes"


def test_behind_is_nothing_that_the_viewer_may_not_see(company, question, lea):
    hers = Question(lea, question.period)
    seen = set(Ticket.objects.visible_to(lea).values_list("pk", flat=True))
    found = behind("opened", hers, {}, NOW)
    assert {row.ticket.pk for row in found.all()} <= seen
    assert found.n == len(list(found.all())) < behind("opened", question, {}, NOW).n


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("nothing", {}),
        ("opened", {"step": "2020-01-01"}),
        ("opened", {"step": "x"}),
        ("opened", {"step": "2020-01-01..2020-01-02"}),
        ("opened", {"step": "2026-11-19..2026-11-20"}),
        ("opened", {"step": "2026-11-19..2026-11-18"}),
        ("opened", {"only": "hit"}),
        ("kept", {"part": "team:x"}),
        ("kept", {"only": "x"}),
        ("backlog", {"part": "team:x"}),
        ("age", {"part": "age:x"}),
    ],
)
def test_there_is_nothing_behind_what_is_no_number(question, key, given):
    with pytest.raises(LookupError):
        behind(key, question, given, NOW)


def test_all_parts_are_there_without_facts(question):
    assert parts_by("team", [MEASURES["opened"]], question) == []
    assert pareto(MEASURES["solved"], question) == []
    assert cause_tree([MEASURES["opened"]], question) == []
    assert total(MEASURES["first_answer"], question).now == nothing(MEASURES["first_answer"]) == Found()


def test_it_is_solved_for_a_cause(question, carla, workshop, causes, alice):
    resolve_ticket(
        open_ticket(carla, by=carla, body="?", channel="email", team=workshop), by=alice, root_cause=causes[1]
    )
    assert read_part("cause:noise", question).label == "Squealing"
