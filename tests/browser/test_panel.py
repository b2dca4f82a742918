"""The widget's panel: who is here, how a chat ends, copies, identities, consent, long conversations."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.browser.looking import serious_findings
from tests.browser.test_widget import (
    WIDGET,
    context,  # noqa: F401  (a fixture, as the next three)
    desk,  # noqa: F401
    expect_bubbles,
    lab,  # noqa: F401
    loaded_with,
    open_widget,
    page,  # noqa: F401
    somebody,
    start,
    until,
    visit,
    write,
)
from tests.widget_client.fake_desk import (
    CODE,
    DESK,
    NEW_TOKEN,
    REF,
    ROOT,
    SHOP,
    TOKEN,
    FakeDesk,
    agent_event,
    agent_says,
    customer_says,
    widget_frame,
)

pytestmark = pytest.mark.browser
INPUT = "[data-part=composer] textarea"


def alone(page: Page) -> Frame:  # noqa: F811
    """The widget's page by itself, where axe reaches all of it."""
    page.goto(f"{DESK}/widget/frame/?site=bellwether")
    expect(page.locator("[data-part=presence]")).not_to_have_text(re.compile("^(One moment…)?$"))
    return page.main_frame


def chatting(page: Page, desk: FakeDesk) -> Frame:  # noqa: F811
    """A conversation with one message."""
    desk.presence = somebody("Alice")
    frame = start(page)
    write(frame, "Hello")
    expect(frame.locator(".state")).to_contain_text("Sent")
    return frame


def choose(frame: Frame, name: str) -> None:
    frame.locator("[data-part=menu-button]").click()
    frame.get_by_role("button", name=name, exact=True).click()


# ---- who is here


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["Alice"], "Alice is here."),
        (["Alice", "Bob"], "Alice and Bob are here."),
        (["Alice", "Bob", "Lea"], "Alice, Bob and Lea are here."),
        (["Alice", "Bob", "Lea", "Sue", "Adam"], "Alice, Bob and 3 others are here."),
        (["Alice", ""], "Two of us are here."),
    ],
)
def test_the_header_names_who_is_here(lab: Page, names: list[str], text: str) -> None:  # noqa: F811
    said = lab.evaluate(
        """async (names) => {
        const { presenceText } = await import("/static/widget/header.js");
        const { textsFor } = await import("/static/widget/texts.js");
        return presenceText({ agents: names.map((name) => ({ name })), open: true }, textsFor("en-GB"), "en-GB");
        }""",
        names,
    )
    assert said == text


NOON = "2026-11-21T12:00:00Z"  # a Saturday


@pytest.mark.parametrize(
    ("zone", "opens_at", "text"),
    [
        ("Europe/Berlin", "2026-11-23T08:00:00Z", "We are back Monday at 9:00."),
        ("Asia/Tokyo", "2026-11-21T14:30:00Z", "We are back today at 23:30."),
        ("Asia/Tokyo", "2026-11-21T15:30:00Z", "We are back tomorrow at 0:30."),
        ("America/New_York", "2026-11-22T13:00:00Z", "We are back tomorrow at 8:00."),
        ("UTC", "2026-12-28T08:00:00Z", "We are back Monday 28 December at 8:00."),
        ("UTC", "2026-11-20T08:00:00Z", ""),
        ("UTC", None, ""),
        ("UTC", "soon", ""),
    ],
)
def test_when_we_are_back_is_said_on_the_visitors_own_clock(
    chromium: Browser, zone: str, opens_at: str | None, text: str
) -> None:
    context = chromium.new_context(timezone_id=zone, locale="en-GB")  # noqa: F811
    FakeDesk(context)
    page = context.new_page()  # noqa: F811
    page.goto(f"{DESK}/lab/")
    said = page.evaluate(
        """async ([at, now]) => {
        const { backText } = await import("/static/widget/header.js");
        const { textsFor } = await import("/static/widget/texts.js");
        return backText(at, textsFor("en-GB"), "en-GB", Date.parse(now));
        }""",
        [opens_at, NOON],
    )
    context.close()
    assert said == text


def test_what_is_promised_stands_above_the_first_words_with_how_often_it_was_kept(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
) -> None:
    said = [{"words": "Ten minutes", "kept": 94, "of": 100}, {"words": "<b>Three days</b>", "kept": None, "of": None}]
    desk.presence = {"type": "presence", "agents": [], "wait_seconds": None, "open": True, "promises": said}
    frame = start(page)
    promises = frame.locator("[data-promise]")
    expect(promises).to_have_text(
        [
            "Ten minutesKept 94 of 100 times in 30 days.",
            "<b>Three days</b>Not enough data yet.",
        ]
    )
    frame.get_by_role("textbox").fill("Hello!")
    frame.get_by_role("textbox").press("Enter")
    expect(frame.get_by_text("Ten minutes")).to_be_hidden()


def test_closed_is_said_before_one_types_and_an_address_is_asked_for_after_the_words(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
) -> None:
    desk.presence = {"type": "presence", "agents": [], "wait_seconds": None, "open": False}
    desk.presence["opens_at"] = "2999-01-04T08:00:00Z"
    frame = start(page)
    expect(frame.locator("[data-part=presence]")).to_contain_text(
        "We are closed right now. We are back Friday 4 January"
    )
    expect(frame.locator("[data-part=away]")).to_contain_text("The answer also waits here.")
    expect(frame.locator("[data-part=contact]")).to_be_hidden()
    frame.fill(INPUT, "Half a")
    expect(frame.locator("[data-part=contact]")).to_be_hidden()
    write(frame, "My wheel is broken")
    expect(frame.locator("[data-part=contact]")).to_be_visible()
    expect(frame.locator("[data-part=contact]")).to_contain_text("The answer also waits here.")
    frame.get_by_role("button", name="Not now").click()
    expect(frame.locator(INPUT)).to_be_focused()
    desk.say(somebody("Alice"))
    expect(frame.locator("[data-part=presence]")).to_have_text("Alice is here.")
    write(frame, "Oh, hello")
    expect(frame.locator(".bubble")).to_have_count(2)
    expect(frame.locator("[data-part=contact]")).to_be_hidden()  # nobody asks while somebody can answer


def test_the_place_in_the_queue_is_said_until_somebody_has_joined(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    place = frame.locator("[data-part=place]")
    desk.say({"type": "queue", "ref": REF, "place": 2})
    expect(place).to_have_text("You are number 2 in the queue.")
    desk.say({"type": "queue", "ref": "SOMEBODYELSES", "place": 9})
    desk.say({"type": "queue", "ref": REF, "place": 1})
    expect(place).to_have_text("You are next.")
    desk.say({"type": "queue", "ref": REF, "place": 0})
    expect(place).to_have_text("")
    desk.happens(agent_event("agent.joined"))
    expect(frame.locator(".log .line")).to_have_text("Alice has joined")


def test_faces_stand_beside_what_they_said(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
    context: BrowserContext,  # noqa: F811
) -> None:
    pixel = bytes.fromhex("47494638396101000100000000002c00000000010001000002024c01003b")
    context.route(f"{DESK}/pictures/**", lambda route: route.fulfill(body=pixel, content_type="image/gif"))
    frame = chatting(page, desk)
    alice = {"name": "Alice", "initials": "A", "picture": "/pictures/0a.webp"}
    evil = {"name": "Bob", "initials": "B", "picture": "https://evil.test/track.gif"}
    desk.say({"type": "presence", "agents": [alice, evil], "wait_seconds": None, "open": True})
    expect(frame.locator("[data-part=faces] .face")).to_have_count(2)
    expect(frame.locator("[data-part=faces] img")).to_have_count(1)
    for name, words in (("Alice", "one"), ("Alice", "two"), ("Bob", "three")):
        desk.agent_says(words, name=name)
    expect(frame.locator(".message > .face")).to_have_count(2)  # once for each who spoke, not for each message
    expect(frame.locator(".message").nth(2).locator(".face img")).to_have_attribute("src", "/pictures/0a.webp")
    expect(frame.locator(".message").nth(3).locator(".face")).to_have_text("B")


def test_what_the_team_says_first_stands_above_the_conversation(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    visit(page)
    frame = open_widget(page)
    expect(frame.locator("[data-part=greeting]")).to_be_visible()
    first = {"id": 7, "text": "Shall we <b>help</b> you choose?"}
    page.evaluate(
        """([message, origin]) => {
        const { shadowRoot } = document.querySelector("makegood-widget");
        shadowRoot.querySelector("iframe").contentWindow.postMessage(message, origin);
        }""",
        [{"makegood": 1, "type": "shown", "open": True, "page": {}, "proactive": first}, DESK],
    )
    expect_bubbles(frame, ["Shall we <b>help</b> you choose?"])
    expect(frame.locator("[data-part=greeting]")).to_be_hidden()
    write(frame, "Yes, please")
    until(page, lambda: len(desk.log) == 1)
    expect_bubbles(frame, ["Shall we <b>help</b> you choose?", "Yes, please"])
    assert desk.posts()[0]["body"] == "Yes, please"
    expect(page.locator("makegood-widget .badge")).to_be_hidden()


# ---- the end


def faces(frame: Frame) -> Any:
    return frame.get_by_role("group", name="How was this chat?")


@pytest.mark.parametrize("has_sockets", [True, False])
def test_a_chat_ends_is_rated_and_goes_on_by_writing(page: Page, desk: FakeDesk, has_sockets: bool) -> None:  # noqa: F811
    desk.has_sockets = has_sockets
    visit(page)
    frame = open_widget(page)
    write(frame, "Thank you!")
    expect(frame.locator(".state")).to_contain_text("Sent")
    choose(frame, "End chat")
    expect(frame.locator(".log .line")).to_contain_text("The chat has ended.")
    expect(faces(frame)).to_be_visible()
    frame.get_by_role("radio", name="Very bad").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # arrows pass over the others: only where they rest counts
    expect(frame.get_by_role("status").filter(has_text="Thank you for telling us: Good.")).to_be_visible()
    expect(frame.get_by_role("radio", name="Good", exact=True)).to_be_focused()  # nothing took the focus away
    frame.get_by_label("Anything to add?").fill("Quick and kind")
    frame.get_by_role("button", name="Send", exact=True).first.click()
    expect(faces(frame)).to_be_hidden()
    given = [(said["score"], said.get("comment")) for said in desk.received if "score" in said]
    assert given == [(4, None), (4, "Quick and kind")]
    frame.get_by_role("button", name="Change").click()
    expect(frame.get_by_role("radio", name="Good", exact=True)).to_be_checked()
    frame.get_by_text("Very good").click()
    expect(frame.get_by_role("status").filter(has_text="Very good.")).to_be_visible()
    assert [event["event"]["data"]["score"] for event in desk.log if event["event"]["type"] == "rating.given"] == [
        4,
        4,
        5,
    ]
    write(frame, "One more thing")
    expect(frame.locator("[data-part=rating]")).to_be_hidden()
    expect(frame.locator("[data-part=restart]")).to_be_hidden()
    expect_bubbles(frame, ["Thank you!", "One more thing"])
    assert desk.posts()[-1]["ref"] == REF


def test_solving_asks_too_and_a_new_conversation_is_one_press_away(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    desk.happens(agent_event("ticket.resolved"))
    expect(faces(frame)).to_be_visible()
    frame.get_by_role("button", name="Not now").click()
    expect(faces(frame)).to_be_hidden()
    expect(frame.locator(INPUT)).to_be_focused()
    desk.happens(agent_event("ticket.reopened"))
    expect(frame.locator("[data-part=restart]")).to_be_hidden()
    desk.happens(agent_event("ticket.resolved"))
    expect(faces(frame)).to_be_visible()  # another end, another question
    frame.get_by_role("button", name="Start a new conversation").click()
    expect(frame.locator(".bubble")).to_have_count(0)
    expect(frame.locator(INPUT)).to_be_focused()
    expect(faces(frame)).to_be_hidden()
    write(frame, "Something else")
    until(page, lambda: len(desk.posts()) == 2)
    assert "ref" not in desk.posts()[1]


def test_a_rating_that_fails_says_so_and_keeps_what_was_written(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    desk.happens(agent_event("ticket.resolved"))
    desk.answers = lambda said: {"code": "forbidden", "detail": "No."} if said["type"] == "chat.rate" else None
    frame.get_by_text("Bad", exact=True).click()
    expect(frame.get_by_role("status").filter(has_text="That did not work.")).to_be_visible()
    frame.get_by_label("Anything to add?").fill("It took a week")
    desk.cut()  # what is sent without a line goes when it is back
    frame.get_by_role("button", name="Send", exact=True).first.click()
    desk.answers = lambda said: None
    desk.is_down = False
    frame.evaluate("window.dispatchEvent(new Event('online'))")
    expect(frame.get_by_role("status").filter(has_text="Thank you for telling us: Bad.")).to_be_visible()
    assert desk.of_type("chat.rate")[-1]["comment"] == "It took a week"


def test_where_nobody_wants_ratings_or_copies_there_are_none(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["features"] = desk.site["features"] | {"rating": False, "copy": False}
    frame = chatting(page, desk)
    desk.happens(agent_event("ticket.resolved"))
    expect(frame.locator("[data-part=restart]")).to_be_visible()
    expect(frame.locator("[data-part=rating]")).to_be_hidden()
    frame.locator("[data-part=menu-button]").click()
    expect(frame.get_by_role("button", name="Email me a copy")).to_be_hidden()


# ---- a copy by mail


def test_a_copy_goes_to_a_proved_address_at_once(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.proved = "carla@example.org"
    frame = chatting(page, desk)
    choose(frame, "Email me a copy")
    expect(frame.get_by_text("The copy is on its way to carla@example.org.")).to_be_visible()
    frame.get_by_role("button", name="Close", exact=True).click()
    expect(frame.locator("[data-part=copy]")).to_be_hidden()
    expect(frame.locator(INPUT)).to_be_focused()


def test_an_address_is_proved_by_a_code_first(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    choose(frame, "Email me a copy")
    email = frame.get_by_label("Where should the copy of this conversation go?")
    expect(email).to_be_focused()
    email.fill("not an address")
    email.press("Enter")
    trouble = frame.locator("#copy-error")
    expect(trouble).to_have_text("Please check the address.")
    desk.doors["/code/"] = 429, {"error": {"code": "rate_limited", "detail": "", "fields": {}}}
    email.fill("carla@example.org")
    email.press("Enter")
    expect(trouble).to_have_text("That was asked for a little too often. Please try again later.")
    del desk.doors["/code/"]
    email.press("Enter")
    code = frame.get_by_label("We have sent six digits to carla@example.org. What are they?")
    expect(code).to_be_focused()
    code.fill("12 34")
    code.press("Enter")
    expect(trouble).to_have_text("That is not the code. Please look again.")
    code.fill("654321")
    code.press("Enter")
    expect(trouble).to_have_text("That is not the code. Please look again.")
    frame.get_by_role("button", name="Another address").click()
    expect(email).to_have_value("carla@example.org")
    email.press("Enter")
    code.fill(f" {CODE[:3]} {CODE[3:]}")  # as mails and people write it
    code.press("Enter")
    expect(frame.get_by_text("The copy is on its way to carla@example.org.")).to_be_visible()
    assert desk.of_type("verify")[-1]["code"] == CODE
    assert len(desk.of_type("copy")) == 2


def test_proving_an_address_may_bring_another_token(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    choose(frame, "Email me a copy")
    frame.locator("#copy-field").fill("carla@example.org")
    frame.locator("#copy-field").press("Enter")
    expect(frame.get_by_label("We have sent six digits")).to_be_visible()
    desk.doors["/verify/"] = 200, {"email": "carla@example.org", "token": NEW_TOKEN}
    desk.proved, desk.token = "carla@example.org", TOKEN
    frame.locator("#copy-field").fill(CODE)

    def switch(asked: Any) -> None:
        if asked.url.endswith("/verify/"):
            desk.token = NEW_TOKEN

    page.context.on("requestfinished", switch)
    frame.locator("#copy-field").press("Enter")
    until(page, lambda: desk.of_type("hello")[-1]["token"] == NEW_TOKEN)
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == NEW_TOKEN)
    write(frame, "still here")
    expect_bubbles(frame, ["Hello", "still here"])


# ---- identities


@pytest.mark.parametrize("has_sockets", [True, False])
def test_a_signed_identity_brings_a_new_token_and_that_ones_conversations(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
    has_sockets: bool,
) -> None:
    desk.has_sockets = has_sockets
    visit(page)
    frame = open_widget(page)
    until(page, lambda: bool(desk.of_type("start")))
    desk.record(customer_says("from my other computer", "c-1"))
    desk.record(agent_says("and our answer"))
    page.evaluate("Makegood.identify({ token: 'a.b.c' })")
    expect_bubbles(frame, ["from my other computer", "and our answer"])
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == NEW_TOKEN)
    assert [frame.get("token") for frame in desk.of_type("identify")] == ["a.b.c"]
    write(frame, "hello from here")
    expect_bubbles(frame, ["from my other computer", "and our answer", "hello from here"])


def test_somebody_elses_conversation_leaves_the_screen(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = chatting(page, desk)
    desk.log, desk.ref = [], "CARLASTICKET0"
    desk.record(customer_says("Carla's own", "c-2"))
    page.evaluate("Makegood.identify({ token: 'a.b.c' })")
    expect_bubbles(frame, ["Carla's own"])
    desk.happens({**agent_says("for Carla"), "type": "message.posted"})
    expect_bubbles(frame, ["Carla's own", "for Carla"])


def test_a_refused_identity_changes_nothing_and_is_told_to_developers(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text))
    frame = chatting(page, desk)
    desk.answers = lambda asked: {"code": "forbidden", "detail": "expired"} if asked["type"] == "identify" else None
    page.evaluate("Makegood.identify({ token: 'old.old.old' })")
    until(page, lambda: "Makegood.identify: expired" in said)
    assert page.evaluate("localStorage.getItem('makegood:bellwether')") == TOKEN
    desk.cut()
    desk.is_down = False
    frame.evaluate("window.dispatchEvent(new Event('online'))")
    until(page, lambda: len(desk.of_type("hello")) == 2)
    page.wait_for_timeout(200)
    assert len(desk.of_type("identify")) == 1  # it is not tried again
    expect_bubbles(frame, ["Hello"])


def test_an_identity_that_did_not_get_through_is_tried_again(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.has_sockets = False
    visit(page)
    open_widget(page)
    until(page, lambda: bool(desk.of_type("start")))
    desk.doors["/identify/"] = 503, {"error": {"code": "unavailable", "detail": "Later.", "fields": {}}}
    page.evaluate("Makegood.identify({ token: 'a.b.c' })")
    until(page, lambda: len(desk.of_type("identify")) == 1)
    del desk.doors["/identify/"]
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == NEW_TOKEN)
    assert {asked["token"] for asked in desk.of_type("identify")} == {"a.b.c"}


# ---- consent

STORED = """async () => [Object.keys(localStorage), (await indexedDB.databases()).map((one) => one.name)]"""


def kept(page: Page) -> list[Any]:  # noqa: F811
    """The names of what a page keeps. (To the panel in the shop the browser itself denies all storage here.)"""
    names: list[Any] = page.evaluate(STORED)
    return names


def test_before_consent_nothing_is_kept_and_no_page_is_told(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["needs_consent"] = True
    desk.presence = somebody("Alice")
    frame = start(page)
    question = "Remember this conversation on this device?"
    ask = frame.get_by_role("group", name=question)
    expect(ask).to_be_visible()
    frame.set_input_files("[data-part=pick]", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"}])
    write(frame, "Nothing of this stays")
    expect(frame.locator(".state")).to_contain_text("Sent")
    frame.fill(INPUT, "half a thought")
    page.wait_for_timeout(200)
    assert kept(page) == [[], []]
    assert desk.of_type("page") == []
    assert desk.of_type("start")[0].get("page") is None
    ask.get_by_role("button", name="No", exact=True).click()
    expect(ask).to_be_hidden()
    expect(frame.locator(INPUT)).to_be_focused()
    page.wait_for_timeout(200)
    assert kept(page) == [[], []]
    visit(page)
    frame = open_widget(page)
    expect(frame.get_by_role("group", name=question)).to_be_visible()
    expect(frame.locator(".bubble")).to_have_count(0)  # nobody knows them


def test_yes_keeps_from_then_on_and_no_takes_it_away(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["needs_consent"] = True
    desk.presence = somebody("Alice")
    frame = start(page)
    write(frame, "Remember me")
    expect(frame.locator(".state")).to_contain_text("Sent")
    frame.fill(INPUT, "half a thought")
    frame.get_by_role("button", name="Yes", exact=True).click()
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == TOKEN)
    until(page, lambda: len(desk.of_type("page")) == 1)
    desk.tickets = [{"ref": REF, "last": 1}]
    visit(page)
    frame = open_widget(page)
    expect_bubbles(frame, ["Remember me"])
    expect(frame.locator(INPUT)).to_have_value("half a thought")
    expect(frame.locator("[data-part=consent]")).to_be_hidden()
    assert desk.of_type("start")[-1]["authorization"] == f"Bearer {TOKEN}"
    page.evaluate("Makegood.set({ consent: false })")
    until(page, lambda: kept(page) == [[], []])
    expect_bubbles(frame, ["Remember me"])  # this page goes on


def test_by_itself_it_asks_the_same_and_takes_away_what_was_kept(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["needs_consent"] = True
    desk.presence = somebody("Alice")
    frame = alone(page)
    frame.set_input_files("[data-part=pick]", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"}])
    write(frame, "Nothing of this stays")
    until(page, lambda: len(desk.log) == 1)
    page.wait_for_timeout(200)
    assert kept(page) == [[], []]
    frame.get_by_role("button", name="Yes", exact=True).click()
    until(page, lambda: "makegood:bellwether:token" in kept(page)[0])
    assert kept(page)[1] == ["makegood:bellwether"]
    page.reload()
    expect(page.locator("[data-part=presence]")).to_have_text("Alice is here.")
    expect(page.locator("[data-part=consent]")).to_be_hidden()


def test_the_page_may_ask_instead(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.shop = desk.shop.replace("data-site=", 'data-consent="ask" data-site=')
    desk.presence = somebody("Alice")
    frame = start(page)
    write(frame, "Hello")
    expect(frame.locator(".state")).to_contain_text("Sent")
    assert kept(page) == [[], []]
    page.evaluate("Makegood.set({ consent: true })")
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == TOKEN)
    expect(frame.locator("[data-part=consent]")).to_be_hidden()


def test_a_site_that_keeps_no_trail_is_told_no_page(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.site["keeps_trail"] = False
    frame = chatting(page, desk)
    page.evaluate("history.pushState({}, '', '/secret')")
    page.wait_for_timeout(500)
    assert desk.of_type("page") == []
    assert desk.of_type("start")[0].get("page") is None
    expect_bubbles(frame, ["Hello"])


# ---- emoji, beside the settings


def test_emoji_by_keyboard_go_in_at_the_cursor(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    frame = start(page)
    assert not any("emoji" in path for path in desk.requests)  # loaded on its first use
    frame.fill(INPUT, "Well done!")
    frame.evaluate(f"document.querySelector('{INPUT}').setSelectionRange(4, 4)")
    frame.get_by_role("button", name="Emoji").focus()
    page.keyboard.press("Enter")
    picker = frame.get_by_role("dialog", name="Emoji")
    expect(picker.get_by_role("button").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(picker.get_by_role("button").nth(1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(picker.get_by_role("button").first).to_be_focused()
    sign = picker.get_by_role("button").first.inner_text()
    page.keyboard.press("Enter")
    expect(frame.locator(INPUT)).to_have_value(f"Well{sign} done!")
    expect(frame.locator(INPUT)).to_be_focused()
    frame.get_by_role("button", name="Emoji").click()
    page.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(frame.get_by_role("button", name="Emoji")).to_be_focused()
    expect(page.locator("makegood-widget .panel")).to_be_visible()


def test_beside_its_settings_it_shows_what_is_typed_and_asks_nothing(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    address = f"{DESK}/widget/frame/?site=bellwether&preview=1"
    page.goto(f"{DESK}/lab/")
    page.evaluate(
        """(address) => {
        addEventListener("message", ({ data }) => { window.ready = data.type === "ready" });
        const frame = document.createElement("iframe");
        document.body.append(Object.assign(frame, { src: address, width: 384, height: 600 }));
        }""",
        address,
    )
    until(page, lambda: page.evaluate("window.ready"))
    frame = page.frames[1]
    expect(frame.locator(".bubble")).to_have_count(2)
    expect(frame.locator("[data-part=greeting-text]")).to_have_text("Hello! How can we help?")
    look = {"type": "look", "color": "#7a1fa2", "greeting": "Ask <b>away</b>", "theme": "dark", "position": "left"}
    page.evaluate("(look) => frames[0].postMessage({ makegood: 1, ...look }, location.origin)", look)
    expect(frame.locator("[data-part=greeting-text]")).to_have_text("Ask <b>away</b>")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    assert (
        frame.evaluate("getComputedStyle(document.querySelector('.mine .bubble')).backgroundColor") != "rgb(13, 92, 73)"
    )
    page.evaluate("() => frames[0].postMessage({ makegood: 1, type: 'look', locale: 'de' }, location.origin)")
    expect(frame.locator("html")).to_have_attribute("lang", "de")
    assert desk.received == []
    assert desk.sockets == []
    assert not any(path.startswith("/widget/") and path != "/widget/frame/" for path in desk.requests)
    assert frame.evaluate("Object.keys(localStorage)") == []


# ---- long conversations, two tabs


def long_story(count: int) -> Callable[[FakeDesk], None]:
    def tell(desk: FakeDesk) -> None:  # noqa: F811
        for number in range(count):
            words = f"message {number}: " + "the tyre is still wrong " * (number % 7)
            said = customer_says(words, f"id-{number}") if number % 3 else agent_says(words)
            desk.record({**said, "at": f"2026-11-{1 + number // 40:02d}T10:{number % 40:02d}:00Z"})
        desk.tickets = [{"ref": REF, "last": count}]

    return tell


def test_of_a_long_conversation_only_the_end_is_drawn(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    long_story(800)(desk)
    frame = alone(page)
    expect(frame.locator(".bubble").last).to_contain_text("message 799", timeout=30_000)
    log = "document.querySelector('.log')"
    assert frame.locator(".message").count() <= 130
    assert frame.evaluate(f"{log}.scrollHeight - {log}.scrollTop - {log}.clientHeight") < 2
    desk.agent_says("news")
    expect(frame.locator(".bubble").last).to_have_text("news")
    expect(frame.locator(".bubble").last).to_be_in_viewport()


DRAW = """async (count) => {
    const [{ layout }, { View }, { Bubbles }, { textsFor }] = await Promise.all(
      ["layout", "view", "bubbles", "texts"].map((name) => import(`/static/widget/${name}.js`)));
    document.body.innerHTML = "<div id=log><button id=more></button></div><button id=newer></button>";
    const [log, more, newer] = ["log", "more", "newer"].map((id) => document.getElementById(id));
    const say = textsFor("en");
    const bubbles = new Bubbles({ say, locale: "en", files: { draw: () => "" }, faceOf: () => ({ name: "A" }) });
    const view = new View({ log, newer, more, bubbles });
    const by = { kind: "agent", name: "Alice", you: false };
    const events = [];
    const add = () => {
      const message = { id: events.length, kind: "reply", body: "words and words ".repeat(9), attachments: [] };
      const at = new Date(1.7e12 + events.length * 4e5).toISOString();
      events.push({ seq: events.length + 1, type: "message.posted", by, at, message });
    };
    while (events.length < count) add();
    const times = [];
    for (let round = 0; round < 40; round++) {
      const began = performance.now();
      add();
      view.draw(layout({ events, pending: [], say, locale: "en" }));
      log.scrollHeight;
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[20];
}"""


def test_one_more_message_costs_little_more_in_a_long_conversation(lab: Page) -> None:  # noqa: F811
    lab.context.new_cdp_session(lab).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    short, long = lab.evaluate(DRAW, 60), lab.evaluate(DRAW, 1000)
    if os.environ.get("SHOW"):
        print(f"one more message at 4x throttling: {short:.1f} ms after 60, {long:.1f} ms after 1,000")
    assert long < 8 * short  # drawn all anew it would be far more


def test_going_back_in_a_long_conversation_jumps_nowhere(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    long_story(300)(desk)
    frame = alone(page)
    expect(frame.locator(".bubble").last).to_contain_text("message 299")
    first = frame.locator(".bubble").first.inner_text()
    bubble = f"[...document.querySelectorAll('.bubble')].find((one) => one.innerText === {first!r})"
    where = f"() => {bubble}.getBoundingClientRect().top"
    frame.evaluate("document.querySelector('.log').scrollTop = 50")
    before = frame.evaluate(where)
    until(page, lambda: frame.locator(".bubble").first.inner_text() != first)
    assert abs(frame.evaluate(where) - before) <= 2
    desk.agent_says("while you read")
    expect(frame.get_by_role("button", name="New message")).to_be_visible()
    assert abs(frame.evaluate(where) - before) <= 2
    for _ in range(12):
        frame.evaluate("document.querySelector('.log').scrollTop = 0")
        page.wait_for_timeout(30)
    expect(frame.locator(".bubble").first).to_contain_text("message 0:")
    shown = [int(text.split(":")[0].split()[1]) for text in frame.locator(".bubble").all_inner_texts()[:-1]]
    assert shown == list(range(300))
    frame.get_by_role("button", name="New message").click()
    expect(frame.locator(".bubble").last).to_be_in_viewport()


def test_the_place_one_has_read_to_is_there_after_closing(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    long_story(60)(desk)
    visit(page)
    frame = open_widget(page)
    expect(frame.locator(".bubble").last).to_contain_text("message 59")
    frame.evaluate("document.querySelector('.log').scrollTop = 700")
    page.wait_for_timeout(100)
    page.evaluate("Makegood.close()")
    page.evaluate("Makegood.open()")
    until(page, lambda: frame.evaluate("document.querySelector('.log').scrollTop") == 700)


def test_two_tabs_share_the_visitor_and_show_everything_once(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
    context: BrowserContext,  # noqa: F811
) -> None:
    frame = chatting(page, desk)
    desk.tickets = [{"ref": REF, "last": 1}]
    other = context.new_page()
    visit(other)
    second = open_widget(other)
    expect_bubbles(second, ["Hello"])
    assert desk.of_type("start")[1]["authorization"] == f"Bearer {TOKEN}"
    write(second, "from the other tab")
    until(page, lambda: len(desk.log) == 2)
    for socket in desk.sockets:
        desk.say(desk.log[1], socket)
    said = desk.record(agent_says("to both"))
    for socket in desk.sockets * 2:
        desk.say(said, socket)
    for tab in (frame, second):
        expect_bubbles(tab, ["Hello", "from the other tab", "to both"])


# ---- everyone


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
def test_axe_finds_nothing_in_any_state(page: Page, desk: FakeDesk, scheme: Any) -> None:  # noqa: F811
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.site["needs_consent"] = True
    desk.presence = {"type": "presence", "agents": [], "wait_seconds": None, "open": False}
    frame = alone(page)
    assert serious_findings(page) == []  # the greeting, and consent
    frame.get_by_role("button", name="Yes", exact=True).click()
    desk.say(somebody("Alice"))
    write(frame, "Hello")
    desk.agent_says("Hello, Carla!", name="Alice")
    desk.say({"type": "queue", "ref": REF, "place": 3})
    frame.get_by_role("button", name="Emoji").click()
    expect(frame.get_by_role("dialog", name="Emoji")).to_be_visible()
    assert serious_findings(page) == []
    page.keyboard.press("Escape")
    choose(frame, "End chat")
    expect(faces(frame)).to_be_visible()
    frame.get_by_text("Okay").click()
    expect(frame.get_by_label("Anything to add?")).to_be_visible()
    assert serious_findings(page) == []
    choose(frame, "Email me a copy")
    expect(frame.locator("#copy-field")).to_be_visible()
    assert serious_findings(page) == []
    frame.locator("#copy-field").fill("carla@example.org")
    frame.locator("#copy-field").press("Enter")
    expect(frame.get_by_label("We have sent six digits")).to_be_visible()
    frame.locator("#copy-field").press("Enter")
    expect(frame.locator("#copy-error")).not_to_have_text("")
    assert serious_findings(page) == []


def beyond_the_edge(frame: Frame) -> list[str]:
    """What is shown and sticks out at a side, of the window or of the bubble or card that it is in."""
    found: list[str] = frame.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
        const box = node.getBoundingClientRect();
        const around = node.parentElement.closest(".bubble, .card, body").getBoundingClientRect();
        const sticksOut = box.left < around.left - 1 || box.right > around.right + 1;
        return box.width > 1 && !node.closest("svg, .hushed") && sticksOut;
        }).map((node) => `${node.tagName} ${node.className}`)"""
    )
    return found


SIZES = [(390, 844), (320, 256), *(pytest.param(*size, marks=pytest.mark.long) for size in ((320, 568), (640, 400)))]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_question_is_in_reach_on_small_screens(page: Page, desk: FakeDesk, width: int, height: int) -> None:  # noqa: F811
    page.set_viewport_size({"width": width, "height": height})
    desk.site["name"] = "Donaudampfschifffahrtsgesellschaft & Söhne, Fahrräder aller Art"
    frame = chatting(page, desk)
    plain = {
        "id": "f",
        "name": "a long name without any space in it.pdf",
        "size": 160_000,
        "type": "x/y",
        "image": None,
    }
    rim = {"id": "p", "name": "rim.png", "size": 1, "type": "image/png", "image": {"width": 800, "height": 600}}
    said = agent_says("See these")
    said["message"]["attachments"] = [plain, rim]
    desk.happens(said)
    expect(frame.locator(".picture")).to_be_attached()
    assert beyond_the_edge(frame) == []
    choose(frame, "Email me a copy")
    expect(frame.locator("#copy-field")).to_be_visible()
    assert beyond_the_edge(frame) == []
    frame.locator("[data-part=copy]").get_by_role("button", name="Not now").click()
    choose(frame, "End chat")
    expect(faces(frame)).to_be_visible()
    frame.get_by_text("Very good").click()
    for button in ("Send", "Start a new conversation"):
        frame.get_by_role("button", name=button).first.scroll_into_view_if_needed()
        expect(frame.get_by_role("button", name=button).first).to_be_in_viewport(ratio=0.9)
    assert beyond_the_edge(frame) == []
    for name in (INPUT, ".send", "[data-part=close]"):
        frame.locator(name).scroll_into_view_if_needed()
        expect(frame.locator(name)).to_be_in_viewport(ratio=0.9)


def test_what_the_page_says_decides_the_language_and_the_direction(page: Page, desk: FakeDesk) -> None:  # noqa: F811
    desk.shop = desk.shop.replace("data-site=", 'data-locale="ar" data-site=')
    visit(page)
    page.locator("makegood-widget button").click()
    frame = widget_frame(page)
    expect(frame.locator("html")).to_have_attribute("dir", "rtl")
    expect(frame.locator("html")).to_have_attribute("lang", "ar")
    write(frame, "مرحبا")
    until(page, lambda: len(desk.log) == 1)
    desk.agent_says("أهلا", name="Alice")
    log = frame.locator(".log").bounding_box()
    mine = frame.locator(".mine .bubble").bounding_box()
    face = frame.locator(".theirs .face").bounding_box()
    assert log
    assert mine
    assert face
    assert mine["x"] - log["x"] < 40  # the visitor's own are at the end of the line
    assert log["x"] + log["width"] - face["x"] - face["width"] < 40


# ---- size


def packed(*names: str) -> int:
    return sum(len(gzip.compress((ROOT / name).read_bytes(), 9)) for name in names)


def test_all_that_a_conversation_loads_is_at_most_sixty_kilobytes(
    page: Page,  # noqa: F811
    desk: FakeDesk,  # noqa: F811
) -> None:
    frame = chatting(page, desk)
    desk.agent_says("Hello!")
    expect(frame.locator(".bubble")).to_have_count(2)
    files = {
        path for path in desk.requests if path.startswith("/static/") or path in ("/widget/embed.js", "/widget/frame/")
    }
    real = {"/widget/embed.js": "static/widget/embed.js", "/widget/frame/": "templates/chat/frame.html"}
    total = packed(*(real.get(path, path.removeprefix("/")) for path in files))
    if os.environ.get("SHOW"):
        print(f"{len(files)} files, {total / 1000:.1f} kB gzipped")
    assert total <= 60 * 1024
    assert {f"/static/widget/{name}" for name in loaded_with(WIDGET / "main.js")} <= files
    assert not files & {f"/static/widget/{name}.js" for name in ("rating", "copy", "emoji", "emoji-list", "preview")}
    assert SHOP not in files
