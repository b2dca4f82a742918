from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from customers.models import Address
from reports.actions import differences
from reports.measures import Kind
from reports.models import Fact
from reports.queries.counting import counted_until
from tests.demo.invariants import violations
from tickets.actions import open_ticket, post_message
from tickets.models import Event, Message, ReadMark, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_vacuum(monkeypatch):
    """VACUUM cannot run in a test's transaction."""
    monkeypatch.setattr("demo.seed.tidy", lambda: None)


def _seed(tickets: int, **options) -> None:
    call_command("seed", tickets=tickets, stdout=StringIO(), **options)


def test_seeded_tickets_are_as_sound_as_any():
    _seed(2000)
    assert violations() == {}
    assert Ticket.objects.count() == 2000
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Status.values)
    assert 4 <= Message.objects.count() / 2000 <= 6
    assert Event.objects.filter(type="ticket.reopened").exists()
    assert Message.objects.filter(kind="note").exists()


def test_the_backlog_and_the_pace_are_the_same_at_every_size():
    now = timezone.now()
    _seed(1000)
    small = _newest(now)
    _seed(3000, force=True)
    assert _newest(now) == small
    assert Ticket.objects.unsolved().count() == 2 * small["unsolved"]
    assert 140 <= small["a day"] <= 180


def _newest(now) -> dict[str, object]:
    newest = Ticket.objects.filter(pk__in=Ticket.objects.order_by("-number").values("pk")[:1000])
    return {
        "unsolved": newest.unsolved().count(),
        "waiting": newest.waiting().count(),
        "a day": newest.filter(created_at__gt=now - timedelta(days=1)).count(),
        "subjects": list(newest.order_by("number").values_list("subject", flat=True)),
    }


def test_life_goes_on_after_seeding(carla):
    _seed(100)
    last = Ticket.objects.latest("number").number
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email")
    post_message(ticket, by=User.objects.filter(role="agent").first(), body="Hello!")
    assert ticket.number == last + 1


def test_what_is_seeded_is_counted():
    _seed(1200)
    numbers = list(Ticket.objects.values_list("pk", flat=True))
    assert differences(numbers) == set()
    assert counted_until() is None
    kinds = set(Fact.objects.values_list("kind", flat=True))
    assert {Kind.OPENED, Kind.FIRST_ANSWER, Kind.ANSWER, Kind.SOLVED, Kind.REOPENED} <= kinds
    assert Fact.objects.of_kind(Kind.OPENED).count() == 1200


def test_people_who_are_here_get_the_tickets(alice, workshop):
    _seed(50)
    assert set(Ticket.objects.exclude(assignee=None).values_list("assignee", flat=True)) == {alice.pk}
    assert User.objects.count() == 1


def test_it_refuses_where_tickets_may_be_real(ticket):
    with pytest.raises(CommandError, match="--force"):
        _seed(10)
    assert Ticket.objects.count() == 1


def test_it_refuses_to_make_none():
    with pytest.raises(CommandError, match="at least one"):
        _seed(0)


def test_every_key_points_somewhere():
    """Seeding does not let the database look them up."""
    _seed(500)
    keys = [
        (model, field)
        for model in (Address, Ticket, Ticket.tags.through, Message, Event, ReadMark)
        for field in model._meta.concrete_fields
        if field.is_relation
    ]
    assert len(keys) > 15
    for model, field in keys:
        known = field.related_model.objects.values("pk")
        lost = model.objects.exclude(**{f"{field.attname}": None}).exclude(**{f"{field.attname}__in": known})
        assert not lost.exists(), f"{model.__name__}.{field.name}"
