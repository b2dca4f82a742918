"""What is typed about cases, with every payload: never a 5xx, one line is kept, and nothing is markup on a page."""

from __future__ import annotations

from urllib.parse import quote

from recovery.models import Case, TriggerRule
from tests.hostile.conftest import browser_of, submit
from tests.hostile.payloads import FEW, typed
from tickets.actions._rules import clean_line


def test_every_word_about_a_case_is_words(alice, ticket):
    browser, at = browser_of(alice), f"/tickets/{ticket.pk}/recovery/case/"
    for payload in FEW.values():
        answer = submit(browser, f"{at}open/", {"note": payload})
        assert answer.status_code in (303, 422), payload[:40]
        assert browser.get(f"/tickets/{ticket.pk}/recovery/").status_code == 200
        assert browser.get("/recovery/").status_code == 200
        for case in Case.objects.all():
            assert case.why["note"] in (typed(payload), clean_line(payload, 500), payload.strip())
        Case.objects.all().delete()


def test_deeds_and_filters_take_what_they_know_and_nothing_else(alice, sue, ticket):
    browser = browser_of(alice)
    submit(browser, f"/tickets/{ticket.pk}/recovery/case/open/", {"note": "They sounded lost"})
    for payload in FEW.values():
        for fields in ({"do": payload}, {"do": "give", "user": payload}, {"do": "take", "user": payload}):
            assert submit(browser, f"/tickets/{ticket.pk}/recovery/case/", fields).status_code in (303, 422)
        for name in ("whose", "state", "trigger", "second", "outcome", "cursor"):
            asked = f"{name}={quote(payload.encode('utf-8', 'surrogatepass'))}"
            assert browser.get(f"/recovery/?{asked}").status_code == 200, asked[:60]
            assert browser.get(f"/recovery/decisions/?{asked}").status_code == 200, asked[:60]
    manager = browser_of(sue)
    for payload in FEW.values():
        said = {"trigger": "rating", "threshold": payload, "cooldown_days": payload}
        assert submit(manager, "/settings/recovery/triggers/", said).status_code in (302, 422)
        asked = f"threshold={quote(payload.encode('utf-8', 'surrogatepass'))}"
        assert manager.get(f"/settings/recovery/triggers/rating/preview/?{asked}").status_code == 200
    assert not TriggerRule.objects.exists()
