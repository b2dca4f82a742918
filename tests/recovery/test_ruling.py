"""The rules of making good: who changes them, what they may be, and the switch that stops everything."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import Desk
from recovery.actions import change_policy, go_on, set_prices, stop_everything
from recovery.forms.ruling import PolicyForm
from recovery.models import Policy

pytestmark = pytest.mark.django_db


def as_typed(**changes: str) -> dict[str, str]:
    """The form as it stands there, as a browser sends it back."""
    form = PolicyForm(policy=Policy.current())
    values = {name: form[name].value() for name in form.fields}
    shown = {name: value.strftime("%H:%M") if isinstance(value, time) else str(value) for name, value in values.items()}
    return shown | changes


def test_rules_and_prices_are_set(sue, desk_row):
    change_policy(by=sue, target_give=3, target_gap=2, cap_percent=120, variants={"money": 30, "choice": 70})
    set_prices(by=sue, prices={"trip": Decimal("22.50")})
    policy = Policy.current()
    assert (policy.target, policy.cap_percent, policy.price_of("trip")) == (Decimal("1.5"), 120, Decimal("22.50"))
    assert policy.price_of("waiting") == 4
    assert Policy.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_give": 2},
        {"target_gap": 0, "target_give": 4},
        {"cap_percent": 0},
        {"hassle_threshold": Decimal(-1)},
        {"customer_cap": Decimal("0.001")},
        {"first_touch_hours": 0},
        {"resolution_hours": 1},
        {"holdout_percent": 51},
        {"variants": {"money": 60, "choice": 60}},
        {"variants": {"gold": 10}},
        {"variants": {"money": -1}},
        {"variants": [1]},
    ],
)
def test_what_cannot_be_is_refused(sue, desk_row, wrong):
    with pytest.raises(ValidationError):
        change_policy(by=sue, **wrong)


@pytest.mark.parametrize("prices", [{"trip": Decimal(-1)}, {"fun": Decimal(1)}, {"trip": Decimal("NaN")}])
def test_a_price_is_an_amount(sue, desk_row, prices):
    with pytest.raises(ValidationError):
        set_prices(by=sue, prices=prices)


def test_no_cents_where_the_currency_has_none(sue, desk_row):
    Desk.objects.update(currency="JPY")
    with pytest.raises(ValidationError):
        set_prices(by=sue, prices={"trip": Decimal("1.50")})


def test_who_may_what(alice, lea, sue, desk_row):
    for who in (alice, lea):
        with pytest.raises(PermissionDenied):
            change_policy(by=who, cap_percent=100)
        with pytest.raises(PermissionDenied):
            set_prices(by=who, prices={"trip": Decimal(1)})
    with pytest.raises(PermissionDenied):
        stop_everything(by=alice)
    stop_everything(by=lea)
    with pytest.raises(PermissionDenied):
        go_on(by=lea)
    assert Policy.current().is_stopped
    go_on(by=sue)
    assert not Policy.current().is_stopped


def test_who_stopped_first_is_remembered(lea, sue, desk_row):
    first = stop_everything(by=lea)
    assert stop_everything(by=sue).stopped_by == lea
    assert Policy.current().stopped_at == first.stopped_at


def test_the_page_says_each_rule_and_saves_them_together(client, sue, desk_row):
    client.force_login(sue)
    page = reverse("recovery:policy")
    html = client.get(page).content.decode()
    for words in ("Haesevoets", "Halperin", "Maxham", "Gelbrich", "Made a trip for nothing"):
        assert words in html
    assert client.post(page, as_typed(cap_percent="140", price_trip="20")).status_code == 302
    assert (Policy.current().cap_percent, Policy.current().price_of("trip")) == (140, 20)
    response = client.post(page, as_typed(cap_percent="130", price_trip="1.234"))
    assert response.status_code == 422
    assert "Write an amount of EUR" in response.content.decode()
    assert Policy.current().cap_percent == 140


def test_a_german_writes_commas(client, sue, desk_row):
    sue.language = "de"
    sue.save()
    client.force_login(sue)
    assert client.post(reverse("recovery:policy"), as_typed(price_trip="12,50")).status_code == 302
    assert Policy.current().price_of("trip") == Decimal("12.50")


@pytest.mark.parametrize(("field", "value"), [("share_money", "101"), ("quiet_until", "20:00"), ("target_give", "1")])
def test_what_is_wrong_is_said_beside_its_field(client, sue, desk_row, field, value):
    client.force_login(sue)
    response = client.post(reverse("recovery:policy"), as_typed(**{field: value}))
    assert response.status_code == 422
    assert f"id_{field}_error" in response.content.decode()


def test_one_press_stops_everything_and_a_manager_lets_it_go_on(client, lea, sue, desk_row):
    client.force_login(lea)
    assert "Stop everything now" in client.get(reverse("recovery:switch")).content.decode()
    client.post(reverse("recovery:stop"))
    html = client.get(reverse("recovery:switch")).content.decode()
    assert "Everything is stopped" in html
    assert "A manager lets it go on." in html
    client.force_login(sue)
    client.post(reverse("recovery:go_on"))
    assert not Policy.current().is_stopped


@pytest.mark.parametrize("page", ["queue", "decisions", "approvals", "ledger"])
def test_every_page_of_the_queue_says_that_it_is_stopped(client, lea, sue, desk_row, page):
    client.force_login(lea)
    assert "Stopped by" not in client.get(reverse(f"recovery:{page}")).content.decode()
    stop_everything(by=sue)
    assert "Stopped by Sue Sato" in client.get(reverse(f"recovery:{page}")).content.decode()
