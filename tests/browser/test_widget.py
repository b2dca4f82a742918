"""The widget in a real Chromium, against a desk whose every answer the test decides."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Route, expect

from tests.widget_client.fake_desk import DESK, REF, ROOT, SHOP, SNIPPET, TOKEN, FakeDesk, agent_says, widget_frame

pytestmark = pytest.mark.browser

WIDGET = ROOT / "static/widget"
ON_THE_PAGE = {"embed.js", "opener.js", "navigation.js", "proactive.js"}  # the others are the panel's
MODULES = sorted(path for path in WIDGET.glob("*.js") if path.name not in ON_THE_PAGE)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        viewport={"width": 1200, "height": 860}, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def desk(context: BrowserContext) -> FakeDesk:
    return FakeDesk(context)


@pytest.fixture
def page(context: BrowserContext, desk: FakeDesk) -> Iterator[Page]:
    """The shop's page, watched: a script error or a breach of the page's policy fails the test."""
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.troubles = troubles  # type: ignore[attr-defined]
    yield page
    assert troubles == []


def visit(page: Page, path: str = "/") -> Page:
    page.goto(SHOP + path)
    page.wait_for_function("window.Makegood && Makegood.ready && Makegood.ready.then(() => true)")
    return page


def open_widget(page: Page) -> Frame:
    page.locator("makegood-widget button").click()
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_have_attribute("placeholder", "Write a message")
    return frame


def start(page: Page) -> Frame:
    visit(page)
    frame = open_widget(page)
    expect(frame.locator("[data-part=presence]")).not_to_have_text(re.compile("^(One moment…)?$"))
    return frame


def write(frame: Frame, text: str) -> None:
    frame.fill("[data-part=composer] textarea", text)
    frame.press("[data-part=composer] textarea", "Enter")


def bubbles(frame: Frame) -> list[str]:
    return frame.locator(".bubble").all_inner_texts()


def expect_bubbles(frame: Frame, texts: list[str]) -> None:
    expect(frame.locator(".bubble")).to_have_text(texts)


def until(page: Page, condition: Any, seconds: float = 20) -> None:
    for _ in range(int(seconds * 50)):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError("It never came true.")


# ---- the pure parts


@pytest.fixture
def lab(page: Page) -> Page:
    """An empty page of the desk, to try modules by themselves."""
    page.goto(f"{DESK}/lab/")
    return page


def test_a_timeline_renders_what_follows_asks_for_gaps_and_ignores_the_rest(lab: Page) -> None:
    verdicts = lab.evaluate(
        """async () => {
        const { Timeline } = await import("/static/widget/timeline.js");
        const timeline = new Timeline();
        const take = (seq, prev) => timeline.take({ seq, prev, event: { type: "x" } });
        // 3, 5 and 9 are the ones this viewer may see: the holes between them are the team's own
        return [take(3, 0), take(3, 0), take(9, 5), take(5, 3), take(9, 5), take(5, 3), take(12, null), timeline.last,
                timeline.take({ seq: "10", prev: 9, event: {} }), timeline.take({ seq: 10, prev: 9 }),
                timeline.lags(9), timeline.lags(10), timeline.events.map((event) => event.seq)];
        }"""
    )
    assert verdicts[:7] == ["show", "ignore", "gap", "show", "show", "ignore", "gap"]
    assert verdicts[7:] == [9, "ignore", "ignore", False, True, [3, 5, 9]]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))])
def test_any_order_loss_and_doubling_of_frames_ends_in_the_true_timeline(lab: Page, seed: int) -> None:
    rng = random.Random(seed)
    seqs = sorted(rng.sample(range(1, 200), 60))
    log = [{"seq": seq, "prev": prev, "event": {"type": "x"}} for prev, seq in zip([0, *seqs], seqs, strict=False)]
    arrivals = [frame for frame in log for _ in range(rng.choice([0, 1, 1, 2]))]
    rng.shuffle(arrivals)
    shown = lab.evaluate(
        """async ([log, arrivals]) => {
        const { Timeline } = await import("/static/widget/timeline.js");
        const timeline = new Timeline();
        const resume = () => log.filter((frame) => frame.seq > timeline.last).forEach((frame) => timeline.take(frame));
        for (const frame of arrivals) if (timeline.take(frame) === "gap" && Math.abs(frame.seq % 3) === 0) resume();
        if (timeline.lags(log.at(-1).seq)) resume();
        return timeline.events.map((event) => event.seq);
        }""",
        [log, arrivals],
    )
    assert shown == seqs


def test_text_becomes_links_only_where_it_is_one(lab: Page) -> None:
    cases = {
        "see https://a.example/x?y=1&z=2.": ["https://a.example/x?y=1&z=2"],
        "(https://a.example/wiki/Tyre_(bicycle)) yes": ["https://a.example/wiki/Tyre_(bicycle)"],
        "www.shop.example, please": ["https://www.shop.example/"],
        "mail piet@bell.example!": ["mailto:piet@bell.example"],
        "javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd": [],
        "JaVaScRiPt://%0aalert(1)": [],
        "http://": [],
        'https://a.example/"onmouseover="alert(1)': ["https://a.example/"],
        "https://a.example/\u202egnp.exe": ["https://a.example/"],
        "622 × 42": [],
    }
    found = lab.evaluate(
        """async (texts) => {
        const { withLinks } = await import("/static/widget/links.js");
        return texts.map((text) => {
          const box = document.createElement("div");
          box.append(withLinks(text));
          const links = [...box.querySelectorAll("a")];
          const isSafe = (link) => link.rel === "noopener nofollow" && link.target === "_blank";
          return [box.textContent, links.map((link) => link.href), links.every(isSafe)];
        });
        }""",
        list(cases),
    )
    for text, (shown, links, is_safe) in zip(cases, found, strict=True):
        assert (shown, links, is_safe) == (text, cases[text], True)


LEAVE_A_MESSAGE = "Leave a message and we answer as soon as we are back."


@pytest.mark.parametrize(
    ("count", "wait", "is_open", "text"),
    [
        (2, 230, True, "Two of us are here. First answer in about 4 minutes."),
        (1, 20, True, "One of us is here. First answer in about a minute."),
        (12, None, True, "12 of us are here."),
        (1, 7300, True, "One of us is here. First answer in about 2 hours."),
        (0, 60, True, f"Nobody is here right now. {LEAVE_A_MESSAGE}"),
        (0, 60, False, f"We are closed right now. {LEAVE_A_MESSAGE}"),
        (1, None, False, "One of us is here."),
    ],
)
def test_the_header_says_who_is_there_and_never_more(
    lab: Page, count: int, wait: int | None, is_open: bool, text: str
) -> None:
    presence = {"agents": [{}] * count, "wait_seconds": wait, "open": is_open}
    said = lab.evaluate(
        """async (presence) => {
        const { presenceText } = await import("/static/widget/header.js");
        const { textsFor } = await import("/static/widget/texts.js");
        return presenceText(presence, textsFor("en-GB"));
        }""",
        presence,
    )
    assert said == text


def test_any_company_colour_is_readable_on_light_and_dark(lab: Page) -> None:
    rng = random.Random(7)
    colors = ["#ffffff", "#000000", "#ffff00", "#0d5c49", "#777777", "#7f7f00"]
    colors += [f"#{rng.randrange(1 << 24):06x}" for _ in range(300)]
    worst = lab.evaluate(
        """async (colors) => {
        const { accentOn, contrast } = await import("/static/widget/color.js");
        const surfaces = { light: "#ffffff", dark: "#1e1d1a" };
        let [ink, edge] = [21, 21];
        for (const color of colors) for (const scheme of ["light", "dark"]) {
          const made = accentOn(color, scheme);
          ink = Math.min(ink, contrast(made.accent, made.ink));
          edge = Math.min(edge, contrast(made.accent, surfaces[scheme]));
        }
        return { ink, edge };
        }""",
        colors,
    )
    assert worst["ink"] >= 4.5
    assert worst["edge"] >= 3


# ---- the loader and the host page


def test_a_page_with_the_snippet_makes_one_request_and_one_global(page: Page, desk: FakeDesk) -> None:
    snapshot = """() => ({
        globals: Object.getOwnPropertyNames(window),
        sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
        head: document.head.innerHTML,
        link: getComputedStyle(document.querySelector("a")).cssText,
        html: document.documentElement.getAttributeNames(),
        body: document.body.getAttributeNames(),
        kept: Object.keys(localStorage) })"""
    desk.shop = desk.shop.replace(SNIPPET, "")
    page.goto(SHOP)
    before = page.evaluate(snapshot)
    page.evaluate(
        """(src) => {
        const script = Object.assign(document.createElement("script"), { src });
        script.dataset.site = "bellwether";
        document.body.append(script);
        }""",
        f"{DESK}/widget/embed.js",
    )
    page.wait_for_function("window.Makegood && Makegood.ready")
    page.wait_for_timeout(300)
    after = page.evaluate(snapshot)
    assert set(after.pop("globals")) - set(before.pop("globals")) == {"Makegood"}
    assert after == before
    assert desk.requests == ["/widget/embed.js"]
    assert desk.sockets == []
    assert page.locator("makegood-widget iframe").count() == 0


def test_calls_made_before_the_script_arrives_are_answered_after(page: Page, desk: FakeDesk) -> None:
    queue = "<script>window.Makegood=[['on','opened',()=>{window.saw='opened'}],['nonsense'],m=>m.open()]</script>"
    desk.shop = desk.shop.replace(SNIPPET, queue + SNIPPET)
    visit(page)
    expect(widget_frame(page).locator("textarea")).to_be_visible()
    assert page.evaluate("window.saw") == "opened"


def test_the_launcher_is_a_button_that_says_its_state_and_gets_focus_back(page: Page) -> None:
    visit(page)
    button = page.get_by_role("button", name="Chat with us")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_be_focused()
    expect(page.locator("makegood-widget button")).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("dialog", name="Chat")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Chat")).to_be_hidden()
    assert page.evaluate("document.activeElement.shadowRoot?.activeElement?.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    expect(frame.locator("textarea")).to_be_focused()
    frame.locator("[data-part=close]").click()
    expect(button).to_be_focused()


def test_a_hostile_style_sheet_and_a_strict_policy_do_not_touch_the_launcher(page: Page, desk: FakeDesk) -> None:
    desk.shop = desk.shop.replace("<h1>", "<link rel=stylesheet href=/static/widget/demo.css><h1>")
    policy = f"default-src 'none'; script-src {DESK}; frame-src {DESK}; style-src 'self'"
    desk.shop_headers = {"Content-Security-Policy": f"{policy}; require-trusted-types-for 'script'"}
    visit(page)
    page.evaluate(
        """() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { all: unset !important } makegood-widget { display: none; position: static !important }");
        document.adoptedStyleSheets = [sheet];
        }"""
    )
    box = page.locator("makegood-widget button").bounding_box()
    assert box
    assert (round(box["width"]), round(box["height"])) == (56, 56)
    assert (round(box["x"]), round(box["y"])) == (1200 - 76, 860 - 76)
    expect(open_widget(page).locator("textarea")).to_be_visible()


def test_the_token_stays_with_the_host_and_out_of_every_address(page: Page, desk: FakeDesk) -> None:
    start(page)
    assert page.evaluate("localStorage.getItem('makegood:bellwether')") == TOKEN
    assert desk.of_type("start")[0]["authorization"] is None
    assert desk.of_type("hello")[0]["token"] == TOKEN
    desk.unread = {"unread": 0, "live": True}
    page.reload()
    until(page, lambda: len(desk.of_type("start")) == 2)  # by itself, since the chat is going on
    assert desk.of_type("unread") == [{"type": "unread", "site": "bellwether", "token": TOKEN}]
    assert desk.of_type("start")[1]["authorization"] == f"Bearer {TOKEN}"
    assert not any(TOKEN in path for path in desk.requests)
    page.evaluate("Makegood.reset()")
    assert page.evaluate("localStorage.getItem('makegood:bellwether')") != TOKEN
    page.reload()
    open_widget(page)
    until(page, lambda: len(desk.of_type("start")) == 3)
    assert desk.of_type("start")[2]["authorization"] is None


EVIL = """<script>
const hello = { token: "evil-evil-evil-evil", open: true, fresh: true, kept: {}, page: {}, color: null, locale: null };
const all = [
  ["unread", { count: 7 }], ["token", { token: "evil-evil-evil-evil" }], ["close", {}], ["ready", {}],
  ["event", { name: "message:sent", detail: 1 }], ["keep", { name: "evil", value: "1" }],
  ["hello", hello], ["identify", { token: "evil" }], ["shown", { open: false, page: { url: "http://evil.test/" } }],
  ["look", { color: "#ff0000", locale: null }], ["color", { color: "#ff0000" }],
];
function attack() {
  const targets = [parent, ...Array.from({ length: parent.length }, (_, at) => parent[at])];
  for (const [type, rest] of all) for (const target of targets) target.postMessage({ makegood: 1, type, ...rest }, "*");
}
</script>"""
NONSENSE = """() => {
  const words = [null, 5, "x", {}, { makegood: 1 }, { makegood: 1, type: "toString" },
    { makegood: 1, type: "constructor" }, { makegood: 1, type: "token", token: 5 },
    { makegood: 1, type: "unread", count: -1 }, { makegood: 1, type: "event", name: "opened" }];
  for (const data of words) parent.postMessage(data, "*");
}"""


def test_messages_from_other_frames_are_ignored(page: Page, desk: FakeDesk, context: BrowserContext) -> None:
    context.route("http://evil.test/**", lambda route: route.fulfill(body=EVIL, content_type="text/html"))
    desk.shop = desk.shop.replace("<h1>", "<iframe name=evil src=http://evil.test/></iframe><h1>")
    frame = start(page)
    page.evaluate("() => { Makegood.on('message:sent', () => { window.fooled = true }) }")
    before = len(desk.received)
    attacker = page.frame("evil")
    assert attacker
    attacker.evaluate("attack()")
    page.evaluate("window.postMessage({makegood: 1, type: 'token', token: 'evil-evil-evil-evil'}, '*')")
    frame.evaluate(NONSENSE)  # our own frame, but not our own words
    # The shadow root hides our frame from the page's other frames; even so, it hears its parent only.
    told = ["{ type: 'identify', token: 'evil' }", "{ type: 'shown', open: false, page: { url: 'http://evil.test/' } }"]
    for words in told:
        frame.evaluate(f"window.postMessage({{ makegood: 1, ...{words} }}, '*')")
    page.wait_for_timeout(300)
    assert desk.received[before:] == []
    kept = page.evaluate("({ ...localStorage })")
    assert kept.pop("makegood:bellwether") == TOKEN
    assert not any("evil" in key + value for key, value in kept.items())
    assert page.evaluate("window.fooled") is None
    expect(page.locator("makegood-widget .badge")).to_be_hidden()
    expect(page.get_by_role("dialog", name="Chat")).to_be_visible()
    page.evaluate("Makegood.identify({token: 'a.b.c'})")  # the real host is heard
    until(page, lambda: [frame["token"] for frame in desk.of_type("identify")] == ["a.b.c"])


# ---- a conversation


def test_a_message_is_sending_then_sent_and_shown_once(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    page.evaluate(
        """() => {
        window.heard = [];
        for (const name of ["message:sent", "message:received"]) Makegood.on(name, () => heard.push(name));
        }"""
    )
    desk.stores = False
    write(frame, "The tyre is wrong")
    expect(frame.locator("textarea")).to_have_value("")
    expect(frame.locator(".state")).to_have_text("Sending")
    until(page, lambda: len(desk.posts()) == 1)
    assert "ref" not in desk.posts()[0]
    desk.stores = True
    desk.take(desk.posts()[0], desk.sockets[-1])
    expect(frame.locator(".state")).to_contain_text("Sent")
    desk.say({"type": "receipt", "ref": REF, "by": "agent", "seq": 1})
    expect(frame.locator(".state")).to_have_text("Seen")
    desk.agent_says("I am sorry. Give me a minute.")
    expect_bubbles(frame, ["The tyre is wrong", "I am sorry. Give me a minute."])
    expect(frame.locator(".name b").nth(1)).to_have_text("Alice Ames")
    assert page.evaluate("heard") == ["message:sent", "message:received"]
    until(page, lambda: desk.of_type("seen") and desk.of_type("seen")[-1] == {"type": "seen", "ref": REF, "seq": 2})


def test_the_second_message_waits_until_the_first_has_a_ref(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    desk.stores = False
    for text in ("one", "two", "three"):
        write(frame, text)
    page.wait_for_timeout(400)
    assert [post["body"] for post in desk.posts()] == ["one"]
    desk.stores = True
    desk.take(desk.posts()[0], desk.sockets[-1])
    until(page, lambda: len(desk.log) == 3)
    assert [(post["body"], post.get("ref")) for post in desk.posts()] == [("one", None), ("two", REF), ("three", REF)]
    expect_bubbles(frame, ["one", "two", "three"])


def test_a_lost_ack_means_the_same_message_again_not_another_one(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    desk.acks = False  # stored, but the answer never arrives
    write(frame, "Only once, please")
    until(page, lambda: len(desk.log) == 1)
    expect(frame.locator(".state")).to_have_text("Sending")
    desk.acks = True
    desk.cut()
    desk.is_down = False
    expect(frame.locator(".state")).to_contain_text("Sent")
    page.wait_for_timeout(200)
    assert len(desk.log) == 1
    assert len({post["client_id"] for post in desk.posts()}) == 1
    expect_bubbles(frame, ["Only once, please"])


def test_after_thirty_seconds_it_says_not_sent_and_a_tap_tries_again(page: Page, desk: FakeDesk) -> None:
    page.clock.install()
    frame = start(page)
    page.evaluate("() => { Makegood.on('message:failed', (detail) => { window.failed = detail }) }")
    desk.stores = False
    write(frame, "Could someone come by?")
    expect(frame.locator(".state")).to_have_text("Sending")
    for _ in range(3):
        page.clock.run_for(9_500)
        desk.say({"type": "heartbeat", "tickets": {}})  # the line itself is fine
        page.wait_for_timeout(50)
    expect(frame.locator(".state")).to_have_text("Sending")
    page.clock.run_for(3_000)
    again = frame.get_by_role("button", name="Not sent. Tap to try again")
    expect(again).to_be_visible()
    until(page, lambda: page.evaluate("window.failed?.client_id") == desk.posts()[0]["client_id"])
    desk.stores = True
    again.click()
    expect(frame.locator(".state")).to_contain_text("Sent")
    assert len({post["client_id"] for post in desk.posts()}) == 1
    assert len(desk.log) == 1


def test_a_refused_message_does_not_hold_up_the_next_and_keeps_its_text(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    desk.answers = lambda post: {"code": "too_long", "detail": "Too long."} if "novel" in post["body"] else None
    write(frame, "a novel")
    again = frame.get_by_role("button", name="Too long to send. Tap to shorten it")
    expect(again).to_be_visible()
    write(frame, "short")
    until(page, lambda: len(desk.log) == 1)
    again.click()
    expect(frame.locator("textarea")).to_have_value("a novel")
    expect_bubbles(frame, ["short"])


def test_a_cut_line_says_so_keeps_the_text_and_catches_up(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "one")
    expect_bubbles(frame, ["one"])
    desk.cut()
    expect(frame.locator("[data-part=notice]")).to_have_text("No connection. Your text is safe, we keep trying.")
    expect(frame.locator("[data-part=presence]")).to_have_text("Reconnecting…")
    write(frame, "two")
    frame.fill("textarea", "half a thought")
    for number in range(3):
        desk.record(agent_says(f"while you were away {number}"))
    desk.is_down = False
    frame.evaluate("window.dispatchEvent(new Event('online'))")
    expect_bubbles(frame, ["one", "while you were away 0", "while you were away 1", "while you were away 2", "two"])
    assert desk.of_type("hello")[-1]["after"] == {REF: 1}
    expect(frame.locator("textarea")).to_have_value("half a thought")
    expect(frame.locator("[data-part=notice]")).to_have_text("")


def test_missing_doubled_and_late_frames_show_each_message_once_in_order(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "zero")
    expect_bubbles(frame, ["zero"])
    frames = [desk.record(agent_says(text)) for text in ("a", "b", "c", "d")]
    for index in (2, 0, 0, 3, 1, 2):
        desk.say(frames[index])
    desk.say({"type": "event", "ref": REF, "seq": 2, "prev": 1, "event": agent_says("a forged second 'a'")})
    expect_bubbles(frame, ["zero", "a", "b", "c", "d"])
    assert desk.of_type("resume")[0] == {"type": "resume", "ref": REF, "after": 1}


def test_a_heartbeat_that_is_ahead_fetches_what_no_bell_announced(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "zero")
    expect_bubbles(frame, ["zero"])
    desk.record(agent_says("nobody rang for this"))
    desk.say({"type": "heartbeat", "tickets": {REF: 2}})
    expect_bubbles(frame, ["zero", "nobody rang for this"])


def test_a_silent_line_is_given_up_after_twenty_five_seconds(page: Page, desk: FakeDesk) -> None:
    page.clock.install()
    start(page)
    assert len(desk.sockets) == 1
    page.clock.run_for(24_000)
    page.wait_for_timeout(100)
    assert len(desk.sockets) == 1
    page.clock.run_for(3_000)
    page.clock.resume()
    until(page, lambda: len(desk.sockets) == 2)


def test_where_sockets_are_blocked_the_same_happens_over_http(page: Page, desk: FakeDesk) -> None:
    desk.has_sockets = False
    visit(page)
    frame = open_widget(page)
    write(frame, "one")
    write(frame, "two")
    expect_bubbles(frame, ["one", "two"])
    expect(frame.locator(".state").last).to_contain_text("Sent")
    assert [(post["http"], post["body"]) for post in desk.posts()] == [(True, "one"), (True, "two")]
    assert f"/widget/tickets/{REF}/messages/" in desk.requests
    desk.record(agent_says("by poll"))
    expect_bubbles(frame, ["one", "two", "by poll"])


def test_unknown_events_and_frames_move_the_cursor_and_nothing_else(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "one")
    expect_bubbles(frame, ["one"])
    desk.say({"type": "weather", "rain": True})
    desk.sockets[-1].send("not json")
    desk.sockets[-1].send("[]")
    desk.say(desk.record({"type": "ticket.starred", "at": "2026-11-21T10:00:00Z", "by": {"kind": "system"}}))
    by = {"kind": "agent", "name": "Alice", "initials": "A", "you": False}
    desk.say(desk.record({"type": "ticket.resolved", "at": "2026-11-21T10:00:00Z", "by": by}))
    desk.say(desk.record({"type": "ticket.reopened", "at": "2026-11-21T10:00:00Z", "by": None}))
    desk.agent_says("still here")
    expect_bubbles(frame, ["one", "still here"])
    expect(frame.locator(".log .line")).to_have_text(
        ["Alice marked this as solved. If it is not, just write.", "This conversation is open again."]
    )


def test_typing_goes_out_once_a_second_and_the_agents_is_shown_for_six(page: Page, desk: FakeDesk) -> None:
    page.clock.install()
    frame = start(page)
    frame.locator("textarea").press_sequentially("before there is a ref")
    page.clock.run_for(2_000)
    assert desk.of_type("typing") == []
    frame.press("textarea", "Enter")
    expect(frame.locator(".state")).to_contain_text("Sent")
    page.clock.run_for(2_000)
    already = len(desk.of_type("typing"))
    frame.locator("textarea").press_sequentially("twelve chars")
    page.clock.run_for(1_500)
    until(page, lambda: desk.of_type("typing")[-1]["text"] == "twelve chars")
    assert len(desk.of_type("typing")) - already <= 3
    desk.say({"type": "typing", "ref": REF, "by": {"name": "Alice"}})
    expect(frame.locator("[data-part=typing]")).to_have_text("Alice is writing…")
    page.clock.run_for(7_000)
    expect(frame.locator("[data-part=typing]")).to_have_text("")


# ---- coming back


def test_what_was_written_survives_a_reload_while_nothing_answers(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    desk.cut()
    write(frame, "written in the tunnel")
    write(frame, "and this")
    frame.fill("textarea", "and half of")
    desk.is_down = False
    desk.has_sockets = True
    visit(page)
    frame = open_widget(page)
    expect_bubbles(frame, ["written in the tunnel", "and this"])
    expect(frame.locator("textarea")).to_have_value("and half of")
    until(page, lambda: len(desk.log) == 2)


def test_without_any_storage_it_still_works(page: Page, desk: FakeDesk) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('closed', 'SecurityError') } })"
    )
    frame = start(page)
    write(frame, "no storage here")
    expect(frame.locator(".state")).to_contain_text("Sent")
    expect_bubbles(frame, ["no storage here"])


def test_a_returning_visitor_sees_a_number_then_the_answer(page: Page, desk: FakeDesk) -> None:
    start(page)
    write(widget_frame(page), "I will be back")
    until(page, lambda: len(desk.log) == 1)
    page.wait_for_timeout(300)
    desk.record(agent_says("answer one"))
    desk.record(agent_says("answer two"))
    desk.tickets = [{"ref": REF, "last": 3}]
    desk.unread = {"unread": 2, "live": False}
    desk.requests.clear()
    visit(page)
    expect(page.locator("makegood-widget .badge")).to_have_text("2")
    expect(page.get_by_role("button", name="Chat with us. New messages: 2")).to_be_visible()
    assert desk.requests == ["/widget/embed.js", "/widget/unread/"]  # one small question, no panel
    desk.received.clear()
    frame = open_widget(page)
    expect_bubbles(frame, ["I will be back", "answer one", "answer two"])
    expect(page.locator("makegood-widget .badge")).to_be_hidden()
    until(page, lambda: desk.of_type("seen") == [{"type": "seen", "ref": REF, "seq": 3}])
    page.get_by_role("button", name="Close chat").click()
    desk.agent_says("answer three")
    expect(page.locator("makegood-widget .badge")).to_have_text("1")


def test_a_new_conversation_has_no_ref_and_the_old_one_stays_in_reach(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "the old story")
    expect(frame.locator(".state")).to_contain_text("Sent")
    desk.tickets = [{"ref": REF, "last": 1}]
    frame.locator("[data-part=menu-button]").click()
    frame.get_by_role("button", name="New conversation").click()
    expect(frame.locator(".bubble")).to_have_count(0)
    desk.stores = False
    write(frame, "something else")
    until(page, lambda: len(desk.posts()) == 2)
    assert "ref" not in desk.posts()[1]
    frame.locator("[data-part=menu-button]").click()
    frame.get_by_role("button", name="Earlier conversations").click()
    frame.get_by_role("button", name="the old story").click()
    expect_bubbles(frame, ["the old story"])


def test_words_for_a_conversation_long_solved_continue_in_the_new_one(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "the old story")
    expect(frame.locator(".state")).to_contain_text("Sent")
    desk.ref, desk.log = "NEWREFNEWREF0", []  # what the server does with words for a conversation solved long ago
    desk.stores = False
    write(frame, "it broke again")
    write(frame, "and again")
    until(page, lambda: len(desk.posts()) == 2)
    desk.stores = True
    desk.take(desk.posts()[1], desk.sockets[-1])
    expect_bubbles(frame, ["it broke again", "and again"])
    assert [post.get("ref") for post in desk.posts()] == [None, REF, "NEWREFNEWREF0"]


def test_a_token_that_is_refused_is_renewed_and_only_then_given_up(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    write(frame, "one")
    expect(frame.locator(".state")).to_contain_text("Sent")
    desk.sockets[-1].close(code=4401)  # too slow with its hello, say
    until(page, lambda: len(desk.of_type("start")) == 2)
    assert desk.of_type("start")[1]["authorization"] == f"Bearer {TOKEN}"
    until(page, lambda: len(desk.of_type("hello")) == 2)
    expect_bubbles(frame, ["one"])
    desk.token, desk.log, desk.ref = "another-token-for-somebody-new", [], "OTHERREFOTHER"
    desk.sockets[-1].close(code=4401)  # this time the server knows us no longer
    expect(frame.locator(".bubble")).to_have_count(0)
    write(frame, "hello again")
    expect_bubbles(frame, ["hello again"])
    until(page, lambda: page.evaluate("localStorage.getItem('makegood:bellwether')") == desk.token)


# ---- an address, only when it helps


def test_when_nobody_is_there_an_address_is_asked_for_after_the_first_message(page: Page, desk: FakeDesk) -> None:
    frame = start(page)
    contact = frame.locator("[data-part=contact]")
    expect(frame.locator("[data-part=presence]")).to_contain_text("Nobody is here right now.")
    expect(contact).to_be_hidden()
    write(frame, "Is anybody there?")
    expect(contact).to_be_visible()
    email = frame.get_by_label("Leave your email and the answer reaches you there too.")
    email.fill("not an address")
    email.press("Enter")
    expect(contact.locator("[data-error]")).to_have_text("Please check the address.")
    fields = {"email": ["This domain takes no mail."]}
    desk.contact = 422, {"error": {"code": "invalid", "detail": "No.", "fields": fields}}
    email.fill("carla@nowhere.invalid")
    email.press("Enter")
    expect(contact.locator("[data-error]")).to_have_text("This domain takes no mail.")
    desk.contact = 200, {"email": "carla@example.org"}
    email.fill("carla@example.org")
    email.press("Enter")
    expect(contact).to_be_hidden()
    expect(frame.locator("[data-part=contact-done]")).to_contain_text(
        "The answer reaches you at carla@example.org too."
    )
    assert [frame["email"] for frame in desk.of_type("contact")] == ["carla@nowhere.invalid", "carla@example.org"]


def somebody(name: str, picture: str | None = None) -> dict[str, Any]:
    return {"type": "presence", "agents": [{"name": name, "picture": picture}], "wait_seconds": None, "open": True}


def test_with_somebody_there_nobody_asks_but_the_menu_offers_it(page: Page, desk: FakeDesk) -> None:
    desk.presence = somebody("Alice")
    frame = start(page)
    write(frame, "Hello")
    expect(frame.locator(".state")).to_contain_text("Sent")
    expect(frame.locator("[data-part=contact]")).to_be_hidden()
    frame.locator("[data-part=menu-button]").click()
    frame.get_by_role("button", name="Get the answer by email too").click()
    expect(frame.locator("#email")).to_be_focused()


# ---- hostile text

PAYLOADS = [
    "<script>window.top.pwned=1;alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)//https://a.example",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "</textarea></script><script>alert(1)</script>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "&lt;b&gt;not bold&lt;/b&gt; &#60;script&#62;",
    "https://a.example/<script>alert(1)</script>",
    "mailto:x@y.example?subject=<script>alert(1)</script>",
    "\u202eevil\u202c zero\u200bwidth \U0001f6b2 e\u0301 \u0627\u0644\u062f\u0631\u0627\u062c\u0629",
    "__proto__",
    "a\tb  c\nsecond line",
]


def test_hostile_text_is_shown_as_text_whoever_wrote_it(page: Page, desk: FakeDesk) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    desk.site["greeting"] = desk.site["name"] = "</script><script>alert(1)</script>" + nasty
    desk.presence = somebody(nasty, "javascript:alert(1)")
    frame = start(page)
    for payload in PAYLOADS:
        write(frame, payload)
    until(page, lambda: len(desk.log) == len(PAYLOADS))
    for payload in PAYLOADS:
        desk.agent_says(payload, name=nasty)
    desk.say({"type": "typing", "ref": REF, "by": {"name": nasty}})
    expect(frame.locator(".bubble")).to_have_count(2 * len(PAYLOADS))
    shown = frame.locator(".bubble").evaluate_all("nodes => nodes.map((node) => node.textContent)")
    assert shown == PAYLOADS * 2
    assert frame.locator(".log script, .log img, .log svg, .log iframe, .log form, h1 *").count() == 0
    links = frame.locator(".log a").evaluate_all("links => links.map((link) => link.protocol)")
    assert links
    assert set(links) <= {"http:", "https:", "mailto:"}
    assert page.evaluate("window.pwned") is None


# ---- everyone


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
def test_axe_finds_nothing_in_the_panel_or_the_shop(page: Page, desk: FakeDesk, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{DESK}/widget/frame/?site=bellwether")  # by itself, so that axe reaches all of it
    frame = page.main_frame
    write(frame, "Hi, see https://a.example")
    expect(frame.locator("[data-part=contact]")).to_be_visible()
    desk.agent_says("Hello! https://b.example")
    desk.answers = lambda post: {"code": "invalid", "detail": "No."}
    write(frame, "refused")
    expect(frame.get_by_role("button", name="Not sent. Tap to try again")).to_be_visible()
    desk.cut()
    write(frame, "waiting")
    expect(frame.locator("[data-part=notice]")).not_to_have_text("")
    assert violations(page) == []
    frame.locator("[data-part=menu-button]").click()
    assert violations(page) == []
    desk.is_down = False
    desk.shop = render_to_string("chat/demo.html", {"site_url": DESK, "attributes": {"data-site": "bellwether"}})
    assert SNIPPET in desk.shop
    visit(page)
    assert violations(page) == []


def violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [(node["target"], node["failureSummary"]) for node in rule["nodes"]]) for rule in found]


# The last two are ordinary windows at 200 and 400 % zoom.
SIZES = [(390, 844), (320, 256), *(pytest.param(*size, marks=pytest.mark.long) for size in ((320, 568), (640, 400)))]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_on_a_phone_and_enlarged_everything_stays_in_reach(page: Page, desk: FakeDesk, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    frame = start(page)
    write(frame, "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " + "x" * 300)
    expect(frame.locator(".state")).to_contain_text("Sent")
    if width <= 480:
        box = page.locator("makegood-widget .panel").bounding_box()
        assert box == {"x": 0, "y": 0, "width": width, "height": height}
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("textarea", ".send", "[data-part=close]", "[data-part=menu-button]"):
        frame.locator(name).scroll_into_view_if_needed()
        expect(frame.locator(name)).to_be_in_viewport(ratio=0.9)
    frame.locator("[data-part=close]").click()
    expect(page.locator("makegood-widget .panel")).to_be_hidden()


def test_right_to_left_pages_get_a_mirrored_widget(page: Page, desk: FakeDesk) -> None:
    desk.shop = desk.shop.replace("<html lang=en>", "<html lang=ar dir=rtl>")
    visit(page)
    box = page.locator("makegood-widget button").bounding_box()
    assert box
    assert box["x"] < 100
    frame = open_widget(page)
    frame.evaluate("document.documentElement.dir = 'rtl'")
    write(frame, "مرحبا")
    bubble = frame.locator(".mine .bubble").bounding_box()
    log = frame.locator(".log").bounding_box()
    assert bubble
    assert log
    assert bubble["x"] - log["x"] < 40


# ---- what the team wrote with lists and emphasis

RICH = """<p onclick="window.__pwned=1" style="color:red" id="app">Hello <strong>you</strong><br>there
<img src=x onerror="window.__pwned=1"></p>
<ul><li>one</li></ul><ol start="3"><li>three</li></ol><pre><code>a  b</code></pre>
<script>window.__pwned=1</script><svg onload="window.__pwned=1"></svg><table><tr><td>cell</td></tr></table>
<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe><style>*{display:none}</style><h1>Loud</h1>
<a href="https://x.example/a" onmouseover="window.__pwned=1" target="_self">good</a> <a href="/relative">near</a>
<a href="javascript:window.__pwned=1">bad</a><form action="//evil.example"><button>go</button></form>"""


def test_only_what_is_listed_is_built_from_the_servers_html(lab: Page) -> None:
    built = lab.evaluate(
        """async (html) => {
        const { rich } = await import("/static/widget/rich.js");
        const words = rich(html);
        document.body.append(words);
        await new Promise((done) => setTimeout(done, 100));
        const all = [...words.querySelectorAll("*")];
        return {
            tags: [...new Set(all.map((node) => node.localName))].sort(),
            attributes: [...new Set(all.flatMap((node) => node.getAttributeNames()))].sort(),
            links: [...words.querySelectorAll("a")].map((a) => [a.href, a.target, a.rel, a.textContent]),
            text: words.textContent.replace(/\\s+/g, " ").trim(),
            pwned: window.__pwned ?? null,
        };
        }""",
        RICH,
    )
    assert built["tags"] == ["a", "br", "code", "li", "ol", "p", "pre", "strong", "ul"]
    assert built["attributes"] == ["href", "rel", "start", "target"]
    assert built["links"] == [["https://x.example/a", "_blank", "noopener nofollow", "good"]]
    assert "".join(built["text"].split()) == "HelloyouthereonethreeabcellLoudgoodnearbadgo"
    assert built["pwned"] is None


# ---- size and house rules


def packed(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_the_loader_stays_small() -> None:
    assert packed(WIDGET / "embed.js") <= 6 * 1024  # all that a conversation loads is weighed in test_panel.py


PARSES_HTML = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")


def loaded_with(module: Path) -> set[str]:
    """The modules that come with one: what it imports at once, and what those import."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if (name := path.relative_to(WIDGET).as_posix()) in found:
            continue
        found.add(name)
        waiting += [
            path.parent / imported for imported in re.findall(r'^import .*"(\./[\w./-]+)"', path.read_text(), re.M)
        ]
    return found


def test_modules_are_short_and_never_parse_html() -> None:
    for path in MODULES:
        source = path.read_text()
        assert source.count("\n") < 200, path.name
        assert not PARSES_HTML.search(source), path.name
        for imported in re.findall(r'(?:from |import\()"\./([\w./-]+)"', source):
            assert (WIDGET / imported).exists(), (path.name, imported)


def test_what_a_first_conversation_needs_is_preloaded_and_nothing_else() -> None:
    page = (ROOT / "templates/chat/frame.html").read_text()
    preloaded = re.findall(r"modulepreload\" href=\"{% static 'widget/([\w./-]+)' %}", page)
    assert sorted([*preloaded, "main.js"]) == sorted(loaded_with(WIDGET / "main.js"))
    on_demand = {path.name for path in MODULES} - set(preloaded) - {"main.js"}
    rooms = ("contact", "copy", "earlier", "emoji", "pictures", "preview", "promises", "rating", "sending", "viewer")
    assert on_demand == {name for room in rooms for name in loaded_with(WIDGET / f"{room}.js")} - {*preloaded}
    assert "style=" not in page
    assert not re.search(r"\son\w+=", page)


def test_what_is_typed_before_the_widget_is_ready_stays(page: Page, desk: FakeDesk, context: BrowserContext) -> None:
    held: list[Route] = []
    context.route(re.compile(r".*/static/widget/view\.js"), lambda route: held.append(route))
    visit(page)
    page.locator("makegood-widget button").click()
    frame = widget_frame(page)
    frame.fill("textarea", "quick fingers")
    for route in held:
        route.fallback()
    expect(frame.locator("[data-part=presence]")).to_contain_text("Nobody is here")
    expect(frame.locator("textarea")).to_have_value("quick fingers")


def test_every_word_the_page_asks_for_is_in_the_table(lab: Page) -> None:
    sources = (ROOT / "templates/chat/frame.html").read_text() + "".join(path.read_text() for path in MODULES)
    asked = set(re.findall(r'data-say(?:-label|-hint)?="(\w+)"', sources)) | set(re.findall(r'\bsay\("(\w+)"', sources))
    missing = lab.evaluate(
        """async (keys) => {
        const { textsFor } = await import("/static/widget/texts.js");
        const say = textsFor("en");
        return keys.filter((key) => say(key, { count: 1, name: "", email: "" }) === key);
        }""",
        sorted(asked),
    )
    assert len(asked) > 25
    assert missing == []
