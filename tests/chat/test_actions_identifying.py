"""Who a guest is, because their site says so with its signature: threats 10 and 11 of the security list."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Site
from chat.actions import Identified, begin_conversation, identify_visitor, leave_address, rotate_secret, start_visit
from chat.identities import MAX_TOKEN_BYTES
from chat.models import AddressCode, Identity, PageView, Visitor, WidgetSettings
from customers.models import Address, Customer
from tests.chat.conftest import Sign, arrive
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import open_ticket, resolve_ticket
from tickets.models import Event, Message, Ticket

pytestmark = pytest.mark.django_db


def chat(visitor: Visitor, body: str = "Hello?", client_id: str = "c1") -> Ticket:
    return begin_conversation(visitor, body=body, client_id=client_id)


def identify(visitor: Visitor, token: str, proof: Any) -> Identified:
    return identify_visitor(visitor, token=token, proof=proof)


def holder(token: str) -> Visitor | None:
    return Visitor.objects.authenticate(token)


def everything() -> list[Any]:
    tables = (Customer, Address, Identity, Visitor, Ticket, Message, Event)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_a_secret_is_made_and_made_anew_by_who_manages_sites(site, adam, sue):
    first = rotate_secret(site, by=adam).secret
    assert WidgetSettings.of(site).secret == first
    second = rotate_secret(site, by=None).secret
    assert len({first, second}) == 2
    assert WidgetSettings.of(site).secret == second
    with pytest.raises(PermissionDenied):
        rotate_secret(site, by=sue)
    assert WidgetSettings.of(site).secret == second


# --- Somebody new --------------------------------------------------------------------------


def test_a_guest_becomes_known_and_keeps_what_they_said(site, sign):
    visitor, token = arrive(site)
    ticket = chat(visitor)
    guest = visitor.customer
    known = identify(visitor, token, sign(name="Carla Cortez", email="Carla@Example.org", attributes={"plan": "gold"}))
    assert known.customer == guest
    assert (known.customer.name, known.customer.attributes) == ("Carla Cortez", {"plan": "gold"})
    assert list(known.customer.addresses.values_list("email", "proof")) == [("carla@example.org", "proved")]
    assert list(Identity.objects.values_list("site", "subject", "customer")) == [(site.pk, "42", guest.pk)]
    assert log(ticket)[-1] == "customer.identified"
    assert last(ticket).data == {"how": "signature", "site": "Bellwether Cycles"}
    check_log(ticket)


def test_somebody_who_has_said_nothing_yet_is_known_too(site, sign):
    visitor, token = arrive(site)
    known = identify(visitor, token, sign(name="Carla"))
    assert (known.customer.name, known.customer.addresses.count()) == ("Carla", 0)
    assert Customer.objects.count() == 1


def test_what_a_guest_typed_gives_way_to_what_the_site_says(site, sign):
    visitor, token = arrive(site)
    chat(visitor)
    leave_address(visitor, email="carla@example.org", name="The Boss")
    known = identify(visitor, token, sign(name="Carla Cortez", email="carla@example.org"))
    assert known.customer.name == "Carla Cortez"
    assert list(known.customer.addresses.values_list("email", "proof")) == [("carla@example.org", "proved")]


# --- Somebody known ------------------------------------------------------------------------


def test_a_guest_joins_the_customer_of_their_address(site, sign, carla, chat_ticket):
    visitor, token = arrive(site)
    ticket, guest = chat(visitor, "Me again"), visitor.customer
    PageView.objects.create(visitor=visitor, url="https://shop.example/cart")
    AddressCode.objects.create(customer=guest, email="x@example.org", digest="x")
    known = identify(visitor, token, sign(name="C. C.", email="carla@example.org"))
    assert known.customer == carla
    assert known.customer.name == "Carla Cortez"  # as our people wrote it
    assert again(ticket).customer == carla
    assert set(Ticket.objects.visible_to(known.customer)) == {chat_ticket, ticket}
    assert not Customer.objects.filter(pk=guest.pk).exists()
    assert PageView.objects.get().visitor == known.visitor
    assert AddressCode.objects.get().customer == carla
    assert (last(ticket).type, last(ticket).by) == ("customer.identified", carla)
    assert last(chat_ticket).type == "message.posted"
    check_log(ticket)


def test_the_next_browser_of_the_same_person_joins_them_without_an_address(site, sign):
    first, token = arrive(site)
    mine = chat(first)
    carla = identify(first, token, sign()).customer
    second, token = arrive(site)
    other = chat(second, "From the phone", "c1")  # its own ids, which may be the same
    assert identify(second, token, sign()).customer == carla
    assert set(Ticket.objects.visible_to(carla)) == {mine, other}
    assert Identity.objects.count() == 1


def test_two_accounts_with_one_address_are_one_customer(site, sign, carla):
    for sub in ("42", "43"):
        visitor, token = arrive(site)
        assert identify(visitor, token, sign(sub, email="carla@example.org")).customer == carla
    assert carla.identities.count() == 2


def test_an_address_that_another_customer_has_stays_theirs(site, sign, carla, dora):
    visitor, token = arrive(site)
    identify(visitor, token, sign(email="carla@example.org"))
    visitor, token = arrive(site)
    assert identify(visitor, token, sign(email="dora@example.org")).customer == carla  # by the id, whatever else
    assert Address.objects.get(email="dora@example.org").customer == dora


def test_a_new_address_and_new_attributes_are_learned(site, sign, carla):
    visitor, token = arrive(site)
    identify(visitor, token, sign(email="carla@example.org", attributes={"plan": "gold"}))
    visitor, token = arrive(site)
    known = identify(visitor, token, sign(email="carla@new.example", attributes={"plan": "none"}))
    assert known.customer.email == "carla@new.example"
    assert known.customer.attributes == {"plan": "none"}
    visitor, token = arrive(site)
    assert identify(visitor, token, sign()).customer.attributes == {"plan": "none"}


def test_the_same_again_is_harmless(site, sign):
    visitor, token = arrive(site)
    ticket = chat(visitor)
    known = identify(visitor, token, sign(name="Carla", email="carla@example.org"))
    before = everything()
    again_known = identify(known.visitor, known.token, sign(name="Carla", email="carla@example.org"))
    assert (again_known.visitor, again_known.token) == (known.visitor, known.token)
    assert everything() == before
    assert log(ticket).count("customer.identified") == 1


def test_nothing_is_said_on_tickets_that_are_solved(site, sign, alice):
    visitor, token = arrive(site)
    ticket = chat(visitor)
    resolve_ticket(ticket, by=alice, root_cause=None)
    identify(visitor, token, sign())
    assert last(ticket).type == "ticket.resolved"


# --- Threat 11: tokens ---------------------------------------------------------------------


@pytest.mark.parametrize("email", [None, "carla@example.org"])
def test_the_token_from_before_is_worth_nothing(site, sign, carla, chat_ticket, email):
    """Whoever planted it in this browser, or copied it out of it, does not become Carla along with her."""
    visitor, planted = arrive(site)
    chat(visitor)
    known = identify(visitor, planted, sign(email=email))
    assert known.token != planted
    assert holder(planted) is None
    assert start_visit(site, token=planted).visitor.customer is None
    assert holder(known.token).customer == known.customer
    assert Visitor.objects.filter(customer=known.customer).count() == 1


def test_so_is_one_that_the_guest_had_in_another_browser(site, sign):
    visitor, token = arrive(site)
    chat(visitor)
    _, copied = arrive(site, visitor.customer)
    identify(visitor, token, sign())
    assert holder(copied) is None


def test_browsers_of_somebody_known_are_left_alone(site, sign, carla):
    first, token = arrive(site)
    at_home = identify(first, token, sign(email="carla@example.org"))
    second, token = arrive(site)
    at_work = identify(second, token, sign())
    assert {holder(at_home.token).customer, holder(at_work.token).customer} == {carla}
    assert len({at_home.token, at_work.token}) == 2


def test_a_new_browser_learns_what_the_old_one_told_of_itself(site, sign):
    visitor, token = arrive(site)
    Visitor.objects.filter(pk=visitor.pk).update(
        locale="de-AT", time_zone="Europe/Vienna", page_title="Cart", network_address="192.0.2.7"
    )
    new = identify(visitor, token, sign()).visitor
    new.refresh_from_db()
    told = (new.locale, new.time_zone, new.page_title, new.network_address)
    assert told == ("de-AT", "Europe/Vienna", "Cart", "192.0.2.7")


# --- A computer that several people use ----------------------------------------------------


def test_somebody_else_at_the_same_computer_gets_nothing_of_the_one_before(site, sign):
    visitor, token = arrive(site)
    ticket = chat(visitor)
    carla = identify(visitor, token, sign("carla"))
    PageView.objects.create(visitor=carla.visitor, url="https://shop.example/diary")
    dora = identify(carla.visitor, carla.token, sign("dora", name="Dora"))
    assert dora.customer != carla.customer
    assert not Ticket.objects.visible_to(dora.customer).exists()
    assert again(ticket).customer == carla.customer
    assert holder(carla.token) is None
    assert not PageView.objects.exists()
    assert Customer.objects.get(pk=carla.customer.pk).name == ""


def test_nor_of_one_who_had_proved_an_address_there(site, sign, carla, chat_ticket):
    visitor, token = arrive(site, carla)
    dora = identify(visitor, token, sign("dora"))
    assert dora.customer != carla
    assert carla.identities.count() == 0
    assert again(chat_ticket).customer == carla


def test_one_who_had_proved_the_very_address_is_the_same(site, sign, carla, chat_ticket):
    visitor, token = arrive(site, carla)
    known = identify(visitor, token, sign(email="carla@example.org"))
    assert known.customer == carla
    assert carla.identities.get().subject == "42"


# --- Threat 10: what is not signed shows and merges nothing -------------------------------


WRONG: dict[str, Callable[[Sign, Site], Any]] = {
    "none": lambda sign, site: None,
    "an address": lambda sign, site: "carla@example.org",
    "the claims unsigned": lambda sign, site: {"sub": "42", "email": "carla@example.org"},
    "a wrong one": lambda sign, site: sign(email="carla@example.org", key="w" * 43),
    "one that is over": lambda sign, site: sign(email="carla@example.org", lasts=-120),
    "one that lasts too long": lambda sign, site: sign(email="carla@example.org", lasts=90_000),
    "another site's": lambda sign, site: sign(email="carla@example.org", key=other_secret()),
    "another site's for itself": lambda sign, site: sign(email="carla@example.org", key=other_secret(), aud="other"),
    "ours for another site": lambda sign, site: sign(email="carla@example.org", aud="other"),
    "one without an end": lambda sign, site: sign(email="carla@example.org", exp=None),
    "one about nobody": lambda sign, site: sign(None, email="carla@example.org"),
    "one from before the secret was changed": lambda sign, site: (
        sign(email="carla@example.org"),
        rotate_secret(site, by=None),
    )[0],
    "none at all, as a token would be": lambda sign, site: jwt.encode({"sub": "42"}, "", algorithm="none"),
    "a giant": lambda sign, site: "e" * (MAX_TOKEN_BYTES + 1),
}


def other_secret() -> str:
    other, _ = Site.objects.get_or_create(name="Other", key="other")
    return WidgetSettings.objects.get_or_create(site=other)[0].secret


@pytest.mark.parametrize("wrong", WRONG)
def test_without_the_right_signature_nothing_is_shown_and_nothing_moves(site, sign, carla, chat_ticket, wrong):
    Identity.objects.create(site=site, subject="42", customer=carla)
    visitor, token = arrive(site)
    chat(visitor)
    leave_address(visitor, email="carla@example.org", name="Carla Cortez")
    proof = WRONG[wrong](sign, site)
    before = everything()
    with pytest.raises(PermissionDenied):
        identify(visitor, token, proof)
    assert everything() == before
    assert chat_ticket not in Ticket.objects.visible_to(holder(token).customer)


def test_a_site_that_has_made_no_secret_yet_believes_nobody(site):
    visitor, token = arrive(site)
    exp = int(time.time()) + 600
    for key in ("None".ljust(43), "x" * 43):
        with pytest.raises(PermissionDenied):
            identify(visitor, token, jwt.encode({"sub": "42", "aud": site.key, "exp": exp}, key, algorithm="HS256"))


def test_one_site_says_nothing_about_anothers_customers(site, sign, carla):
    other = Site.objects.create(name="Other", key="other")
    Identity.objects.create(site=other, subject="42", customer=carla)
    visitor, token = arrive(site)
    assert identify(visitor, token, sign("42")).customer != carla


def test_an_address_that_somebody_only_typed_finds_nobody(site, sign):
    liar, _ = arrive(site)
    chat(liar)
    leave_address(liar, email="carla@example.org")
    visitor, token = arrive(site)
    known = identify(visitor, token, sign(email="carla@example.org"))
    assert known.customer != liar.customer
    assert known.customer.email == "carla@example.org"


def test_a_blocked_guest_does_not_get_rid_of_the_block(site, sign, carla):
    visitor, token = arrive(site)
    chat(visitor)
    Customer.objects.filter(pk=visitor.customer.pk).update(is_blocked=True)
    with pytest.raises(PermissionDenied):
        identify(visitor, token, sign(email="carla@example.org"))


def test_a_blocked_customer_stays_blocked(site, sign, carla, chat_ticket):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    visitor, token = arrive(site)
    known = identify(visitor, token, sign(email="carla@example.org"))
    assert known.customer.is_blocked
    with pytest.raises(PermissionDenied):
        open_ticket(known.customer, by=known.customer, body="Hi", channel="chat")
