"""What the company gives, its codes, and the orders to its shop."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.outward import Answer, ForbiddenAddressError, UnreachableError
from recovery.actions import accept_offer, mark_done, send_offer
from recovery.actions.offering import OptionDraft, draft_offer
from recovery.actions.shopping import SHOPS_KINDS, set_hook, try_hook
from recovery.actions.stocking import (
    archive_pool,
    archive_remedy,
    change_remedy,
    create_pool,
    create_remedy,
    import_codes,
    move_remedy,
    read_codes,
    withdraw_codes,
)
from recovery.jobs import send_payouts
from recovery.models import Failure, Hook, Offer, Payout, Pool, Remedy, Voucher
from recovery.queries.remedies import fitting
from tests.recovery.offering import failed, sent, steps
from tickets.models import Event

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example/orders"


# --- Remedies ---
def remedy(sue: Any, **changes: Any) -> Remedy:
    usual = {
        "kind": "loan",
        "name": "Loan wheel",
        "words": "A loan wheel today\nFitted at home",
        "failures": ["product"],
    }
    return create_remedy(by=sue, **(usual | changes))


def test_remedies_are_suggested_for_what_they_fit_in_their_order(case, sue):
    second = remedy(sue, name="Second")
    first = remedy(sue, name="First", failures=[], value=Decimal(20))
    remedy(sue, name="For other failures", failures=["delay"])
    remedy(sue, name="For worse", severity_from=4)
    gone = remedy(sue, name="Gone")
    archive_remedy(gone, by=sue)
    move_remedy(first, by=sue, up=True)
    move_remedy(Remedy.objects.get(name="First"), by=sue, up=True)
    failure = Failure.objects.get(ticket=case.ticket)
    assert [one.name for one in fitting(failure)] == ["First", "Second"]
    archive_remedy(gone, by=sue, is_back=True)
    change_remedy(second, by=sue, kind="loan", name="Other", words="x", severity_to=2)
    assert [one.name for one in fitting(failure)] == ["First", "Gone"]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "bribe"},
        {"name": " "},
        {"name": "x" * 81},
        {"words": ""},
        {"words": "x" * 501},
        {"value": Decimal(-1)},
        {"value": Decimal("NaN")},
        {"value": Decimal("Infinity")},
        {"failures": ["product", "weather"]},
        {"severity_from": 5, "severity_to": 1},
        {"severity_to": 9},
        {"kind": "voucher"},
    ],
)
def test_what_is_no_remedy_is_refused(sue, changes):
    with pytest.raises(ValidationError):
        remedy(sue, **changes)
    assert not Remedy.objects.exists()


def test_managers_keep_the_list(alice, lea, sue, client):
    for user in (alice, lea):
        with pytest.raises(PermissionDenied):
            remedy(user)
    client.force_login(sue)
    form = {
        "kind": "gift",
        "name": "A bell",
        "words": "A brass bell",
        "value": "12,50",
        "severity_from": 1,
        "severity_to": 5,
    }
    assert client.post("/settings/recovery/remedies/new/", form).status_code == 422  # in English it is 12.50
    assert client.post("/settings/recovery/remedies/new/", form | {"value": "12.50"}).status_code == 302
    made = Remedy.objects.get()
    assert made.value == Decimal("12.50")
    assert "A bell" in client.get("/settings/recovery/remedies/").content.decode()
    page = client.get(f"/settings/recovery/remedies/{made.pk}/").content.decode()
    assert "A brass bell" in page
    client.post(f"/settings/recovery/remedies/{made.pk}/arrange/", {"do": "archive"})
    assert "A bell" not in client.get("/settings/recovery/remedies/").content.decode()
    assert "A bell" in client.get("/settings/recovery/remedies/?archived=1").content.decode()


# --- Codes ---
@pytest.fixture
def pool(sue) -> Pool:
    return create_pool(by=sue, name="Spring", currency="EUR", value=Decimal(15))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("A-111\nB-222\n", ["A-111", "B-222"]),
        ("\ufeffcode;value\r\nA-111;15\r\nB-222;15\r\n", ["A-111", "B-222"]),
        ("Code\nA-111\nA-111\n\n  B-222  \n", ["A-111", "B-222"]),
        ('"A-111","note, with comma"\n"B-222","x"', ["A-111", "B-222"]),
        ("A-111\t15\nB-222\t15", ["A-111", "B-222"]),
        ("", []),
        ("\x00", []),
    ],
)
def test_lists_of_codes_are_read_however_they_come(text, codes):
    assert read_codes(text) == codes


def test_codes_are_taken_in_once(pool, sue):
    first = import_codes(pool, by=sue, text="AAA-1\nBBB-2\nno code at all\nä\n" + "x" * 81)
    assert (first.added, first.known, len(first.bad)) == (2, 0, 3)
    again = import_codes(pool, by=sue, text="BBB-2\nCCC-3")
    assert (again.added, again.known, again.bad) == (1, 1, ())
    assert Voucher.objects.filter(pool=pool, state="free").count() == 3
    assert withdraw_codes(pool, by=sue) == 3
    assert import_codes(pool, by=sue, text="AAA-1").added == 0  # what was cancelled does not come back
    archive_pool(pool, by=sue)
    with pytest.raises(ValidationError):
        import_codes(pool, by=sue, text="DDD-4")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "Spring"},
        {"value": Decimal(0)},
        {"value": Decimal("0.001")},
        {"value": Decimal("NaN")},
        {"currency": "euro"},
        {"currency": "JPY", "value": Decimal("1.5")},
    ],
)
def test_what_is_no_stock_is_refused(pool, sue, changes):
    with pytest.raises(ValidationError):
        create_pool(by=sue, **({"name": "Autumn", "currency": "EUR", "value": Decimal(5)} | changes))


def test_a_manager_takes_a_file_in(client, sue, pool):
    client.force_login(sue)
    file = SimpleUploadedFile("codes.csv", b"code;x\nAAA-1;1\nBBB-2;2\n", content_type="text/csv")
    client.post(f"/settings/recovery/codes/{pool.pk}/", {"do": "import", "file": file})
    page = client.get(f"/settings/recovery/codes/{pool.pk}/").content.decode()
    assert "2 codes in stock" in page
    assert "AAA-1" not in page  # a code is money: no page lists them
    empty = client.post(f"/settings/recovery/codes/{pool.pk}/", {"do": "import"})
    assert empty.status_code == 422
    made = client.post("/settings/recovery/codes/", {"name": "B", "value": "5", "currency": "EUR", "warn_below": "3"})
    assert made.status_code == 302


def test_a_code_is_redeemed_with_what_was_promised(case, alice, sue, carla, pool):
    import_codes(pool, by=sue, text="AAA-1\nBBB-2")
    gift = create_remedy(by=sue, kind="voucher", name="Spring", words="A voucher", pool=pool)
    option = OptionDraft("voucher", "A voucher", Decimal(15), gift)
    offer = send_offer(draft_offer(case, by=alice, words="Sorry.", options=[option]), by=alice)
    accept_offer(offer, option=offer.options.get(), by=carla)
    mark_done(Offer.objects.get(), by=alice)
    assert [voucher.state for voucher in Voucher.objects.order_by("pk")] == ["redeemed", "free"]


# --- The shop ---
@pytest.fixture
def case(ticket, alice):
    return failed(ticket, alice)


@pytest.fixture
def shop(sue, monkeypatch) -> list[tuple[str, bytes, dict[str, str]]]:
    """What the shop was asked; it takes everything, until `answers` says otherwise."""
    asked: list[Any] = []
    shop_answers: list[Any] = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        asked.append((url, body, headers))
        answer = shop_answers.pop(0) if shop_answers else 200
        if isinstance(answer, BaseException):
            raise answer
        return Answer(answer, {})

    monkeypatch.setattr("recovery.actions.shopping.post_outward", post)
    set_hook(by=sue, url=SHOP, kinds=["credit", "refund", "voucher", "nothing"], is_on=True)
    asked_with = type("Asked", (list,), {})()
    asked_with.extend(asked)
    asked_with.answers = shop_answers
    asked_with.log = asked
    return asked_with


def chosen(case, alice, carla) -> Offer:
    offer = sent(case, alice, "20", "25")
    return accept_offer(offer, option=offer.options.last(), by=carla)


def test_what_was_chosen_is_ordered_once_signed_and_kept(case, alice, carla, shop):
    offer = chosen(case, alice, carla)
    assert send_payouts() == 1
    assert send_payouts() == 0
    url, body, headers = shop.log[0]
    order = json.loads(body)
    assert (url, order["kind"], Decimal(order["amount"]), order["currency"]) == (SHOP, "credit", 25, "EUR")
    assert order["customer"]["email"] == carla.email
    assert str(case.ticket_id) not in (order["reference"], order["id"])
    assert headers["Idempotency-Key"] == order["id"] == str(Payout.objects.get().pk)
    moment, mac = (part.partition("=")[2] for part in headers["Makegood-Signature"].split(","))
    secret = Hook.objects.get().secret.encode()
    assert mac == hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert [step for step, _ in steps(offer)] == ["reserve", "issue", "redeem"]
    assert Payout.objects.get().state == "done"


def test_only_what_the_shop_pays_out_is_ordered(sue, shop):
    assert Hook.objects.get().kinds == ["credit", "refund"]
    assert "voucher" not in SHOPS_KINDS


@pytest.mark.parametrize("trouble", [500, 503, 429, UnreachableError("timed out")])
def test_a_shop_that_is_away_is_asked_again_under_the_same_key(case, alice, carla, shop, trouble):
    offer = chosen(case, alice, carla)
    shop.answers[:] = [trouble, trouble]
    assert send_payouts() == 0
    assert send_payouts() == 0  # not at once
    waiting = Payout.objects.get()
    assert (waiting.state, waiting.attempts) == ("pending", 1)
    for _ in range(2):
        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            Payout.objects.filter(state="pending").update(next_at=timezone.now())
            send_payouts()
    assert {headers["Idempotency-Key"] for _, _, headers in shop.log} == {str(waiting.pk)}
    assert len(shop.log) == 3
    assert [step for step, _ in steps(offer)] == ["reserve", "issue", "redeem"]


def test_a_shop_that_stays_away_leaves_it_to_a_person(case, alice, carla, shop):
    offer = chosen(case, alice, carla)
    shop.answers[:] = [500] * 3
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        send_payouts()
    assert Payout.objects.get().state == "failed"
    assert Event.objects.filter(type="payout.failed").count() == 1
    mark_done(offer, by=alice)
    assert Payout.objects.get().state == "by_hand"
    assert [step for step, _ in steps(offer)] == ["reserve", "issue", "redeem"]


@pytest.mark.parametrize("refusal", [400, 404, 422, ForbiddenAddressError("10.0.0.1")])
def test_what_the_shop_refuses_is_told_once(case, alice, carla, shop, refusal):
    chosen(case, alice, carla)
    shop.answers[:] = [refusal]
    send_payouts()
    send_payouts()
    assert len(shop.log) == 1
    assert Event.objects.get(type="payout.failed").data["words"] == "25 back"


def test_a_worker_that_dies_while_the_shop_thinks_orders_again_under_the_same_key(case, alice, carla, shop):
    offer = chosen(case, alice, carla)
    shop.answers[:] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        send_payouts()
    assert Payout.objects.get().state == "sending"
    assert send_payouts() == 0  # its lease still runs
    with pytest.raises(ValidationError):
        mark_done(offer, by=alice)  # the shop may be paying this minute
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert send_payouts() == 1
    assert {headers["Idempotency-Key"] for _, _, headers in shop.log} == {str(Payout.objects.get().pk)}
    assert [step for step, _ in steps(offer)].count("redeem") == 1


def test_what_was_done_by_hand_is_not_ordered(case, alice, carla, shop):
    offer = chosen(case, alice, carla)
    mark_done(offer, by=alice)
    assert send_payouts() == 0
    assert shop.log == []


def test_a_shop_that_is_switched_off_is_asked_nothing(case, alice, carla, shop, sue):
    set_hook(by=sue, url=SHOP, kinds=["credit"], is_on=False)
    chosen(case, alice, carla)
    assert not Payout.objects.exists()


@pytest.mark.parametrize("url", ["http://shop.example/", "ftp://x", "shop", "", "https://", "javascript:alert(1)"])
def test_only_whole_https_addresses_are_kept(sue, url):
    with pytest.raises(ValidationError):
        set_hook(by=sue, url=url, kinds=["credit"], is_on=True)


def test_the_page_shows_the_secret_once_and_tries_the_shop(client, sue, alice, shop):
    Hook.objects.all().delete()
    client.force_login(sue)
    form = {"do": "save", "url": SHOP, "kinds": ["credit"], "is_on": "on"}
    page = client.post("/settings/recovery/shop/", form).content.decode()
    secret = Hook.objects.get().secret
    assert secret in page
    assert secret not in client.get("/settings/recovery/shop/").content.decode()
    assert secret not in client.post("/settings/recovery/shop/", form).content.decode()
    assert "It works" in client.post("/settings/recovery/shop/", {"do": "try"}).content.decode()
    assert json.loads(shop.log[0][1])["test"] is True
    client.post("/settings/recovery/shop/", {"do": "secret"})
    assert Hook.objects.get().secret != secret
    with pytest.raises(PermissionDenied):
        try_hook(Hook.objects.get(), by=alice)
