"""Two records are one person and, if one of us was wrong, two again; no browser sees more than it has proved."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts.models import Site
from chat.actions import identify_visitor, start_visit
from chat.models import AddressCode, Identity, Visitor
from customers.actions import block_customer, change_customer, claim_address, create_guest, find_by_email
from customers.models import Address, Customer
from tests.chat.conftest import arrive, signer
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    add_attachment,
    mark_seen,
    merge_customers,
    merge_guest,
    merge_ticket,
    open_ticket,
    post_message,
    preview_merge,
    rate_ticket,
    resolve_ticket,
    undo_customer_merge,
)
from tickets.models import CustomerMerge, Message, Ticket
from tickets.queries import find_customers, visible_customers

pytestmark = pytest.mark.django_db
# What every event moves on its ticket, and what is written anew by the clock.
MOVING = {"tickets_ticket": {"last_seq", "updated_at"}}
APART = {"tickets_customermerge", "tickets_wordsdue", "tickets_ticketwords"}


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def rows() -> dict[tuple[str, Any], dict[str, Any]]:
    """Every row of every table of customers, tickets and the chat."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^(customers|tickets|chat)_'")
        for (table,) in cursor.fetchall():
            if table in APART:
                continue
            cursor.execute(f'SELECT row_to_json(t) FROM "{table}" AS t')  # noqa: S608
            for (row,) in cursor.fetchall():
                kept = {name: value for name, value in row.items() if name not in MOVING.get(table, ())}
                found[table, row.get("id", row.get("number", row.get("ticket_id")))] = kept
    return found


def customer_named(name: str, email: str = "", proof: str = "proved") -> Customer:
    customer = create_guest(name=name)
    if email:
        Address.objects.create(customer=customer, email=email, proof=proof)
    return customer


def live_a_life(customer: Customer, chance: random.Random, site: Site, alice: Any, lea: Any, workshop: Any) -> None:
    """Some of everything that a customer may leave behind."""
    for number in range(chance.randint(0, 3)):
        words = {"body": chance.choice(["Hello", "Where is it?"]), "client_id": f"shared-{number}"}
        ticket = open_ticket(customer, by=customer, channel=chance.choice(["email", "chat"]), team=workshop, **words)
        if chance.random() < 0.5:
            file = add_attachment(SimpleUploadedFile("a.txt", b"a"), by=customer)
            post_message(ticket, by=customer, body="See", attachments=(str(file.pk),))
        if chance.random() < 0.7:
            post_message(ticket, by=alice, body="Hm", kind=chance.choice(["reply", "note"]))
        if chance.random() < 0.5:
            mark_seen(ticket, by=customer, seq=2)
        if chance.random() < 0.5:
            rate_ticket(again(ticket), by=customer, score=chance.randint(1, 5))
        if chance.random() < 0.4:
            resolve_ticket(again(ticket), by=alice, root_cause=None)
    if chance.random() < 0.5:
        add_attachment(SimpleUploadedFile("unsent.txt", b"u"), by=customer)
    if chance.random() < 0.5:
        claim_address(customer, email=chance.choice(["both@example.net", "carla@example.org", "one@example.net"]))
    if chance.random() < 0.5:
        change_customer(customer, by=lea, note=chance.choice(["likes bells", "", "rings twice"]))
    if chance.random() < 0.3:
        block_customer(customer, by=lea, is_blocked=True)
    for _ in range(chance.randint(0, 2)):
        if customer.addresses.identifying().exists():
            arrive(site, customer)
    if chance.random() < 0.5:
        Identity.objects.create(site=site, subject=f"sub-{customer.pk}", customer=customer)
        AddressCode.objects.create(customer=customer, email="x@example.net", digest="d")


@pytest.mark.parametrize("seed", range(12))
def test_undoing_restores_every_row(seed, site, alice, lea, workshop, desk_row):
    chance = random.Random(seed)  # noqa: S311
    one = customer_named(chance.choice(["", "Carla"]), "carla@example.org", chance.choice(["stated", "proved"]))
    two = customer_named(chance.choice(["", "C. Cortez"]), chance.choice(["", "c@example.org"]))
    for customer in (one, two):
        live_a_life(customer, chance, site, alice, lea, workshop)
    survivor, merged = chance.choice([(one, two), (two, one)])
    before, tickets = rows(), list(Ticket.objects.all())
    merge = merge_customers(survivor, merged=merged, by=lea)
    assert not Ticket.objects.filter(customer=merged).exists()
    assert not Message.objects.filter(by_customer=merged).exists()
    assert survivor.tickets.count() == len(tickets)
    for ticket in tickets:
        check_log(ticket)
    undo_customer_merge(merge, by=lea)
    after = rows()
    assert {key: after.get(key) for key in before} == before
    new = {key[0] for key in after.keys() - before.keys()}
    assert new <= {"tickets_event"}
    for ticket in tickets:
        check_log(ticket)


def test_the_open_tickets_of_both_say_so(ticket, carla, dora, lea, workshop):
    other = open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop)
    merge = merge_customers(carla, merged=dora, by=lea)
    for one in (ticket, other):
        event = last(one)
        assert (event.type, event.is_public, event.by) == ("customer.merged", False, lea)
        assert event.data == {"merge": merge.pk, "merged": dora.pk, "name": "Dora Diaz", "into": "Carla Cortez"}
    undo_customer_merge(merge, by=lea)
    assert log(other)[-2:] == ["customer.merged", "customer.unmerged"]


def test_what_is_known_wins_and_what_is_missing_is_taken_over(carla, dora, lea):
    Customer.objects.filter(pk=dora.pk).update(locale="de", note="likes bells", attributes={"plan": "gold", "a": 1})
    Customer.objects.filter(pk=carla.pk).update(note="rings twice", attributes={"a": 2})
    merge = merge_customers(carla, merged=dora, by=lea)
    carla.refresh_from_db()
    assert (carla.name, carla.locale, carla.note) == ("Carla Cortez", "de", "rings twice\nlikes bells")
    assert carla.attributes == {"plan": "gold", "a": 2}
    change_customer(carla, by=lea, note="changed since")
    undo_customer_merge(merge, by=lea)
    carla.refresh_from_db()
    assert (carla.locale, carla.note) == ("", "changed since")


def test_addresses_identify_the_survivor_and_nobody_is_doubled(carla, dora, lea):
    claim_address(carla, email="dora@example.org")
    merge = merge_customers(carla, merged=dora, by=lea)
    assert find_by_email("dora@example.org") == carla
    assert carla.addresses.filter(email="dora@example.org").count() == 1
    undo_customer_merge(merge, by=lea)
    assert find_by_email("dora@example.org") == dora
    assert carla.addresses.get(email="dora@example.org").proof == "claimed"


def test_what_is_said_meanwhile_on_a_moved_ticket_goes_back_with_it_and_what_is_new_stays(
    ticket, carla, dora, lea, workshop
):
    theirs = open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop)
    merge = merge_customers(carla, merged=dora, by=lea)
    post_message(theirs, by=Customer.objects.get(pk=carla.pk), body="More")
    new = open_ticket(carla, by=carla, body="New", channel="email", team=workshop)
    undo_customer_merge(merge, by=lea)
    assert again(theirs).customer == dora
    assert not Message.objects.filter(ticket=theirs, by_customer=carla).exists()
    assert again(new).customer == carla
    assert again(ticket).customer == carla
    check_log(theirs)


def test_a_ticket_that_goes_on_as_one_of_the_survivor_s_stays(ticket, carla, dora, lea, workshop):
    theirs = open_ticket(dora, by=dora, body="Mine", channel="email", team=workshop)
    merge = merge_customers(carla, merged=dora, by=lea)
    merge_ticket(theirs, by=lea, into=ticket)
    undo_customer_merge(merge, by=lea)
    assert again(theirs).customer == carla
    assert Message.objects.get(ticket=theirs).by_customer == carla


def test_the_merged_one_is_in_no_list(carla, dora, sue, lea, ticket):
    merge_customers(carla, merged=dora, by=lea)
    assert set(visible_customers(sue)) == {carla}
    assert set(find_customers(visible_customers(sue), "Dora")) == {carla}  # by the address that moved


def test_one_after_the_other_and_back_in_turn(carla, dora, lea):
    third = customer_named("Carla C.", "cc@example.org")
    first = merge_customers(dora, merged=third, by=lea)
    second = merge_customers(carla, merged=dora, by=lea)
    third.refresh_from_db()
    assert third.merged_into == carla
    with pytest.raises(ValidationError):
        undo_customer_merge(first, by=lea)
    undo_customer_merge(second, by=lea)
    undo_customer_merge(first, by=lea)
    third.refresh_from_db()
    assert third.merged_into is None
    assert find_by_email("cc@example.org") == third
    with pytest.raises(ValidationError):
        undo_customer_merge(first, by=lea)


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_only_leads_say_who_is_who(request, carla, dora, lea, who):
    by = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        merge_customers(carla, merged=dora, by=by)
    merge = merge_customers(carla, merged=dora, by=lea)
    with pytest.raises(PermissionDenied):
        undo_customer_merge(merge, by=by)


def test_nobody_is_merged_with_themselves_or_twice(carla, dora, lea):
    third = customer_named("Third", "third@example.org")
    merge_customers(carla, merged=dora, by=lea)
    for survivor, merged in ((carla, carla), (third, dora), (dora, third)):
        with pytest.raises(ValidationError):
            merge_customers(survivor, merged=merged, by=lea)
    assert CustomerMerge.objects.count() == 1


# --- Guests: what a browser shows ------------------------------------------------------------


@pytest.fixture
def guest(site) -> Customer:
    """Somebody of whom nothing is known, in a browser."""
    guest = create_guest(name="")
    arrive(site, guest)
    open_ticket(guest, by=guest, body="Hello?", channel="chat", site=site)
    return guest


def test_a_guest_keeps_what_is_the_guest_s_and_sees_nothing_else(guest, carla, chat_ticket, lea, site):
    own = guest.tickets.get()
    merge = merge_customers(carla, merged=guest, by=lea)
    assert merge.moved["stays"]
    guest.refresh_from_db()
    assert set(Ticket.objects.visible_to(guest)) == {own}
    assert set(Ticket.objects.visible_to(carla)) == {chat_ticket}
    assert guest.display_name == "Carla Cortez"
    post_message(own, by=guest, body="More")
    before = rows()
    undo_customer_merge(merge, by=lea)
    guest.refresh_from_db()
    assert guest.display_name == "Visitor"
    after = rows()
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {("customers_customer", guest.pk)}


def test_a_guest_cannot_be_the_one_who_stays(guest, carla, chat_ticket, lea):
    before = rows()
    with pytest.raises(ValidationError, match="Nobody has verified"):
        merge_customers(guest, merged=carla, by=lea)
    assert preview_merge(guest, merged=carla).problem
    phoned = create_guest(name="On the phone")
    with pytest.raises(ValidationError):
        merge_customers(guest, merged=phoned, by=lea)
    merge_customers(phoned, merged=guest, by=lea)
    assert {key: row for key, row in rows().items() if key[0] == "tickets_ticket"} == {
        key: row for key, row in before.items() if key[0] == "tickets_ticket"
    }


def test_two_guests_see_each_their_own(guest, site, lea):
    other = create_guest(name="")
    arrive(site, other)
    theirs = open_ticket(other, by=other, body="Hi", channel="chat", site=site)
    merge_customers(guest, merged=other, by=lea)
    assert set(Ticket.objects.visible_to(other)) == {theirs}
    assert theirs not in Ticket.objects.visible_to(guest)


@pytest.mark.parametrize("is_survivor", [True, False])
def test_a_guest_who_proves_who_they_are_settles_it(guest, carla, dora, lea, site, is_survivor):
    """Whatever one of us has said of a guest, a signature moves everything and forgets the guest."""
    other = create_guest(name="")
    arrive(site, other)
    if is_survivor:
        merge_customers(guest, merged=other, by=lea)
    else:
        merge_customers(dora, merged=guest, by=lea)
    Visitor.objects.filter(customer=guest).delete()  # as whoever has seen the proof does first
    merge_guest(guest, into=carla, how="signature", where=site.name)
    assert not Customer.objects.filter(pk=guest.pk).exists()
    assert carla.tickets.count() == 1
    other.refresh_from_db()
    assert other.merged_into == (carla if is_survivor else None)
    connection.check_constraints()
    for merge in CustomerMerge.objects.all():
        undo_customer_merge(merge, by=lea)
    other.refresh_from_db()
    assert other.merged_into is None


def test_a_signature_means_the_survivor(site, carla, dora, lea):
    sign = signer(site)
    visit = start_visit(site)
    known = identify_visitor(visit.visitor, token=visit.token, proof=sign("7", email="dora@example.org"))
    assert known.customer == dora
    merge_customers(carla, merged=dora, by=lea)
    assert Visitor.objects.authenticate(known.token).customer == carla
    later = start_visit(site)
    assert identify_visitor(later.visitor, token=later.token, proof=sign("7")).customer == carla


def test_after_undoing_nobody_reads_on_by_the_other_one_s_proof(site, carla, dora, chat_ticket, lea):
    sign = signer(site)
    first = start_visit(site)
    first = identify_visitor(first.visitor, token=first.token, proof=sign("7", email="dora@example.org"))
    merge = merge_customers(carla, merged=dora, by=lea)
    later = start_visit(site)
    later = identify_visitor(later.visitor, token=later.token, proof=sign("7"))
    undo_customer_merge(merge, by=lea)
    assert Visitor.objects.authenticate(first.token).customer == dora
    assert Visitor.objects.authenticate(later.token) is None
    back = start_visit(site)
    assert identify_visitor(back.visitor, token=back.token, proof=sign("7")).customer == dora


def test_who_is_blocked_is_blocked_as_both(guest, carla, lea):
    merge = merge_customers(carla, merged=guest, by=lea)
    block_customer(carla, by=lea, is_blocked=True)
    guest.refresh_from_db()
    assert guest.is_blocked
    block_customer(carla, by=lea, is_blocked=False)
    guest.refresh_from_db()
    assert not guest.is_blocked
    undo_customer_merge(merge, by=lea)


def test_the_preview_says_what_would_move(carla, dora, ticket, lea, guest):
    before = rows()
    seen = preview_merge(dora, merged=carla)
    assert (seen.counts, seen.stays, seen.problem) == (
        {"tickets": 1, "addresses": 1, "browsers": 0, "signed identities": 0, "cases": 0},
        False,
        "",
    )
    assert preview_merge(carla, merged=guest).stays
    assert rows() == before
