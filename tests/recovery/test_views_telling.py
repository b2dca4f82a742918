"""The page that plans to tell who suffered a cause, and the one that shows how far it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from outbox.models import Mail
from recovery.jobs import tell_what_was_fixed
from recovery.models import Telling
from tickets.actions import open_ticket, resolve_ticket
from tickets.actions.causes import add_cause, look_after_cause
from tickets.models import RootCause, Ticket

pytestmark = pytest.mark.django_db
WORDS = "The carrier rings before it leaves a parcel."


@pytest.fixture
def fixed(sue, carla, dora, desk_row) -> RootCause:
    cause = add_cause(by=sue, name="Left at the depot")
    for customer in (carla, dora):
        ticket = open_ticket(customer, by=customer, subject="Where is it?", body="Words", channel="email")
        resolve_ticket(ticket, by=None, root_cause=cause)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=timezone.now() - timedelta(days=40))
    days_ago = timezone.now() - timedelta(days=20)
    return look_after_cause(cause, by=sue, state="fixed", owner=None, change=WORDS, at=days_ago)


@pytest.fixture
def page(client, sue, fixed) -> str:
    client.force_login(sue)
    return f"/root-causes/{fixed.pk}/tell/"


def typed(answer, **others) -> dict[str, str]:
    """What the page holds, as it would be sent."""
    form = answer.context["form"]
    values = {field.name: field.value() for field in form} | {"expected": answer.context["plan"].count}
    return {name: str(value) for name, value in values.items() if value is not None} | others


def test_it_says_who_would_be_told_before_anybody_is(client, page):
    answer = client.get(page)
    html = answer.content.decode()
    assert "2 people get a mail each." in html
    assert answer.context["form"]["words_en"].value() == WORDS
    later = (timezone.now() - timedelta(days=30)).date().isoformat()
    again = client.post(page, typed(answer, do="count", since=later))
    assert again.context["plan"].count == 0
    assert not Telling.objects.exists()


def test_planned_with_one_press_and_shown_until_the_last(client, page):
    answer = client.post(page, typed(client.get(page), do="plan"))
    telling = Telling.objects.get()
    assert answer.headers["Location"] == f"/root-causes/told/{telling.pk}/"
    assert "0 of 2 were told" in client.get(answer.headers["Location"]).content.decode()
    assert "It is being told already." in client.get(page).content.decode()
    assert tell_what_was_fixed() == 2
    shown = client.post(f"/root-causes/told/{telling.pk}/stop/", headers={"HX-Request": "true"})
    assert "Stopped." in shown.content.decode()


def test_what_changed_meanwhile_is_shown_first(client, page):
    answer = client.post(page, typed(client.get(page), do="plan", expected="1"))
    assert answer.status_code == 422
    assert "It is 2 people by now." in answer.content.decode()
    assert not Telling.objects.exists()


def test_one_tries_it_on_oneself(client, page, sue):
    client.post(page, typed(client.get(page), do="try"))
    assert Mail.objects.get().recipients.get().email == sue.email


@pytest.mark.parametrize(
    "wrong",
    [{"words_en": ""}, {"words_en": "x" * 5001}, {"since": "soon"}, {"send_at": "never"}, {"since": "2999-01-01"}],
)
def test_what_is_refused_is_said_and_plans_nothing(client, page, wrong):
    answer = client.post(page, typed(client.get(page), do="plan", **wrong))
    assert answer.status_code == 422
    assert not Telling.objects.exists()


def test_what_is_not_fixed_is_not_told(client, page, fixed, sue):
    look_after_cause(fixed, by=sue, state="open", owner=None, change=WORDS)
    assert client.get(page).headers["Location"] == f"/root-causes/{fixed.pk}/"


def test_nobody_else_tells_it(client, page, lea):
    client.force_login(lea)
    assert client.get(page).status_code == 403


def test_the_pages_ask_little(client, page, django_assert_max_num_queries):
    answer = client.get(page)
    with django_assert_max_num_queries(16):
        client.get(page)
    told = client.post(page, typed(answer, do="plan")).headers["Location"]
    with django_assert_max_num_queries(10):
        client.get(told)
