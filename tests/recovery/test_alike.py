"""The same failure, a different remedy: what is counted, what is asked, and what only a few cases do not say."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.models import Company, Customer
from recovery.actions import close_case
from recovery.actions.offering import accept_offer
from recovery.models import Arm, Case, Failure, Offer, Trigger
from recovery.queries.alike import AGENT, alike, key_of, lines, settled, strata
from recovery.queries.beyond import course
from tests.recovery.offering import drafted, failed, sent
from tickets.actions import open_ticket
from tickets.models import Ticket


def wronged(team, name="Ida", *, channel="email", **more: Any) -> Ticket:
    customer = Customer.objects.create(name=name, **more)
    customer.addresses.create(email=f"c{customer.pk}@example.org", proof="proved")
    return open_ticket(customer, by=customer, subject="Tyre", body="It is flat.", channel=channel, team=team)


def of_period(viewer, days=90):
    return settled(viewer, now=timezone.now(), days=days)


def many(team, by, count, *, ratio, severity=3, **more: Any) -> list[Case]:
    """Cases of one agent with an offer each, as their rows are; the money of each goes through no door here."""
    found, now = [], timezone.now()
    for number in range(count):
        ticket = wronged(team, f"{by.name} {number}", **more)
        Failure.objects.create(
            ticket=ticket, kind="product", severity=severity, is_our_fault=True, currency="EUR", value=100, loss=10,
            noted_at=now, changed_at=now,
        )  # fmt: skip
        case = Case.objects.create(
            ticket=ticket, customer=ticket.customer, owner=by, trigger=Trigger.AGENT, opened_at=now,
            contact_due_at=now, resolution_due_at=now, state="offered",
        )  # fmt: skip
        offer = Offer.objects.create(
            case=case, by=by, currency="EUR", gap=10, words="Sorry", state="expired", sent_at=now, expires_at=now
        )
        offer.options.create(kind="credit", words="Back", value=Decimal(str(ratio)) * 10)
        found.append(case)
    return found


# --- What is counted ---
def test_the_last_offer_that_left_counts_at_its_dearest_option(ticket, alice, sue):
    case = failed(ticket, alice)
    offer = sent(case, alice, "20", "10")
    accept_offer(offer, option=offer.options.all()[1], by=ticket.customer)
    (one,) = of_period(sue)
    gap = Offer.objects.get().gap
    assert (one.offered, one.gap, one.agent, one.stratum) == (Decimal(20), gap, alice.pk, ("product", 3))
    assert one.ratio == (20 / gap).quantize(Decimal("0.01"))


def test_what_never_left_is_not_counted(ticket, alice, sue):
    drafted(failed(ticket, alice), alice, "20")
    assert of_period(sue) == []


def test_closed_without_an_offer_is_nothing_offered(ticket, alice, sue):
    case = failed(ticket, alice)
    assert of_period(sue) == []  # it may come
    close_case(case, by=alice, note="No answer")
    (one,) = of_period(sue)
    assert (one.offered, one.gap, one.ratio, one.agent) == (0, None, 0, case.owner_id)


@pytest.mark.parametrize("fault", [False, None])
def test_only_failures_of_our_own(ticket, alice, sue, fault):
    close_case(failed(ticket, alice, fault=fault), by=alice, note="Explained")
    assert of_period(sue) == []


def test_where_nothing_was_lost_nothing_is_owed(ticket, alice, sue):
    close_case(failed(ticket, alice, loss="0"), by=alice, note="Explained")
    assert of_period(sue) == []


def test_who_was_held_out_by_lot_is_not_compared(ticket, alice, sue):
    case = failed(ticket, alice)
    sent(case, alice, "20")
    Case.objects.update(arm=Arm.HOLDOUT)
    assert of_period(sue) == []


def test_only_of_the_period_and_of_what_the_reader_may_see(ticket, alice, lea, charlie, sue, shop):
    sent(failed(ticket, alice), alice, "20")
    assert [one.ticket for one in of_period(lea)] == [ticket.pk]
    charlie.role = "lead"
    assert of_period(charlie) == []
    Case.objects.update(opened_at=timezone.now() - timedelta(days=91))
    assert of_period(sue) == []
    assert len(of_period(sue, days=365)) == 1


# --- How customers are told apart ---
def test_by_what_there_is_of_a_customer(workshop, alice, sue):
    firm = Company.objects.create(name="Spokes")
    one = wronged(workshop, company=firm, locale="de-AT", channel="phone")
    two = wronged(workshop, "Jo")
    again = open_ticket(two.customer, by=two.customer, subject="More", body="More.", channel="chat", team=workshop)
    for ticket in (one, again):
        sent(failed(ticket, alice), alice, "20")
    first, second = of_period(sue)
    assert [key_of(first, by) for by in ("company", "language", "known", "channel")] == ["with", "de", "new", "phone"]
    assert [key_of(second, by) for by in ("company", "language", "known", "channel")] == ["none", "", "known", "chat"]


def test_a_guest_of_theirs_makes_them_known(workshop, alice, sue):
    ticket = wronged(workshop)
    sent(failed(ticket, alice), alice, "20")
    assert not of_period(sue)[0].is_known
    earlier = wronged(workshop, "Guest", merged_into=ticket.customer)
    Ticket.objects.filter(pk=earlier.pk).update(created_at=ticket.created_at - timedelta(days=1))
    assert of_period(sue)[0].is_known


# --- What is asked ---
def test_an_agent_is_a_question_only_with_enough_cases_and_a_clear_difference(workshop, alice, bob, sue):
    many(workshop, bob, 12, ratio=1.4)
    many(workshop, alice, 9, ratio=0.2)
    few = alike(sue, now=timezone.now(), days=90)
    assert (few.agents, few.agents_with_enough, few.questions) == (2, 0, [])
    many(workshop, alice, 1, ratio=0.2)
    found = alike(sue, now=timezone.now(), days=90)
    assert found.agents_with_enough == 2
    assert [(one.label, one.is_more) for one in found.questions] == [("Alice Arden", False), ("Bob Bakker", True)]


def test_another_severity_is_another_failure(workshop, alice, bob, sue):
    many(workshop, bob, 12, ratio=1.4, severity=4)
    many(workshop, alice, 12, ratio=0.2, severity=2)
    assert alike(sue, now=timezone.now(), days=90).agents_with_enough == 0


def test_lines_stand_by_name_and_not_by_what_is_given(workshop, alice, bob, sue):
    many(workshop, bob, 3, ratio=9)
    many(workshop, alice, 2, ratio=1)
    found = of_period(sue)
    assert [one.label for one in lines(found, AGENT)] == ["Alice Arden", "Bob Bakker"]
    (stratum,) = strata(found, AGENT, str(bob.pk))
    assert (len(stratum.theirs), len(stratum.others)) == (3, 2)


# --- Over time ---
def test_each_week_has_its_median_and_its_number(ticket, alice, sue):
    case = failed(ticket, alice)
    offer = sent(case, alice, "20", "10")
    accept_offer(offer, option=offer.options.all()[0], by=ticket.customer)
    found = course(Case.objects.all(), now=timezone.now(), days=90, target=Decimal("1.33"))
    assert found.unit == "week"
    assert len(found.bars) in (13, 14)
    assert [one.n for one in found.bars][-1] == 1
    assert sum(one.n for one in found.bars) == 1
    last = found.bars[-1]
    assert last.median == pytest.approx(Decimal(20) / Offer.objects.get().gap, abs=Decimal("0.01"))
    assert last.is_few
    assert 0 < last.width <= found.wide
    assert found.even == found.wide // 2  # the scale reaches twice the gap at least
    by_month = course(Case.objects.all(), now=timezone.now(), days=365, target=Decimal("1.33"))
    assert by_month.unit == "month"
    assert len(by_month.bars) in (12, 13)
    assert by_month.bars[-1].n == 1


def test_a_week_begins_on_monday_where_the_reader_is(ticket, alice):
    offer = sent(failed(ticket, alice), alice, "20")
    accept_offer(offer, option=offer.options.get(), by=ticket.customer)
    monday = datetime(2026, 3, 2, 0, 30, tzinfo=ZoneInfo("Pacific/Auckland"))  # still Sunday in Europe
    Offer.objects.update(ended_at=monday)
    for zone, day in (("Pacific/Auckland", 2), ("Europe/Amsterdam", 23)):
        with timezone.override(zone):
            found = course(Case.objects.all(), now=monday + timedelta(days=20), days=30, target=Decimal(1))
            assert [timezone.localtime(one.start).day for one in found.bars if one.n] == [day]


# --- The pages ---
@pytest.fixture
def uneven(workshop, alice, bob):
    many(workshop, bob, 12, ratio=1.4)
    many(workshop, alice, 12, ratio=0.2)


def test_the_report_asks_and_leads_to_the_very_cases(client, uneven, alice, sue):
    client.force_login(sue)
    text = client.get(reverse("recovery:report")).text
    assert "Why is less offered in the cases of Alice Arden" in text
    assert "median 0.2× of the gap (n 12); others 1.4× (n 12)" in text
    address = f"{reverse('recovery:same_failure')}?by=agent&of={alice.pk}&days=90"
    assert address.replace("&", "&amp;") in text
    page = client.get(address)
    assert page.status_code == 200
    for case in Case.objects.all():
        assert reverse("tickets:show", args=[case.ticket_id]) in page.text


def test_the_page_of_a_group_asks_the_database_as_often_for_many_as_for_few(
    client, uneven, alice, sue, django_assert_max_num_queries
):
    client.force_login(sue)
    with django_assert_max_num_queries(12):
        client.get(reverse("recovery:same_failure"), {"by": "agent", "of": alice.pk})


@pytest.mark.parametrize(
    "asked", [{}, {"by": "agent"}, {"by": "speed", "of": "1"}, {"by": "agent", "of": "x"}, {"by": "known", "of": ""}]
)
def test_what_is_no_group_is_not_found(client, uneven, sue, asked):
    client.force_login(sue)
    assert client.get(reverse("recovery:same_failure"), asked).status_code == 404


def test_a_lead_of_another_team_finds_none_of_it(client, uneven, alice, charlie):
    charlie.role = "lead"
    charlie.save(update_fields=["role"])
    client.force_login(charlie)
    assert "Alice" not in client.get(reverse("recovery:report")).text
    address = reverse("recovery:same_failure")
    assert client.get(address, {"by": "agent", "of": alice.pk}).status_code == 404


def test_few_cases_say_so(client, ticket, alice, sue):
    sent(failed(ticket, alice), alice, "20")
    client.force_login(sue)
    text = client.get(reverse("recovery:report")).text
    assert "nobody has 10 cases that can be held against 10 of others" in text
    page = client.get(reverse("recovery:same_failure"), {"by": AGENT, "of": alice.pk})
    assert "below 10 cases on one side" in page.text
    assert "compared with nothing" in page.text
