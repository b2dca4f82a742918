"""Many at once around the moment when a guest becomes known: real threads, real transactions, real locks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from chat.actions import (
    Identified,
    begin_conversation,
    identify_visitor,
    leave_address,
    send_code,
    verify_address,
)
from chat.actions.posting import _store
from chat.actions.proving import MAX_ATTEMPTS, Proved
from chat.models import AddressCode, Identity, Visitor
from customers.models import Address, Customer
from outbox.models import Mail
from tests.chat.conftest import arrive
from tests.tickets.looking import again, check_log
from tests.tickets.test_actions_races import at_once
from tickets.actions import (
    Post,
    mail_copy,
    mark_seen,
    merge_guest,
    open_ticket,
    post_message,
    rate_ticket,
    set_priority,
)
from tickets.models import Event, Message, Rating, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bells and no broker: these tests are about the database."""
    monkeypatch.setattr("tickets.events._ring", lambda heads: None)
    monkeypatch.setattr("accounts.bells.ring", lambda bells: None)
    monkeypatch.setattr("tickets.events.nudge", lambda *args: None)
    monkeypatch.setattr("tickets.actions.following_up.nudge", lambda *args: None)
    monkeypatch.setattr("outbox.actions.mails.nudge", lambda mail_id: None)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Whatever the race was, every log holds, and everything belongs to whose it is."""
    yield
    for ticket in Ticket.objects.all():
        check_log(ticket)
        assert not Event.objects.filter(ticket=ticket, by_customer__isnull=False).exclude(by_customer=ticket.customer)
        assert not Message.objects.filter(ticket=ticket, by_customer__isnull=False).exclude(by_customer=ticket.customer)


def guest(site, body: str = "Hello?", client_id: str = "c1") -> tuple[Visitor, str, Ticket]:
    visitor, token = arrive(site)
    return visitor, token, begin_conversation(visitor, body=body, client_id=client_id)


def identifying(visitor: Visitor, token: str, proof: str) -> Callable[[], Identified]:
    return lambda: identify_visitor(Visitor.objects.get(pk=visitor.pk), token=token, proof=proof)


def no_accidents(results: list[Any]) -> None:
    """What was refused was refused as it should be: no deadlock, nothing doubled, nothing half done."""
    allowed = (PermissionDenied, ValidationError, Visitor.DoesNotExist)
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, allowed)] == []


@pytest.mark.parametrize("round_", range(4))
def test_two_tabs_identify_at_once(site, sign, carla, round_):
    visitor, token, ticket = guest(site)
    proof = sign(email="carla@example.org") if round_ % 2 else sign()
    stale = [Visitor.objects.select_related("customer", "site").get(pk=visitor.pk) for _ in range(3)]
    jobs = [lambda tab=tab: identify_visitor(tab, token=token, proof=proof) for tab in stale]
    results = at_once(*jobs)
    assert {type(result) for result in results} == {Identified}, results
    assert len({result.customer.pk for result in results}) == 1
    assert again(ticket).customer == results[0].customer
    assert Visitor.objects.authenticate(token) is None
    for result in results:  # each tab got a token that is good
        assert Visitor.objects.authenticate(result.token).customer == results[0].customer
    assert Identity.objects.count() == 1
    assert Customer.objects.count() == 2 - round_ % 2  # Carla, and another where no address said that it is she
    assert Event.objects.filter(type="customer.identified").count() == 1


@pytest.mark.parametrize("email", [None, "new@example.org", "carla@example.org"])
def test_four_browsers_of_one_person_identify_at_once(site, sign, carla, email):
    guests = [guest(site, f"From browser {number}", f"c{number}") for number in range(4)]
    results = at_once(*(identifying(visitor, token, sign(email=email)) for visitor, token, _ in guests))
    no_accidents(results)
    assert len({result.customer.pk for result in results}) == 1
    assert {again(ticket).customer for _, _, ticket in guests} == {results[0].customer}
    assert Identity.objects.count() == 1
    assert Customer.objects.count() == (1 if email == "carla@example.org" else 2)


def test_two_accounts_with_one_new_address_at_once_are_one_customer(site, sign):
    guests = [guest(site, client_id=f"c{number}") for number in range(4)]
    jobs = [
        identifying(visitor, token, sign(f"sub {number}", email="new@example.org"))
        for number, (visitor, token, _) in enumerate(guests)
    ]
    no_accidents(at_once(*jobs))
    assert Customer.objects.count() == 1
    assert Address.objects.get().is_verified
    assert Identity.objects.count() == 4


@pytest.mark.parametrize("round_", range(6))
def test_nothing_that_is_said_meanwhile_is_lost(site, sign, carla, alice, bob, round_):
    """Guests write, our people answer, while the guest becomes Carla: what was stored is there, once and in order."""
    visitor, token, ticket = guest(site)
    was = visitor.customer
    stored: list[str] = []

    def write() -> None:
        for number in range(40):
            try:
                post_message(ticket, by=was, body=f"{number}", client_id=f"g{number}")
            except PermissionDenied:  # not acknowledged: the client comes back with its new token and says it again
                break
            stored.append(f"g{number}")
        by = again(ticket).customer
        for again_number in range(number, 40):
            post_message(ticket, by=by, body=f"{again_number}", client_id=f"g{again_number}")
            stored.append(f"g{again_number}")

    def answer(by: Any) -> Callable[[], None]:
        def job() -> None:
            for number in range(15):
                post_message(ticket, by=by, body=f"a{number}", client_id=f"a{number}")
                mark_seen(ticket, by=by, seq=number)

        return job

    def work() -> None:
        for number in range(10):
            set_priority(ticket, by=alice, priority=1 + number % 2)

    def become() -> Identified:
        sleep(0.02 * round_)
        return identify_visitor(visitor, token=token, proof=sign(email="carla@example.org"))

    results = at_once(write, answer(alice), answer(bob), work, become)
    assert [r for r in results if isinstance(r, Exception)] == []
    assert again(ticket).customer == carla
    said = Message.objects.filter(ticket=ticket, client_id__startswith="g").order_by("event__seq")
    assert [message.client_id for message in said] == [f"g{number}" for number in range(40)]
    assert set(stored) == {f"g{number}" for number in range(40)}
    assert Message.objects.filter(ticket=ticket, by_user__isnull=False).count() == 30


def test_a_message_that_waits_for_the_merge_is_refused_and_not_dropped(site, carla):
    """It waits for the ticket's row, and finds it another customer's."""
    visitor, _, ticket = guest(site)
    was = visitor.customer

    def merge() -> None:
        with transaction.atomic():
            merge_guest(was, into=carla, how="mail", where="here")
            sleep(0.5)

    def write(by: Any, **fields: Any) -> Callable[[], Message]:
        def job() -> Message:
            sleep(0.2)
            return post_message(ticket, by=by, body="Meanwhile", client_id="m", **fields)

        return job

    Visitor.objects.filter(pk=visitor.pk).delete()
    merged, by_guest, by_carla = at_once(merge, write(was), write(carla))
    assert merged is None
    assert isinstance(by_guest, PermissionDenied)
    assert by_carla.ticket_id == ticket.pk


def test_other_words_in_the_batch_do_not_suffer(site, carla, dora):
    visitor, _, ticket = guest(site)
    was, doras = visitor.customer, open_ticket(dora, by=dora, body="Hi", channel="chat", site=site)
    Visitor.objects.filter(pk=visitor.pk).delete()

    def merge() -> None:
        with transaction.atomic():
            merge_guest(was, into=carla, how="mail", where="here")
            sleep(0.5)

    def write() -> list[Any]:
        sleep(0.2)
        return _store([Post(ticket, by=was, body="Mine"), Post(doras, by=dora, body="Dora's")])

    _, (refused, stored) = at_once(merge, write)
    assert isinstance(refused, PermissionDenied)
    assert stored.body == "Dora's"


@pytest.mark.parametrize("round_", range(3))
def test_the_first_words_in_two_tabs_at_once_make_one_customer(site, round_):
    visitor, _ = arrive(site)
    tabs = [Visitor.objects.get(pk=visitor.pk) for _ in range(4)]
    jobs = [lambda tab=tab: begin_conversation(tab, body="Anyone?", client_id="first") for tab in tabs]
    tickets = at_once(*jobs)
    no_accidents(tickets)
    assert len({ticket.pk for ticket in tickets}) == 1
    assert (Customer.objects.count(), Ticket.objects.count()) == (1, 1)


@pytest.mark.parametrize("round_", range(4))
def test_first_words_and_identity_at_once(site, sign, carla, round_):
    """Both orders are right; in neither is a conversation left with nobody."""
    visitor, token = arrive(site)

    def begin() -> Ticket:
        sleep(0.01 * round_)
        return begin_conversation(Visitor.objects.get(pk=visitor.pk), body="Hello?", client_id="c1")

    results = at_once(begin, identifying(visitor, token, sign(email="carla@example.org")))
    no_accidents(results)
    assert results[1].customer == carla
    assert Customer.objects.count() == 1
    assert {ticket.customer for ticket in Ticket.objects.all()} <= {carla}
    if isinstance(results[0], Ticket):
        assert again(results[0]).customer == carla


def test_an_address_is_left_while_they_become_known(site, sign, carla):
    visitor, token, _ = guest(site)

    def leave() -> Address:
        return leave_address(visitor, email="c@example.net")

    results = at_once(leave, identifying(visitor, token, sign(email="carla@example.org")), leave)
    accidents = [r for r in results if isinstance(r, Exception) and not isinstance(r, Customer.DoesNotExist)]
    assert [e for e in accidents if not isinstance(e, PermissionDenied)] == []
    assert Customer.objects.count() == 1


def code_of(email: str) -> str:
    found = re.search(r"^ {4}(\d{6})$", Mail.objects.get(recipients__email=email).text, re.MULTILINE)
    assert found
    return found[1]


def test_a_code_is_asked_for_many_times_at_once(site):
    guests = [guest(site, client_id=f"c{number}")[0] for number in range(6)]
    jobs = [lambda who=who: send_code(who, email="new@example.org") for who in guests]
    assert at_once(*jobs) == ["new@example.org"] * 6
    assert Mail.objects.filter(kind="code").count() == 1
    assert AddressCode.objects.count() == 1


@pytest.mark.parametrize("email", ["new@example.org", "carla@example.org"])
def test_a_code_is_typed_twice_at_once(site, carla, email):
    visitor, token, ticket = guest(site)
    send_code(visitor, email=email)
    code = code_of(email)
    tabs = [Visitor.objects.select_related("customer", "site").get(pk=visitor.pk) for _ in range(3)]
    jobs = [lambda tab=tab: verify_address(tab, token=token, email=email, code=code) for tab in tabs]
    results = at_once(*jobs)
    no_accidents(results)
    proved = [result for result in results if isinstance(result, Proved)]
    assert len(proved) == 1
    assert Visitor.objects.authenticate(proved[0].token).customer == again(ticket).customer
    assert Address.objects.get(email=email).customer == again(ticket).customer
    assert Event.objects.filter(type="customer.identified").count() == 1


def test_guesses_at_once_are_all_counted(site, carla):
    visitor, token, _ = guest(site)
    send_code(visitor, email="carla@example.org")
    wrong = f"{(int(code_of('carla@example.org')) + 1) % 10**6:06}"
    guests = [guest(site, client_id=f"c{number}")[:2] for number in range(8)]
    jobs = [lambda w=w, t=t: verify_address(w, token=t, email="carla@example.org", code=wrong) for w, t in guests]
    results = at_once(*jobs)
    assert {type(result) for result in results} == {ValidationError}
    assert AddressCode.objects.get().attempts == MAX_ATTEMPTS
    with pytest.raises(ValidationError):
        verify_address(visitor, token=token, email="carla@example.org", code=code_of("carla@example.org"))


def test_a_code_and_a_signature_at_once(site, sign, carla):
    visitor, token, ticket = guest(site)
    send_code(visitor, email="carla@example.org")
    code = code_of("carla@example.org")
    results = at_once(
        identifying(visitor, token, sign(email="carla@example.org")),
        lambda: verify_address(visitor, token=token, email="carla@example.org", code=code),
    )
    no_accidents(results)
    assert again(ticket).customer == carla
    assert Customer.objects.count() == 1


def test_two_guests_prove_one_address_at_once(site):
    guests = [guest(site, client_id=f"c{number}") for number in range(3)]
    send_code(guests[0][0], email="new@example.org")
    code = code_of("new@example.org")
    jobs = [lambda w=w, t=t: verify_address(w, token=t, email="new@example.org", code=code) for w, t, _ in guests]
    results = at_once(*jobs)
    no_accidents(results)
    assert Address.objects.filter(email="new@example.org").count() == 1


def test_ratings_and_copies_at_once_are_one(site, carla, chat_ticket):
    at_once(*[lambda: rate_ticket(chat_ticket, by=carla, score=4)] * 4, *[lambda: mail_copy(chat_ticket, by=carla)] * 4)
    assert Rating.objects.count() == 1
    assert Event.objects.filter(type="rating.given").count() == 1
    seqs = {event.data["mail"] for event in Event.objects.filter(type="copy.mailed")}
    assert len(seqs) == Mail.objects.filter(kind="copy").count() <= 2  # before the rating and after it
