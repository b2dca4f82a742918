"""Words that the company says first: when, where, to whom, and how often."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import test_loader as loader
from tests.browser.looking import serious_findings
from tests.browser.test_loader import LAUNCHER, RETURNING, SPY, heard, until, visit
from tests.widget_client.fake_desk import DESK, FakeDesk

pytestmark = pytest.mark.browser
context, desk, stub, page = loader.context, loader.desk, loader.stub, loader.page  # the same shop


@pytest.fixture
def lab(page: Page, desk: FakeDesk) -> Page:
    """An empty page of the desk, to try modules by themselves."""
    page.goto(f"{DESK}/lab/")
    return page


@pytest.mark.parametrize(
    ("pattern", "path", "is_page"),
    [
        ("", "/anything", True),
        ("/cart", "/cart", True),
        ("/cart", "/cart/", True),
        ("/cart/", "/cart", True),
        ("/cart", "/cart/pay", False),
        ("/cart", "/my/cart", False),
        ("/shop/*", "/shop/tyres/42", True),
        ("/shop/*", "/shop", True),
        ("/shop/*", "/shopping", False),
        ("*/checkout", "/de/checkout", True),
        ("/a.c", "/abc", False),
        ("/(x", "/(x", True),
        ("/", "/", True),
        ("/", "/other", False),
        ("*", "/", True),
    ],
)
def test_a_rule_knows_its_pages(lab: Page, pattern: str, path: str, is_page: bool) -> None:
    found = lab.evaluate(
        "(asked) => import('/static/widget/proactive.js').then((m) => m.isPage(...asked))", [pattern, path]
    )
    assert found is is_page


RULES = [
    {"id": 1, "text": "Pro?", "page": "/cart", "seconds": 5, "conditions": {"plan": "pro"}, "hours_between": 24},
    {"id": 2, "text": "Cart?", "page": "/cart", "seconds": 20, "conditions": {}, "hours_between": 0},
]
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("state", "chosen"),
    [
        ({"path": "/", "seconds": 99}, {"wait": None}),
        ({"path": "/cart", "seconds": 3}, {"wait": 17}),
        ({"path": "/cart", "seconds": 3, "attributes": {"plan": "pro"}}, {"wait": 2}),
        ({"path": "/cart", "seconds": 6, "attributes": {"plan": "pro"}}, 1),
        ({"path": "/cart", "seconds": 25, "attributes": {"plan": "free"}}, 2),
        ({"path": "/cart", "seconds": 25, "attributes": {"plan": "pro"}, "said": {"1": 23 * HOUR}}, 2),
        ({"path": "/cart", "seconds": 25, "attributes": {"plan": "pro"}, "said": {"1": 24 * HOUR}}, 1),
        ({"path": "/cart", "seconds": 25, "said": {"2": 1e6 * HOUR}}, {"wait": None}),  # once only
        ({"path": "/cart", "seconds": 25, "said": {"2": -HOUR}}, {"wait": None}),  # a clock that was set back
    ],
)
def test_the_first_rule_that_fits_is_said(lab: Page, state: dict[str, Any], chosen: Any) -> None:
    found = lab.evaluate(
        """async ([rules, { said = {}, attributes = {}, ...state }]) => {
        const { choose } = await import("/static/widget/proactive.js");
        const now = 1e15;
        const saidAt = (id) => (id in said ? now - said[id] : null);
        return choose(rules, { ...state, attributes, saidAt, now });
        }""",
        [RULES, state],
    )
    assert (found["rule"]["id"] if "rule" in found else found) == chosen


def with_rules(context: BrowserContext, *rules: dict[str, Any]) -> list[str]:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body=json.dumps({"rules": rules}), content_type="application/json", headers=headers)

    context.route(re.compile(rf"{DESK}/widget/rules\.json.*"), answer)
    return asked


def rule(number: int, text: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "text": text, "page": "", "seconds": 0, "conditions": {}, "hours_between": 24} | fields


HINT = "makegood-widget .hint"


def test_two_rules_speak_where_they_are_meant_to(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    cart = rule(1, "Stuck? We are here.", page="/cart", conditions={"plan": "pro"})
    asked = with_rules(context, cart, rule(2, "Which size?\nWe know <b>tyres</b>.", page="/tyres/*"))
    visit(page, stub, "/cart", proactive="")
    until(page, lambda: asked == [f"{DESK}/widget/rules.json?site=bellwether"])
    page.wait_for_timeout(200)
    assert page.locator(HINT).count() == 0
    page.evaluate("Makegood.set({ attributes: { plan: 'pro' } })")
    expect(page.get_by_role("status").filter(has_text="Stuck? We are here.")).to_be_visible()
    expect(page.locator(HINT)).to_have_role("complementary")
    assert page.evaluate("document.activeElement === document.body")  # it takes nobody's focus
    assert serious_findings(page) == []
    assert page.locator("makegood-widget iframe").count() == 0
    page.evaluate("history.pushState(null, '', '/tyres/42')")
    expect(page.locator(HINT)).to_have_text("Which size?\nWe know <b>tyres</b>.")
    page.locator(HINT).get_by_role("button", name="Which size?").click()
    until(page, lambda: heard(page, "hello"))
    expect(page.locator("makegood-widget .panel")).to_be_visible()
    assert page.locator(HINT).count() == 0
    words = {"id": 2, "text": "Which size?\nWe know <b>tyres</b>."}
    assert [message["proactive"] for message in heard(page) if "proactive" in message] == [words]
    page.evaluate("Makegood.close(), history.pushState(null, '', '/cart')")
    page.wait_for_timeout(500)
    assert page.locator(HINT).count() == 0  # said today already


def test_one_message_on_a_page_and_a_press_away_again(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    with_rules(context, rule(1, "First"), rule(2, "Second"))
    visit(page, stub, proactive="")
    expect(page.locator(HINT)).to_have_text("First")
    page.locator(HINT).get_by_role("button", name="Close message").focus()
    page.keyboard.press("Escape")
    expect(page.locator(HINT)).to_have_count(0)
    assert page.evaluate("document.activeElement.shadowRoot?.activeElement?.className") == "launch"
    page.wait_for_timeout(300)
    assert page.locator(HINT).count() == 0
    page.reload()
    expect(page.locator(HINT)).to_have_text("Second")
    page.locator(HINT).get_by_role("button", name="Close message").click()
    page.reload()
    page.wait_for_timeout(600)
    assert page.locator(HINT).count() == 0


def test_how_often_is_not_kept_where_nothing_may_be_kept(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    with_rules(context, rule(1, "Hello!"))
    page.add_init_script(SPY)
    visit(page, stub, proactive="", consent="ask")
    expect(page.locator(HINT)).to_have_text("Hello!")
    page.evaluate("history.pushState(null, '', '/next')")
    expect(page.locator(HINT)).to_have_count(0)
    page.wait_for_timeout(400)
    assert page.locator(HINT).count() == 0  # remembered, as long as the page lives
    assert page.evaluate("touched") == []


def test_nothing_is_said_over_a_conversation(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    with_rules(context, rule(1, "Hello!"))
    page.add_init_script(RETURNING)
    stub.unread = {"unread": 0, "live": True}
    visit(page, stub, proactive="")
    until(page, lambda: page.locator("makegood-widget iframe").count() == 1)  # the chat goes on
    page.wait_for_timeout(500)
    assert page.locator(HINT).count() == 0
    stub.unread = {"unread": 1, "live": False}
    page.reload()
    expect(page.locator("makegood-widget .badge")).to_have_text("1")
    page.wait_for_timeout(500)
    assert page.locator(HINT).count() == 0
    stub.unread = {"unread": 0, "live": False}
    page.reload()
    expect(page.locator(HINT)).to_have_text("Hello!")
    page.evaluate("Makegood.open()")
    expect(page.locator(HINT)).to_have_count(0)


def test_only_seconds_that_somebody_looks_count(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    with_rules(context, rule(1, "Hello!", seconds=2))
    page.add_init_script(
        """window.seen = "hidden";
        Object.defineProperty(document, "visibilityState", { get: () => seen });
        window.look = (state) => { seen = state; document.dispatchEvent(new Event("visibilitychange")) };"""
    )
    page.clock.install()
    visit(page, stub, proactive="")
    page.clock.run_for(100)  # until it is idle
    until(page, lambda: any("proactive.js" in path for path in stub.requests))
    page.wait_for_timeout(300)
    for _ in range(3):  # half a second each time
        page.evaluate("look('visible')")
        page.clock.run_for(500)
        page.evaluate("look('hidden')")
        page.clock.run_for(60_000)
    assert page.locator(HINT).count() == 0
    page.evaluate("look('visible')")
    page.clock.run_for(700)
    expect(page.locator(HINT)).to_have_text("Hello!")


def test_a_desk_that_does_not_answer_says_nothing(page: Page, stub: FakeDesk, context: BrowserContext) -> None:
    context.route(re.compile(rf"{DESK}/widget/rules\.json.*"), lambda route: route.fulfill(status=503, body="<p>Away"))
    visit(page, stub, proactive="")
    page.wait_for_timeout(400)
    page.evaluate("Makegood.set({ attributes: { plan: 'pro' } })")
    page.locator(LAUNCHER).click()
    until(page, lambda: heard(page, "hello"))
    page.troubles.clear()  # type: ignore[attr-defined]
