"""A guest turns out to be somebody: everything goes along, nothing is told to anybody else, and the log still holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from chat.models import AddressCode, Identity, Visitor
from customers.actions import claim_address, create_guest
from customers.models import Address, Customer
from recovery.models import Case, Lot, TellingRow
from tests.demo.invariants import RULES
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    add_attachment,
    mark_seen,
    merge_guest,
    open_ticket,
    post_message,
    rate_ticket,
    resolve_ticket,
    tell_of_identity,
)
from tickets.models import Attachment, CustomerMerge, Event, FollowUp, Message, Rating, ReadMark, Ticket

pytestmark = pytest.mark.django_db


def broken_rules() -> set[str]:
    """Some of them hold for history only, which is handed its times in."""
    with connection.cursor() as cursor:
        return {rule for rule, query in RULES.items() if cursor.execute(query) or cursor.fetchall()}


@pytest.fixture
def guest(site) -> Customer:
    return create_guest(name="C.", locale="de")


@pytest.fixture
def told(guest, site, alice, settings, tmp_path) -> dict[str, Ticket]:
    """Two conversations of the guest's with everything that can hang on them, one of them solved."""
    settings.MEDIA_ROOT = tmp_path
    claim_address(guest, email="c@example.net")
    tickets = {}
    for name in ("open", "solved"):
        ticket = open_ticket(guest, by=guest, body="Hello?", channel="chat", site=site, client_id=f"{name}-1")
        file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=guest)
        post_message(ticket, by=guest, body="See", client_id=f"{name}-2", attachments=(str(file.pk),))
        post_message(ticket, by=alice, body="she sounds cross", kind="note")
        post_message(ticket, by=alice, body="I see.")
        mark_seen(ticket, by=guest, seq=5)
        rate_ticket(again(ticket), by=guest, score=4)
        tickets[name] = again(ticket)
    resolve_ticket(tickets["solved"], by=alice, root_cause=None)
    add_attachment(SimpleUploadedFile("unsent.txt", b"43"), by=guest)
    return {name: again(ticket) for name, ticket in tickets.items()}


def merge(guest: Customer, into: Customer) -> Customer:
    return merge_guest(guest, into=into, how="signature", where="Bellwether Cycles")


@contextmanager
def as_commit_checks() -> Iterator[None]:
    yield
    connection.check_constraints()


def test_everything_goes_along_and_the_guest_is_gone(guest, told, carla, chat_ticket):
    before, broken_before = {name: log(ticket) for name, ticket in told.items()}, broken_rules()
    follow_ups = list(FollowUp.objects.order_by("pk").values_list("pk", "state"))
    merge(guest, carla)
    assert not Customer.objects.filter(pk=guest.pk).exists()
    assert set(carla.tickets.all()) == {*told.values(), chat_ticket}
    assert Message.objects.filter(by_customer=carla).count() == 5
    assert Attachment.objects.filter(by_customer=carla).count() == 3
    assert Attachment.objects.visible_to(carla).count() == 3
    assert ReadMark.objects.filter(customer=carla).count() == 2
    assert Rating.objects.filter(customer=carla).count() == 2
    assert list(FollowUp.objects.order_by("pk").values_list("pk", "state")) == follow_ups
    assert set(carla.addresses.values_list("email", "proof")) == {
        ("carla@example.org", "proved"),
        ("c@example.net", "claimed"),
    }
    assert log(told["open"]) == [*before["open"], "customer.identified"]
    assert log(told["solved"]) == before["solved"]
    assert broken_rules() == broken_before
    assert len(broken_before) < 8
    for ticket in told.values():
        check_log(ticket)


def test_the_team_learns_of_it_and_the_customer_hears_nothing(guest, told, carla):
    merge(guest, carla)
    event = last(told["open"])
    assert (event.type, event.by, event.data) == (
        "customer.identified",
        carla,
        {"how": "signature", "site": "Bellwether Cycles"},
    )
    assert not event.is_public


def test_what_is_known_is_not_written_over(guest, told, carla):
    merged = merge(guest, carla)
    assert (merged.name, merged.locale) == ("Carla Cortez", "de")
    claim_address(other := create_guest(name="Other"), email="carla@example.org")
    merge(other, carla)
    assert carla.addresses.filter(email="carla@example.org").values_list("proof", flat=True).get() == "proved"


def test_one_whom_an_address_identifies_stays(carla, dora, chat_ticket):
    for guest, into in ((carla, dora), (carla, carla)):
        with pytest.raises(PermissionDenied):
            merge(guest, into)
    assert again(chat_ticket).customer == carla


def test_one_who_is_gone_cannot_go_again(guest, told, carla, dora):
    merge(guest, carla)
    with pytest.raises(Customer.DoesNotExist):
        merge(guest, dora)
    assert not dora.tickets.exists()


def test_an_id_that_both_have_used_stays_the_customers(guest, told, carla, chat_ticket):
    post_message(chat_ticket, by=carla, body="Mine", client_id="open-2")
    merge(guest, carla)
    assert Message.objects.get(client_id="open-2").body == "Mine"
    assert Message.objects.filter(ticket=told["open"], by_customer=carla).count() == 2
    assert post_message(again(chat_ticket), by=carla, body="Mine", client_id="open-2").ticket == chat_ticket
    assert post_message(told["open"], by=carla, body="Hello?", client_id="open-1").event.seq == 2  # said before


def test_what_the_merge_knows_nothing_of_stops_it(guest, told, carla, site):
    """Such as a site's word for who they are: it is not deleted along with the guest."""
    Identity.objects.create(site=site, subject="42", customer=guest)
    with pytest.raises(IntegrityError), transaction.atomic(), as_commit_checks():
        merge(guest, carla)
    assert Customer.objects.filter(pk=guest.pk).exists()
    assert again(told["open"]).customer == guest


def test_every_table_that_names_a_customer_is_thought_of():
    """A new one must be moved by the merge, or by the caller before it; otherwise the merge fails."""
    moved = {Ticket, Message, Event, Attachment, ReadMark, Rating, Address}
    by_the_chat = {Visitor, Identity, AddressCode}
    by_recovery = {Case, Lot, TellingRow}
    by_hand = {Customer, CustomerMerge}
    relations = [field for field in Customer._meta.get_fields(include_hidden=True) if field.one_to_many]
    assert {relation.related_model for relation in relations} == moved | by_the_chat | by_recovery | by_hand


def test_who_a_guest_is_can_be_said_without_any_moving(guest, told):
    tell_of_identity(guest, how="mail", where="Bellwether Cycles")
    assert last(told["open"]).data == {"how": "mail", "site": "Bellwether Cycles"}
    assert last(told["solved"]).type == "ticket.resolved"


def test_merging_asks_no_question_per_ticket_but_for_the_open(guest, told, carla, django_assert_max_num_queries: Any):
    resolve_ticket(told["open"], by=None, root_cause=None)
    with django_assert_max_num_queries(29):  # four for what making good holds of them
        merge(guest, carla)
