from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.queries import Now, as_time, now_figures
from tickets.actions import assign_ticket, open_ticket, post_message, resolve_ticket, snooze_ticket
from tickets.models import Ticket

# A Thursday at half past one in Amsterdam: noon is twelve and a half hours into the company's day.
NOW = datetime(2026, 11, 19, 13, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))


def ago(**span: int) -> datetime:
    return NOW - timedelta(**span)


def figure(now: Now, key: str):
    return next(figure for figure in now.figures if figure.key == key)


def ask(customer, team, at: datetime, **more) -> Ticket:
    return open_ticket(customer, by=customer, subject="?", body="Hello?", channel="email", team=team, at=at, **more)


def test_nothing_has_happened_yet(sue, desk_row):
    now = now_figures(sue, NOW)
    assert figure(now, "waiting").value == "0"
    assert figure(now, "longest_wait").detail == "Nobody waits."
    assert figure(now, "solved_today").value == "0"
    assert figure(now, "first_answer_today").value is None
    assert now.open_by_team == []


def test_who_waits_and_for_how_long(sue, carla, dora, workshop, shop, desk_row):
    ask(carla, shop, ago(minutes=4))
    first = ask(dora, workshop, ago(minutes=25))
    now = now_figures(sue, NOW)
    assert (figure(now, "waiting").value, figure(now, "waiting").unit) == ("2", "people")
    assert figure(now, "waiting").detail == "1 past the promise"
    assert figure(now, "waiting").is_bad
    assert figure(now, "longest_wait").value == "25:00"
    assert figure(now, "longest_wait").detail == "Dora Diaz, Workshop"
    assert figure(now, "longest_wait").url == first.get_absolute_url()


def test_the_median_of_today_says_how_many(sue, alice, carla, workshop, desk_row):
    for minutes in (2, 10, 30):
        post_message(ask(carla, workshop, ago(hours=2)), by=alice, body="Yes", at=ago(minutes=120 - minutes))
    yesterday = ask(carla, workshop, ago(days=1))
    post_message(yesterday, by=alice, body="Yes", at=ago(hours=23))
    answer = figure(now_figures(sue, NOW), "first_answer_today")
    assert (answer.value, answer.unit, answer.detail) == ("10:00", "min", "n = 3")


def test_a_call_has_no_first_answer_to_wait_for(sue, alice, carla, workshop, desk_row):
    call = open_ticket(carla, by=alice, body="As we said …", channel="phone", team=workshop, at=ago(hours=3))
    post_message(call, by=carla, body="Thanks!", at=ago(hours=2))
    post_message(call, by=alice, body="You are welcome.", at=ago(hours=1))
    assert figure(now_figures(sue, NOW), "first_answer_today").value is None


def test_solved_today_counts_from_the_viewers_midnight(sue, alice, carla, workshop, desk_row, cause):
    for hours, root_cause in ((1, cause), (12, None), (14, cause)):  # 14 hours ago it was still yesterday
        resolve_ticket(ask(carla, workshop, ago(hours=20)), by=alice, root_cause=root_cause, at=ago(hours=hours))
    solved = figure(now_figures(sue, NOW), "solved_today")
    assert (solved.value, solved.detail) == ("2", "1 with a named cause")
    sue.time_zone = "America/New_York"  # half past seven in the morning there
    assert figure(now_figures(sue, NOW), "solved_today").value == "1"


def test_a_lead_sees_the_figures_of_her_teams(lea, alice, charlie, carla, workshop, shop, desk_row):
    ask(carla, workshop, ago(minutes=4))
    ask(carla, shop, ago(hours=4))
    resolve_ticket(ask(carla, shop, ago(hours=4)), by=charlie, root_cause=None, at=ago(hours=1))
    answered = ask(carla, shop, ago(hours=4))
    post_message(answered, by=charlie, body="Yes", at=ago(hours=1))
    now = now_figures(lea, NOW)
    assert figure(now, "waiting").value == "1"
    assert figure(now, "longest_wait").value == "4:00"
    assert figure(now, "solved_today").value == "0"
    assert figure(now, "first_answer_today").value is None
    assert [(line.team, line.count) for line in now.open_by_team] == [("Workshop", 1)]


def test_open_by_team_counts_what_is_not_solved(sue, alice, carla, workshop, shop, desk_row):
    for team in (workshop, workshop, shop, None):
        ask(carla, team, ago(minutes=4))
    resolve_ticket(ask(carla, shop, ago(hours=4)), by=alice, root_cause=None, at=ago(hours=1))
    lines = now_figures(sue, NOW).open_by_team
    assert [(line.team, line.count) for line in lines] == [("Workshop", 2), ("Shop", 1), ("No team", 1)]


def test_charlie_counts_nothing_of_theirs(charlie, carla, ticket):
    now = now_figures(charlie, NOW)
    assert figure(now, "waiting").value == "0"
    assert now.open_by_team == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, ("0", "s")), (59, ("59", "s")), (220, ("3:40", "min")), (3600, ("1:00", "h")), (172800, ("2", "days"))],
)
def test_a_span_as_people_say_it(seconds, shown):
    assert as_time(timedelta(seconds=seconds)) == shown


def test_it_stays_within_a_few_queries(sue, lea, ticket, django_assert_max_num_queries):
    for viewer in (sue, lea):
        with django_assert_max_num_queries(10):
            now_figures(viewer, NOW)


def test_a_figure_opens_exactly_the_tickets_it_counts(client, sue, alice, carla, dora, workshop, shop, desk_row, cause):
    """Every address, followed as a manager, lists as many tickets as the figure says."""
    from django.utils import timezone

    now = timezone.now()
    teams = (workshop, shop, None)
    asked = [ask(customer, team, now - timedelta(minutes=5)) for customer in (carla, dora) for team in teams]
    post_message(asked[0], by=alice, body="Yes")
    resolve_ticket(asked[0], by=alice, root_cause=cause)
    post_message(asked[1], by=alice, body="Yes")
    assign_ticket(asked[1], by=alice, user=alice)
    for answered_or_not in asked[1:3]:
        snooze_ticket(answered_or_not, by=alice, until=None)
    client.force_login(sue)
    figures = now_figures(sue, now + timedelta(seconds=1))
    counted = {figure.url: int(figure.value) for figure in figures.figures if figure.key in ("waiting", "solved_today")}
    counted[figure(figures, "first_answer_today").url] = 2
    counted |= {line.url: line.count for line in figures.open_by_team}
    assert len(counted) == 6
    for url, count in counted.items():
        assert len(client.get(url).context["tickets"]) == count, url
