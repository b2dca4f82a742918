"""Making an offer beside a ticket, deciding on one, the ledger's page, and the settings of money."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.test import Client

from customers.models import Customer
from recovery.actions.offering import accept_offer
from recovery.models import Allowance, Case, LedgerAlarm, Offer, Rate, Remedy, TeamBudget
from recovery.sheets import safe
from tests.recovery.offering import failed, sent, steps

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(
    *values: str, do: str = "send", words: str = "The wrong tyre\n\nWe are sorry.", **more: str
) -> dict[str, str]:
    data = {"words": words, "do": do}
    for row, value in enumerate(values):
        data |= {f"what-{row}": "kind:credit", f"words-{row}": f"{value} back", f"value-{row}": value}
    return data | more


def panel(client: Client, ticket) -> str:
    return client.get(f"/tickets/{ticket.number}/recovery/", headers={"HX-Request": "true"}).content.decode()


@pytest.fixture
def case(ticket, alice) -> Case:
    return failed(ticket, alice, value="60", loss="18")


def test_the_panel_offers_nothing_until_the_fault_is_known(ticket, alice):
    client = signed_in(alice)
    assert "offer-form" not in panel(client, ticket)
    failed(ticket, alice, fault=None)
    assert "offer-form" not in panel(client, ticket)


def test_the_form_begins_with_what_fits(case, alice):
    Remedy.objects.create(kind="redo", name="Only for service", words="We do it again", failures=["service"])
    loan = {"kind": "loan", "name": "Loan wheel", "words": "A loan wheel today", "value": 15, "position": 1}
    Remedy.objects.create(**loan, failures=["product"])
    Remedy.objects.create(kind="credit", name="Credit", words="Credit", failures=["product"], position=2)
    page = panel(signed_in(alice), case.ticket)
    assert "Only for service" not in page
    assert page.index("Loan wheel") < page.index("Credit")
    assert 'value="24"' in page  # four for three of 18


def test_an_offer_is_sent_from_the_panel(case, alice):
    client = signed_in(alice)
    answer = client.post(f"/tickets/{case.ticket_id}/recovery/offer/", typed("24", "20"))
    assert answer.status_code == 303
    offer = Offer.objects.get()
    assert (offer.state, steps(offer)) == ("sent", [("reserve", Decimal(24))])
    page = panel(client, case.ticket)
    assert "24 back" in page
    assert "1.33×" in page


def test_a_case_is_opened_by_whoever_makes_the_first_offer(case, alice):
    Case.objects.all().delete()
    signed_in(alice).post(f"/tickets/{case.ticket_id}/recovery/offer/", typed("24", do="draft"))
    assert Offer.objects.get().state == "draft"
    assert Case.objects.get().opened_by == alice


@pytest.mark.parametrize(
    "wrong",
    [
        typed(),
        typed("NaN"),
        typed("1e400"),
        typed("-1"),
        typed("24.999"),
        typed("99999999999999999999"),
        typed("90.01"),
        typed("24", words=""),
        typed("24", **{"words-0": ""}),
        typed("24", **{"value-0": ""}),
        typed("24", **{"what-0": "remedy:999999999999999999999"}),
        typed("24", **{"what-0": "kind:voucher"}),
        typed("24", **{"words-0": "x" * 501}),
    ],
)
def test_what_cannot_be_is_said_and_keeps_what_was_typed(case, alice, wrong):
    answer = signed_in(alice).post(f"/tickets/{case.ticket_id}/recovery/offer/", wrong)
    assert answer.status_code == 422
    assert not Offer.objects.exists()
    if wrong["words"]:
        assert "We are sorry." in answer.content.decode()


def test_a_failed_sending_leaves_no_draft_behind(case, alice, carla):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    answer = signed_in(alice).post(f"/tickets/{case.ticket_id}/recovery/offer/", typed("24"))
    assert answer.status_code == 422
    assert not Offer.objects.exists()


def test_the_preview_reckons_and_keeps_nothing(case, alice):
    address = f"/tickets/{case.ticket_id}/recovery/offer/preview/"
    page = signed_in(alice).post(address, typed("24", "90.01")).content.decode()
    assert "1.33×" in page
    assert "cap of 150" in page
    assert "We are sorry." in page
    page = signed_in(alice).post(address, typed("30")).content.decode()
    assert "Needs approval" in page
    assert not Offer.objects.exists()


def test_an_amount_is_typed_as_its_reader_writes_it(case, alice):
    alice.language = "de"
    alice.save(update_fields=["language"])
    signed_in(alice).post(f"/tickets/{case.ticket_id}/recovery/offer/", typed("24,50"))
    assert Offer.objects.get().options.get().value == Decimal("24.50")


def test_withdrawing_doing_and_what_they_said_by_phone(case, alice):
    client, address = signed_in(alice), f"/tickets/{case.ticket_id}/recovery/offer/"
    sent(case, alice, "10")
    assert client.post(address + "withdraw/", {"note": "A mistake"}).status_code == 303
    offer = sent(case, alice, "12")
    choice = str(offer.options.get().pk)
    for wrong in ("999999999999999999999", "nonsense", ""):
        assert client.post(address + "answer/", {"choice": wrong}).status_code == 422
    assert client.post(address + "answer/", {"choice": choice}).status_code == 303
    assert client.post(address + "done/", {"note": "Credited"}).status_code == 303
    assert [step for step, _amount in steps(offer)] == ["reserve", "issue", "redeem"]
    assert "Done on" in panel(client, case.ticket)


# --- Deciding -------------------------------------------------------------------------------
def test_all_that_is_needed_to_decide_is_on_one_page(case, alice, lea):
    offer = sent(case, alice, "60")
    page = signed_in(lea).get("/recovery/approvals/").content.decode()
    for words in ("Carla Cortez", "The tyre is wrong", "We are sorry", "€60.00", "€25.00", "18.00 missing"):
        assert words in page
    address = f"/recovery/approvals/{offer.pk}/"
    assert signed_in(lea).post(address, {"do": "refuse", "note": ""}).status_code == 422
    assert signed_in(lea).post(address, {"do": "nonsense"}).status_code == 422
    assert signed_in(lea).post(address, {"do": "approve"}).status_code == 303
    offer.refresh_from_db()
    assert offer.state == "sent"
    assert signed_in(lea).post(address, {"do": "refuse", "note": "Too late"}).status_code == 422


def test_a_lead_cannot_decide_on_another_team_s_offer(case, alice, shop):
    offer = sent(case, alice, "60")
    stranger = type(alice).objects.create_user("les@example.com", "x" * 12, name="Les", role="lead")
    stranger.teams.set([shop])
    assert "Carla" not in signed_in(stranger).get("/recovery/approvals/").content.decode()
    assert signed_in(stranger).post(f"/recovery/approvals/{offer.pk}/", {"do": "approve"}).status_code == 404


def test_one_s_own_is_shown_without_a_button(case, lea):
    sent(failed(case.ticket, lea, value="1000", loss="10"), lea, "201")
    page = signed_in(lea).get("/recovery/approvals/").content.decode()
    assert "your own offer" in page
    assert "Approve and send" not in page


# --- The ledger --------------------------------------------------------------------------------
def test_the_ledger_shows_entries_balances_and_budgets(case, alice, lea, workshop, carla):
    TeamBudget.objects.create(team=workshop, monthly=Decimal(500))
    offer = sent(case, alice, "24")
    accept_offer(offer, option=offer.options.get(), by=carla)
    page = signed_in(lea).get("/recovery/ledger/").content.decode()
    for words in ("Issued", "€24.00 of €500.00", "Chosen, not done"):
        assert words in page


def test_the_file_holds_no_formula(case, alice, lea, carla):
    Customer.objects.filter(pk=carla.pk).update(name="=HYPERLINK(1)")
    sent(case, alice, "24")
    answer = signed_in(lea).get("/recovery/ledger/export/")
    text = b"".join(answer).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["customer"] == "'=HYPERLINK(1)"
    assert (row["amount"], row["currency"], row["own_amount"], row["step"]) == ("24.00", "EUR", "24.00", "reserve")
    assert text.startswith('"at"')


@pytest.mark.parametrize("first", list("=+-@\t\r\n＝＋－＠"))
def test_no_cell_begins_a_formula(first):
    assert safe(f"{first}1+1").startswith("'")


def test_an_alarm_is_shown_to_managers_and_settled(case, alice, lea, sue):
    alarm = LedgerAlarm.objects.create(offer=sent(case, alice, "24"), what="missing|redeem|24|EUR")
    assert "The ledger lacks a step" not in signed_in(lea).get("/recovery/ledger/").content.decode()
    assert "The ledger lacks a step" in signed_in(sue).get("/recovery/ledger/").content.decode()
    address = f"/recovery/ledger/alarms/{alarm.pk}/"
    assert signed_in(sue).post(address, {"note": ""}).status_code == 422
    assert signed_in(sue).post(address, {"note": "A restore"}).status_code == 303
    alarm.refresh_from_db()
    assert alarm.note == "A restore"


# --- Settings -----------------------------------------------------------------------------------
def test_a_manager_sets_what_may_be_given(sue, workshop, lea, desk_row):
    client = signed_in(sue)
    base = "/settings/recovery/budgets/"
    assert client.get(base).status_code == 200
    client.post(base + "roles/agent/", {"agent-single": "30", "agent-weekly": "90"})
    assert Allowance.of(lea).single == 200
    assert Allowance.objects.get().single == 30
    client.post(
        base + f"teams/{workshop.pk}/", {f"team-{workshop.pk}-monthly": "400", f"team-{workshop.pk}-deputy": lea.pk}
    )
    budget = TeamBudget.objects.get()
    assert (budget.monthly, budget.deputy) == (400, lea)
    client.post(base + f"teams/{workshop.pk}/", {f"team-{workshop.pk}-monthly": ""})
    assert not TeamBudget.objects.exists()
    client.post(base + "rates/", {"currency": "usd", "rate": "0.92"})
    assert Rate.objects.get().rate == Decimal("0.92")
    assert "1 USD = 0.92 EUR" in client.get(base).content.decode()
    client.post(base + "rates/", {"currency": "USD", "do": "remove"})
    assert not Rate.objects.exists()


@pytest.mark.parametrize("amount", ["NaN", "1e400", "-1", "0.001", "99999999999999999", "x", ""])
def test_no_such_limit(sue, desk_row, amount):
    client, base = signed_in(sue), "/settings/recovery/budgets/"
    assert client.post(base + "roles/agent/", {"agent-single": amount, "agent-weekly": "90"}).status_code == 422
    if amount != "0.001":
        assert client.post(base + "rates/", {"currency": "USD", "rate": amount}).status_code == 422
    assert client.post(base + "rates/", {"currency": "EUR", "rate": "1"}).status_code == 422
    assert not Allowance.objects.exists()
    assert not Rate.objects.exists()


def test_nobody_below_a_manager_sets_them(lea, alice, workshop):
    for person in (lea, alice):
        for path in ("roles/agent/", f"teams/{workshop.pk}/", "rates/"):
            assert signed_in(person).post(f"/settings/recovery/budgets/{path}", {}).status_code == 403
