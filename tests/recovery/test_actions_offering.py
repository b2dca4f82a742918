"""Offers: drafted, sent, answered, withdrawn, expired, done; and what the ledger says at each of these."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from outbox.models import Mail, MailState
from recovery.actions import note_failure
from recovery.actions.offering import (
    OptionDraft,
    accept_offer,
    change_offer,
    decline_offer,
    draft_offer,
    expire_offer,
    mark_done,
    send_offer,
    withdraw_offer,
)
from recovery.models import Approval, Case, LedgerEntry, Offer, Option, Policy, Pool, Rate, Remedy, RemedyKind, Voucher
from recovery.queries.offers import offer_of
from tests.recovery.offering import credit, drafted, failed, sent, steps
from tickets.actions import open_ticket
from tickets.models import Event

pytestmark = pytest.mark.django_db
LATER = timedelta(days=15)


@pytest.fixture
def case(ticket, alice) -> Case:
    return failed(ticket, alice)


def code_of(caught: Any) -> str:
    return str(caught.value.code)


# --- From the draft to the end ------------------------------------------------------------
def test_an_offer_is_drafted_with_what_is_missing(case, alice):
    offer = drafted(case, alice, "20", "25")
    assert (offer.state, offer.version, offer.currency, offer.gap) == ("draft", 1, "EUR", Decimal(30))
    assert [option.value for option in offer.options.all()] == [Decimal(20), Decimal(25)]
    assert steps(offer) == []
    assert Event.objects.get(ticket=case.ticket, type="offer.drafted").by_user == alice


def test_sending_reserves_the_dearest_and_writes_the_mail(case, alice):
    offer = sent(case, alice, "20", "25")
    assert offer.state == "sent"
    assert steps(offer) == [("reserve", Decimal(25))]
    assert offer.ledger.get().by == alice
    mail = Mail.objects.get(dedupe_key=f"offer-{offer.pk}")
    token = mail.text.split("/offer/")[1].split("/")[0]
    assert offer_of(token) == offer
    case.refresh_from_db()
    assert case.state == "offered"


def test_choosing_issues_what_was_chosen_and_doing_it_redeems_it(case, alice, carla):
    offer = sent(case, alice, "20", "25")
    accept_offer(offer, option=offer.options.all()[0], by=carla)
    assert steps(offer) == [("reserve", Decimal(25)), ("issue", Decimal(20))]
    mark_done(offer, by=alice, note="Credited")
    assert steps(offer)[2:] == [("redeem", Decimal(20))]
    case.refresh_from_db()
    assert case.state == "accepted"
    types = list(Event.objects.filter(ticket=case.ticket, type__startswith="offer.").values_list("type", flat=True))
    assert types == ["offer.drafted", "offer.sent", "offer.accepted", "offer.done"]


def test_accepting_twice_answers_the_first_choice(case, alice, carla):
    offer = sent(case, alice, "20", "25")
    first, second = offer.options.all()
    accept_offer(offer, option=first, by=carla)
    again = accept_offer(offer, option=second, by=carla)
    assert again.chosen == first
    assert steps(offer) == [("reserve", Decimal(25)), ("issue", Decimal(20))]
    assert decline_offer(offer, by=carla, answer="no").state == "accepted"


def test_doing_it_twice_redeems_it_once(case, alice, carla):
    offer = sent(case, alice)
    accept_offer(offer, option=offer.options.get(), by=carla)
    mark_done(offer, by=alice)
    mark_done(offer, by=None)
    assert [step for step, _ in steps(offer)] == ["reserve", "issue", "redeem"]


@pytest.mark.parametrize("answer", ["just_fix", "call_me", "no"])
def test_declining_frees_what_was_reserved(case, alice, carla, answer):
    offer = sent(case, alice)
    decline_offer(offer, by=carla, answer=answer, note="+31 20 123 45 67")
    decline_offer(offer, by=carla, answer="no")
    offer.refresh_from_db()
    assert (offer.state, offer.answer, offer.answer_note) == ("declined", answer, "+31 20 123 45 67")
    assert steps(offer) == [("reserve", Decimal(20)), ("void", Decimal(20))]


def test_withdrawing_kills_the_link_and_the_mail_that_has_not_left(case, alice, carla):
    offer = sent(case, alice)
    withdraw_offer(offer, by=alice, note="A mistake")
    withdraw_offer(offer, by=alice)
    assert steps(offer) == [("reserve", Decimal(20)), ("void", Decimal(20))]
    assert Mail.objects.get(dedupe_key=f"offer-{offer.pk}").state == MailState.CANCELLED
    with pytest.raises(ValidationError) as caught:
        accept_offer(offer, option=offer.options.get(), by=carla)
    assert code_of(caught) == "gone"


def test_a_draft_that_is_withdrawn_never_was_in_the_ledger(case, alice):
    offer = drafted(case, alice)
    withdraw_offer(offer, by=alice)
    assert steps(offer) == []


def test_it_expires_only_when_its_time_is_over(case, alice, carla):
    offer = sent(case, alice)
    assert expire_offer(offer).state == "sent"
    with pytest.raises(ValidationError) as caught:
        accept_offer(offer, option=offer.options.get(), by=carla, at=timezone.now() + LATER)
    assert code_of(caught) == "expired"
    assert expire_offer(offer, at=timezone.now() + LATER).state == "expired"
    assert steps(offer) == [("reserve", Decimal(20)), ("expire", Decimal(20))]
    expire_offer(offer, at=timezone.now() + LATER)
    assert len(steps(offer)) == 2


def test_sending_again_is_a_new_version_and_the_old_link_dies(case, alice, carla):
    old = sent(case, alice, "20")
    new = change_offer(old, by=alice, words="Better:", options=[credit("22")])
    send_offer(new, by=alice)
    old.refresh_from_db()
    assert (old.state, new.version) == ("withdrawn", 2)
    assert old.nonce != new.nonce
    assert steps(old) == [("reserve", Decimal(20)), ("void", Decimal(20))]
    with pytest.raises(ValidationError):
        accept_offer(old, option=old.options.get(), by=carla)
    assert accept_offer(new, option=new.options.get(), by=carla).state == "accepted"


def test_sending_twice_is_once(case, alice):
    offer = sent(case, alice)
    send_offer(offer, by=alice)
    assert steps(offer) == [("reserve", Decimal(20))]
    assert Mail.objects.filter(dedupe_key=f"offer-{offer.pk}").count() == 1


def test_a_draft_is_changed_in_place(case, alice):
    offer = drafted(case, alice, "20")
    changed = change_offer(offer, by=alice, words="Other words", options=[credit("10"), credit("11")])
    assert (changed.pk, changed.version) == (offer.pk, 1)
    assert [option.value for option in changed.options.all()] == [Decimal(10), Decimal(11)]


def test_there_is_one_draft_in_a_case(case, alice, bob):
    drafted(case, alice)
    with pytest.raises(ValidationError) as caught:
        drafted(case, bob)
    assert code_of(caught) == "conflict"


# --- What cannot be offered ---------------------------------------------------------------
@pytest.mark.parametrize("fault", [None, False])
def test_whether_it_was_our_fault_is_answered_first(ticket, alice, fault):
    with pytest.raises(ValidationError) as caught:
        drafted(failed(ticket, alice, fault=fault), alice)
    assert code_of(caught) == "fault"


def test_the_cap_wins(case, alice):
    drafted(case, alice, "150")
    withdraw_offer(Offer.objects.get(), by=alice)
    with pytest.raises(ValidationError) as caught:
        drafted(case, alice, "150.01")
    assert code_of(caught) == "cap"


def test_the_cap_holds_when_the_price_was_corrected_after_drafting(case, alice):
    offer = drafted(case, alice, "20")
    note_failure(
        case.ticket,
        by=alice,
        kind="product",
        severity=3,
        currency="EUR",
        value=Decimal(10),
        loss=Decimal(1),
        is_our_fault=True,
    )
    with pytest.raises(ValidationError) as caught:
        send_offer(offer, by=alice)
    assert code_of(caught) == "cap"


HOSTILE = ["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "-1", "-0.01", "0.001", "19.999", "1e12", "99999999999999"]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_such_amount(case, alice, value):
    with pytest.raises(ValidationError) as caught:
        draft_offer(case, by=alice, words="x", options=[OptionDraft("credit", "x", Decimal(value))])
    assert code_of(caught) == "amount"
    assert not Offer.objects.exists()


@pytest.mark.parametrize(
    ("currency", "value", "fits"),
    [("JPY", "100", True), ("JPY", "99.5", False), ("KWD", "1.234", True), ("KWD", "1.2345", False)],
)
def test_amounts_are_in_the_currency_s_own_coins(ticket, alice, currency, value, fits):
    Rate.objects.create(currency=currency, rate=Decimal("0.01"), changed_at=timezone.now())
    case = failed(ticket, alice, currency=currency, value="1000", loss="100")
    options = [OptionDraft("credit", "x", Decimal(value))]
    if fits:
        assert draft_offer(case, by=alice, words="x", options=options).currency == currency
    else:
        with pytest.raises(ValidationError) as caught:
            draft_offer(case, by=alice, words="x", options=options)
        assert code_of(caught) == "amount"


@pytest.mark.parametrize(
    "options",
    [
        [],
        [credit("1")] * 4,
        [OptionDraft("bribe", "x", Decimal(1))],
        [OptionDraft("credit", " \x00\n", Decimal(1))],
        [OptionDraft("credit", "x" * 501, Decimal(1))],
        [OptionDraft("voucher", "x", Decimal(1))],
    ],
)
def test_no_such_options(case, alice, options):
    with pytest.raises(ValidationError):
        draft_offer(case, by=alice, words="x", options=options)


def test_a_currency_without_a_rate_cannot_be_held_against_the_gap(case, alice):
    with pytest.raises(ValidationError) as caught:
        drafted(case, alice, currency="USD")
    assert code_of(caught) == "currency"


def test_nothing_leaves_while_all_is_stopped(case, alice):
    offer = drafted(case, alice)
    Policy.objects.update_or_create(only_row=True, defaults={"is_stopped": True})
    with pytest.raises(ValidationError) as caught:
        send_offer(offer, by=alice)
    assert code_of(caught) == "stopped"


def test_a_second_apology_is_refused(case, alice, carla, workshop):
    apology = OptionDraft(RemedyKind.APOLOGY, "Our workshop’s lead says sorry", Decimal(0))
    send_offer(draft_offer(case, by=alice, words="Sorry.", options=[apology]), by=alice)
    other = open_ticket(carla, by=carla, subject="Again", body="Again.", channel="email", team=workshop)
    second = draft_offer(failed(other, alice), by=alice, words="Sorry.", options=[apology])
    with pytest.raises(ValidationError) as caught:
        send_offer(second, by=alice)
    assert code_of(caught) == "apology"
    change_offer(second, by=alice, words="Here:", options=[credit("5")])
    assert send_offer(second, by=alice).state == "sent"


def test_who_has_no_right_makes_no_offers(case, alice, carla, dora):
    offer = sent(case, alice)
    with pytest.raises(PermissionDenied):
        accept_offer(offer, option=offer.options.get(), by=dora)
    with pytest.raises(PermissionDenied):
        decline_offer(offer, by=dora, answer="no")
    carla.is_blocked = True
    with pytest.raises(PermissionDenied):
        accept_offer(offer, option=offer.options.get(), by=carla)


def test_an_option_of_another_offer_is_none(case, alice, carla, dora, workshop):
    offer = sent(case, alice)
    other = open_ticket(dora, by=dora, subject="x", body="x", channel="email", team=workshop)
    foreign = sent(failed(other, alice), alice).options.get()
    with pytest.raises(ValidationError) as caught:
        accept_offer(offer, option=foreign, by=carla)
    assert code_of(caught) == "invalid"


# --- Codes ----------------------------------------------------------------------------------
@pytest.fixture
def voucher(db) -> Remedy:
    pool = Pool.objects.create(name="Spring", currency="EUR", value=Decimal(10))
    Voucher.objects.bulk_create([Voucher(pool=pool, code=f"S-{number}") for number in range(2)])
    return Remedy.objects.create(kind="voucher", name="Voucher", words="A voucher", pool=pool)


def test_a_code_is_held_then_issued_or_put_back(case, alice, carla, voucher):
    options = [credit("5"), OptionDraft("voucher", "A voucher of €10", Decimal(10), voucher)]
    offer = send_offer(draft_offer(case, by=alice, words="x", options=options), by=alice)
    chosen = offer.options.get(kind="voucher")
    assert chosen.voucher.state == "held"
    accept_offer(offer, option=chosen, by=carla)
    assert Voucher.objects.get(option=chosen).state == "issued"


def test_a_code_that_was_not_chosen_goes_back(case, alice, carla, voucher):
    options = [credit("5"), OptionDraft("voucher", "A voucher of €10", Decimal(10), voucher)]
    offer = send_offer(draft_offer(case, by=alice, words="x", options=options), by=alice)
    accept_offer(offer, option=offer.options.get(kind="credit"), by=carla)
    assert Voucher.objects.filter(state="free", option=None).count() == 2


def test_without_a_code_nothing_is_sent(case, alice, voucher):
    options = [OptionDraft("voucher", "A voucher", Decimal(10), voucher)]
    offer = draft_offer(case, by=alice, words="x", options=options)
    Voucher.objects.update(state="void")
    with pytest.raises(ValidationError) as caught, transaction.atomic():
        send_offer(offer, by=alice)
    assert code_of(caught) == "no_vouchers"
    assert steps(offer) == []


def test_a_code_is_worth_what_it_is_worth(case, alice, voucher):
    with pytest.raises(ValidationError) as caught:
        draft_offer(case, by=alice, words="x", options=[OptionDraft("voucher", "x", Decimal(11), voucher)])
    assert code_of(caught) == "amount"


# --- What the database itself refuses -------------------------------------------------------
def entry(offer: Offer, step: str, amount: str, currency: str = "EUR") -> LedgerEntry:
    return LedgerEntry.objects.create(
        offer=offer, step=step, amount=Decimal(amount), currency=currency, own_currency="EUR", at=timezone.now()
    )


@pytest.mark.parametrize(
    ("before", "step", "amount", "currency"),
    [
        ([], "issue", "20", "EUR"),
        ([], "redeem", "20", "EUR"),
        ([], "void", "20", "EUR"),
        ([], "reserve", "20", "USD"),
        ([], "reserve", "-1", "EUR"),
        ([], "steal", "20", "EUR"),
        (["reserve"], "reserve", "20", "EUR"),
        (["reserve"], "issue", "20.01", "EUR"),
        (["reserve"], "redeem", "20", "EUR"),
        (["reserve"], "void", "19.99", "EUR"),
        (["reserve", "issue"], "redeem", "19", "EUR"),
        (["reserve", "issue"], "issue", "20", "EUR"),
        (["reserve", "issue", "redeem"], "void", "20", "EUR"),
        (["reserve", "void"], "issue", "20", "EUR"),
        (["reserve", "expire"], "void", "20", "EUR"),
    ],
)
def test_the_ledger_refuses_what_cannot_be(case, alice, before, step, amount, currency):
    offer = drafted(case, alice)
    for earlier in before:
        entry(offer, earlier, "20")
    with pytest.raises(IntegrityError), transaction.atomic():
        entry(offer, step, amount, currency)


def test_the_ledger_refuses_what_is_not_a_number(case, alice):
    offer = drafted(case, alice)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO recovery_ledgerentry (offer_id, step, amount, currency, own_currency, note, at)"
            " VALUES (%s, 'reserve', 'NaN', 'EUR', 'EUR', '', now())",
            [offer.pk],
        )


def test_what_is_written_stays(case, alice):
    offer = sent(case, alice)
    for change in (
        lambda: LedgerEntry.objects.update(amount=1),
        lambda: LedgerEntry.objects.all().delete(),
        lambda: Option.objects.update(value=1),
        lambda: Option.objects.all().delete(),
        lambda: Offer.objects.filter(pk=offer.pk).update(currency="USD"),
        lambda: Option.objects.create(offer=offer, position=2, kind="credit", words="x", value=500),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert steps(offer) == [("reserve", Decimal(20))]


def test_nobody_approves_their_own_not_even_in_the_database(case, alice, lea):
    offer = drafted(case, lea, "20")
    approval = Approval.objects.create(
        offer=offer, asked_by=alice, asked_at=timezone.now(), amount=20, due_at=timezone.now()
    )
    for decider in (alice, lea, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.filter(pk=approval.pk).update(
                state="granted", decided_by=decider, decided_at=timezone.now()
            )
