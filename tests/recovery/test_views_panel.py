"""Making good beside a ticket: what the panel shows, to whom, and what its forms do."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from recovery.actions import mark_hassle, note_failure
from recovery.models import Failure, HassleMark, Policy
from tests.recovery.test_failing import SAID
from tickets.actions import link_ticket, merge_ticket, open_ticket, post_message

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FORM = {
    "fault": "yes",
    "kind": "product",
    "severity": "3",
    "value": "60",
    "currency": "eur",
    "loss": "3",
    "kept": "rejected",
    "note": "The 47 instead of the 42.",
}


def address(name: str, ticket) -> str:
    return reverse(f"recovery:{name}", args=[ticket.pk])


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def asked(client, alice):
    """Alice's browser, and what the panel says to her, as words."""
    client.force_login(alice)

    def ask(ticket, **headers) -> str:
        response = client.get(address("panel", ticket), headers=HTMX | headers)
        assert response.status_code == 200
        return words_of(response.content.decode())

    return ask


def test_a_ticket_where_nothing_went_wrong(asked, ticket):
    assert "Nothing went wrong here, as far as anybody has noted. Note what went wrong" in asked(ticket)


def test_the_ticket_page_fetches_it_later_and_asks_nothing_more(client, alice, ticket):
    client.force_login(alice)
    html = client.get(ticket.get_absolute_url()).content.decode()
    place = re.search(r"<div id=\"recovery-\d+\"[^>]*>", html)
    assert place
    assert f'hx-get="{address("panel", ticket)}"' in place[0]
    assert "Making good" in client.get(address("panel", ticket)).content.decode()  # a page, where no script runs


def test_the_essay_on_the_screen(asked, ticket, alice):
    mark_hassle(ticket.messages.get(), by=alice, part="trip")
    note_failure(ticket, by=alice, **SAID)
    said = asked(ticket)
    assert "expected 10 delivered 7 gap 3 give 4 or more: €24.00" in said
    assert "What they did not get of €59.90 €3.00" in said
    assert "Made a trip for nothing" in said
    assert "Gap €18.00" in said
    assert "Was it our fault?" not in said.split("What went wrong?")[0]


def test_whose_fault_it_was_comes_before_what_to_give(client, asked, ticket, alice):
    note_failure(ticket, by=alice, **SAID | {"is_our_fault": None})
    said = asked(ticket).split("What went wrong?")[0]
    assert "Was it our fault?" in said
    assert "or more" not in said
    response = client.post(address("fault", ticket), {"fault": "yes"}, headers=HTMX)
    assert "or more" in response.content.decode()
    client.post(address("fault", ticket), {"fault": "no"}, headers=HTMX)
    said = asked(ticket)
    assert "Not our fault." in said
    assert "or more" not in said


def test_the_cap_says_that_it_wins(asked, ticket, alice):
    mark_hassle(ticket.messages.get(), by=alice, part="trip")
    note_failure(ticket, by=alice, **SAID | {"value": Decimal(10), "loss": Decimal(5)})
    assert "The cap wins: 150 % of €10.00 is €15.00." in asked(ticket)


def test_evidence_leads_to_its_entry(client, ticket, alice, carla):
    other = open_ticket(carla, by=carla, body="By phone then", channel="phone", team=ticket.team)
    merged = open_ticket(carla, by=carla, body="And by chat", channel="chat", team=ticket.team)
    merge_ticket(merged, by=alice, into=ticket)
    link_ticket(ticket, by=alice, other=other, kind="duplicate")
    for one in (ticket, other, merged):
        mark_hassle(one.messages.get(), by=alice, part="trip")
    client.force_login(alice)
    html = client.get(address("panel", ticket), headers=HTMX).content.decode()
    assert 'href="#entry-2"' in html
    assert f'href="#entry-{merged.pk}-2"' in html
    assert f'href="/tickets/{other.pk}/#entry-2"' in html
    page = client.get(address("panel", ticket)).content.decode()
    assert f'href="{ticket.get_absolute_url()}#entry-2"' in page


def test_what_happened_on_another_teams_ticket_counts_without_its_words(client, ticket, alice, sue, carla, shop):
    theirs = open_ticket(carla, by=carla, body="A secret of the shop", channel="email", team=shop)
    link_ticket(ticket, by=sue, other=theirs, kind="duplicate")
    mark_hassle(theirs.messages.get(), by=sue, part="trip")
    client.force_login(alice)
    html = client.get(address("panel", ticket), headers=HTMX).content.decode()
    assert "Made a trip for nothing" in html
    assert "on a ticket of another team" in html
    assert "secret" not in html


def test_a_failure_is_noted_and_said_better(client, alice, ticket):
    client.force_login(alice)
    response = client.post(address("failure", ticket), FORM, headers=HTMX)
    assert response.status_code == 200
    failure = Failure.objects.get(ticket=ticket)
    assert (failure.currency, failure.loss, failure.was_kept, failure.is_our_fault) == ("EUR", 3, False, True)
    response = client.post(address("failure", ticket), FORM | {"severity": "5"})
    assert (response.status_code, response["Location"]) == (303, address("panel", ticket))
    failure.refresh_from_db()
    assert failure.severity == 5


def test_a_loss_that_nobody_said_goes_by_how_bad_it_was(client, alice, ticket):
    client.force_login(alice)
    client.post(address("failure", ticket), FORM | {"loss": ""})
    assert Failure.objects.get().loss == 30


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": ""}, "This field is required."),
        ({"loss": "61"}, "That is more than what was at stake."),
        ({"value": "-1"}, "greater than or equal to 0"),
        ({"currency": "euro"}, "Use the three letters"),
        ({"currency": "JPY", "value": "10.5", "loss": "1"}, "is no amount of JPY"),
        ({"severity": "6"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_typed(client, alice, ticket, wrong, says):
    client.force_login(alice)
    response = client.post(address("failure", ticket), FORM | wrong, headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 422
    assert says in html
    assert "data-show" in html
    assert "The 47 instead of the 42." in html
    assert not Failure.objects.exists()


def test_it_is_taken_back(client, alice, ticket):
    note_failure(ticket, by=alice, **SAID)
    client.force_login(alice)
    client.post(address("withdraw_failure", ticket), headers=HTMX)
    assert not Failure.objects.exists()


def test_a_mark_is_set_and_taken_back(client, alice, ticket):
    client.force_login(alice)
    words = {"message": ticket.messages.get().pk, "part": "trip"}
    html = client.post(address("mark", ticket), words, headers=HTMX).content.decode()
    assert 'aria-pressed="true"' in html
    client.post(address("mark", ticket), words | {"is_off": "on"}, headers=HTMX)
    assert not HassleMark.objects.exists()


def test_only_this_tickets_messages_are_marked(client, alice, ticket, carla):
    other = open_ticket(carla, by=carla, body="Another thing", channel="email", team=ticket.team)
    client.force_login(alice)
    response = client.post(address("mark", ticket), {"message": other.messages.get().pk, "part": "trip"})
    assert response.status_code == 404
    assert not HassleMark.objects.exists()


def test_earlier_failures_stand_there_with_their_tickets(asked, client, ticket, alice, carla, charlie, shop, sue):
    before = open_ticket(carla, by=carla, body="The bell.", channel="email", team=ticket.team)
    theirs = open_ticket(carla, by=carla, body="The shop's.", channel="email", team=shop)
    note_failure(before, by=alice, **SAID)
    note_failure(theirs, by=sue, **SAID | {"kind": "delay"})
    said = asked(ticket)
    assert "Failed them before Product · Serious" in said
    assert "Delay ·" not in said


def test_when_everything_is_stopped_it_says_so(asked, ticket, lea):
    Policy.objects.create(is_stopped=True, stopped_by=lea, stopped_at=timezone.now())
    assert "Stopped by Lea Lind" in asked(ticket)


def test_the_panel_is_read_in_few_questions(client, alice, ticket, django_assert_max_num_queries):
    mark_hassle(ticket.messages.get(), by=alice, part="trip")
    note_failure(ticket, by=alice, **SAID)
    client.force_login(alice)
    with django_assert_max_num_queries(30):
        client.get(address("panel", ticket), headers=HTMX)


def test_the_menu_of_a_message_leads_to_its_marks(client, alice, ticket):
    ours = post_message(ticket, by=alice, body="Which size was it again?")
    client.force_login(alice)
    page = client.get(ticket.get_absolute_url()).content.decode()
    at = f"{address('panel', ticket)}?message={ours.pk}"
    assert f'href="{at}#mark-{ours.pk}"' in page
    html = client.get(at, headers=HTMX).content.decode()
    assert f'id="mark-{ours.pk}"' in html
    assert "Which size was it again?" in html
    for wrong in ("x", "9" * 30, "-1", "²", "999999999"):
        assert client.get(f"{address('panel', ticket)}?message={wrong}", headers=HTMX).status_code == 200
