"""What people type beside a ticket where something went wrong: never a 5xx, and nothing runs."""

from __future__ import annotations

import pytest

from recovery.forms.ruling import PolicyForm
from recovery.models import Failure, HassleMark, Policy
from tests.hostile.conftest import browser_of, submit
from tests.hostile.payloads import FEW
from tickets.actions._rules import clean_line

pytestmark = pytest.mark.django_db
FAILURE = {
    "fault": "yes",
    "kind": "product",
    "severity": "3",
    "value": "60",
    "currency": "EUR",
    "loss": "3",
    "kept": "kept",
}
NUMBERS = {
    "huge": "9" * 400,
    "exponent": "1e999999999",
    "negative": "-0.0001",
    "no number": "NaN",
    "endless": "Infinity",
    "Arabic": "٣٫٥",
    "full width": "１２",
    "many places": "0." + "1" * 60,
    "two commas": "1,2,3",
    "underscore": "1_0",
    "hexadecimal": "0x10",
}


def test_a_sentence_of_anything(ticket, alice) -> None:
    browser, problems = browser_of(alice), []
    url = f"/tickets/{ticket.pk}/recovery/failure/"
    for kind, payload in FEW.items():
        answer = submit(browser, url, FAILURE | {"note": payload})
        if answer.status_code not in (303, 422):
            problems.append(f"{kind}: {answer.status_code}")
        if (
            "<" in payload
            and clean_line(payload, 500) in browser.get(f"/tickets/{ticket.pk}/recovery/").content.decode()
        ):
            problems.append(f"{kind}: shown as markup")
    timeline = (
        browser.get(f"/tickets/{ticket.pk}/").content.decode().partition('id="timeline"')[2].partition("</ol>")[0]
    )
    if "<script" in timeline:
        problems.append("shown as markup on the timeline")
    assert problems == []
    assert Failure.objects.exists()


@pytest.mark.parametrize("field", ["value", "loss", "currency", "severity"])
def test_anything_for_an_amount_or_a_choice(ticket, alice, field) -> None:
    browser, problems = browser_of(alice), []
    for kind, payload in (FEW | NUMBERS).items():
        answer = submit(browser, f"/tickets/{ticket.pk}/recovery/failure/", FAILURE | {field: payload})
        if answer.status_code not in (303, 422):
            problems.append(f"{kind}: {answer.status_code}")
    assert problems == []
    assert browser.get(f"/tickets/{ticket.pk}/recovery/").status_code == 200


def test_anything_for_a_mark(ticket, alice) -> None:
    browser, problems = browser_of(alice), []
    message = str(ticket.messages.get().pk)
    for kind, payload in (FEW | NUMBERS).items():
        for fields in ({"message": payload, "part": "trip"}, {"message": message, "part": payload}, {"fault": payload}):
            door = "fault" if "fault" in fields else "marks"
            answer = submit(browser, f"/tickets/{ticket.pk}/recovery/{door}/", fields)
            if answer.status_code not in (404, 422):
                problems.append(f"{door}, {kind}: {answer.status_code}")
    assert problems == []
    assert not HassleMark.objects.exists()


@pytest.mark.parametrize(
    "field", ["price_trip", "cap_percent", "quiet_from", "share_money", "customer_cap", "daily_cap"]
)
def test_anything_for_a_rule(desk_row, sue, field) -> None:
    browser, problems = browser_of(sue), []
    form = PolicyForm(policy=Policy.current())
    right = {name: str(form[name].value()) for name in form.fields}
    for kind, payload in (FEW | NUMBERS).items():
        answer = submit(browser, "/settings/recovery/", right | {field: payload})
        if answer.status_code not in (302, 422):
            problems.append(f"{kind}: {answer.status_code}")
    assert problems == []
    assert browser.get("/settings/recovery/").status_code == 200
