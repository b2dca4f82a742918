from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.test import override_settings
from django.utils import timezone

from accounts.models import Site, User
from demo.recovery import second_visit
from outbox.models import Mail
from recovery.models import Case, Decision, Failure, Offer
from recovery.queries.approvals import waiting_for
from recovery.queries.gap import gap_of
from recovery.queries.ledger import balances, entries_for, suspects
from reports.actions import differences
from reports.measures import MEASURES, Kind
from reports.models import Fact
from reports.periods import last_days
from reports.queries.counting import counted_until
from reports.queries.figures import totals
from reports.queries.question import Question
from tests.demo.invariants import violations
from tests.reports.reference import Reference
from tickets.actions import post_message
from tickets.models import Channel, Event, FollowUp, FollowUpTemplate, Message, RootCause, Status, Ticket
from tickets.queries import unmailed_answers


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The company, made once for all tests here; each of them undoes only what it did itself."""
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), transaction.atomic(), quick:
        _run()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(built, db) -> None:
    pass


def _run() -> str:
    out = StringIO()
    with override_settings(DEBUG=True):
        call_command("demo", stdout=out)
    return out.getvalue()


def test_a_demo_company_is_sound_and_believable(demo):
    assert violations() == {}
    tickets = Ticket.objects
    assert tickets.count() >= 220
    assert set(tickets.values_list("channel", flat=True)) == set(Channel.values)
    assert set(tickets.values_list("status", flat=True)) == set(Status.values)
    assert (timezone.now() - tickets.earliest("created_at").created_at).days >= 58
    solved = tickets.solved()
    assert solved.exclude(root_cause=None).count() > solved.count() / 2
    assert RootCause.objects.exclude(parent=None).annotate(n=Count("tickets")).filter(n=0).count() == 0
    happened = set(Event.objects.values_list("type", flat=True))
    assert {"ticket.reopened", "priority.changed", "status.changed", "ticket.tagged", "follow_up.sent"} <= happened
    assert Message.objects.filter(kind="note").count() > 30
    assert tickets.exclude(continues=None).exists()


def test_reports_have_counted_all_of_it(demo):
    assert counted_until() is None
    assert differences(Ticket.objects.values_list("pk", flat=True)) == set()
    assert set(Fact.objects.values_list("kind", flat=True)) == set(Kind)
    merged = Ticket.objects.exclude(merged_into=None)
    assert not Fact.objects.filter(ticket__in=merged).exists()


def test_its_figures_are_what_its_events_say(demo):
    """By the clock: the slow reference counts opening hours in steps of five minutes only."""
    manager = User.objects.get(email="manager@example.com")
    period = last_days(365, timezone.now(), ZoneInfo("Europe/Amsterdam"))
    found = totals(MEASURES.values(), Question(manager, period, by_clock=True))
    said = Reference().figures(period.start, period.end, by_clock=True)
    for key, one in found.items():
        told = [None if number is None else pytest.approx(number) for number in said[key]]
        assert [one.now.n, one.now.value, one.now.ninety] == told, key
        assert one.now.n > 5, key


def test_some_wait_now_one_longer_than_promised_one_with_nobody(demo):
    waiting = Ticket.objects.waiting()
    assert 5 <= waiting.count() <= 10
    assert waiting.filter(answer_due_at__lt=timezone.now()).count() == 1
    assert waiting.filter(assignee=None, team=None).count() == 1


def test_a_few_follow_ups_are_planned_and_a_task_is_due(demo):
    planned = FollowUp.objects.planned().open()
    assert {row.kind for row in planned} == {"message", "task"}
    assert 4 <= planned.count() <= 10
    assert planned.get(state="due").due_at < timezone.now()
    assert all(row.due_at > timezone.now() for row in planned.scheduled())
    assert FollowUpTemplate.objects.count() == 3


def test_no_mail_of_the_past_leaves_and_the_next_follow_ups_wait(demo):
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent"}
    assert Mail.objects.filter(kind="follow_up").count() > 100
    assert FollowUp.objects.scheduled().filter(due_at__gt=timezone.now()).exists()


def test_the_next_answer_takes_no_old_ones_along(demo):
    ticket = Ticket.objects.waiting().filter(channel="chat").exclude(assignee=None).first()
    post_message(ticket, by=ticket.assignee, body="Here it is.")
    ticket.refresh_from_db()
    assert [message.body for message in unmailed_answers(ticket)] == ["Here it is."]


def test_the_demo_people_sign_in_with_demo(demo, client, settings):
    for name in ("agent", "manager", "admin"):
        user = User.objects.get(email=f"{name}@example.com")
        assert user.check_password("demo")
        assert user.role == name
    assert settings.SITE_URL in Site.objects.get().allowed_origins


def test_a_second_time_changes_nothing(demo):
    before = [Ticket.objects.count(), Event.objects.count(), User.objects.count(), Mail.objects.count()]
    assert "already" in _run()
    assert before == [Ticket.objects.count(), Event.objects.count(), User.objects.count(), Mail.objects.count()]


def test_it_refuses_where_another_company_is(demo):
    Site.objects.update(key="another")
    with pytest.raises(CommandError, match="belongs to Bellwether"):
        _run()


def test_it_refuses_outside_development(demo):
    with override_settings(DEBUG=False), pytest.raises(CommandError, match="DEBUG"):
        call_command("demo")


def test_offers_stand_in_every_state_and_the_ledger_agrees(demo):
    assert {"accepted", "sent", "awaiting", "declined"} <= set(Offer.objects.values_list("state", flat=True))
    manager = User.objects.get(role="manager")
    (balance,) = balances(entries_for(manager))
    assert balance.given > 0
    assert list(suspects()) == []
    assert waiting_for(manager).count() == 1


def test_the_tyre_story_can_be_told(demo):
    gap = gap_of(second_visit(), now=timezone.now())
    assert {part.part for part in gap.parts} == {"repeat_contact", "trip"}
    assert gap.on_ten() == (10, 7, 3, 4)
    assert (gap.failure.is_our_fault, gap.suggested, gap.is_capped) == (True, Decimal("37.20"), False)
    assert not Offer.objects.filter(case__ticket=second_visit()).exists()  # left for whoever plays it
    assert Failure.objects.count() > 8
    assert len(set(Failure.objects.values_list("kind", flat=True))) == 5


def test_cases_were_opened_by_what_happened_and_most_are_seen_through(demo):
    by_rating = Case.objects.filter(trigger="rating")
    assert by_rating.count() >= 3
    assert by_rating.filter(state="closed", watch_until__isnull=False).exists()
    assert Case.objects.open().exists()
    hers = Case.objects.filter(customer=second_visit().customer)
    assert not hers.exists(), "whoever plays the story opens it, and it is the first failure"
    assert not Decision.objects.filter(outcome="asked").exists()
