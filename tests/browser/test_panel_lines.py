"""The widget in Chromium against the real desk, over lines that break: nothing lost, doubled, misplaced or shared."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from accounts.models import Site, User
from chat.models import Visitor
from customers.models import Customer
from outbox.jobs import send_due
from tests.browser.test_panel_files import picture
from tests.browser.test_widget import until
from tests.chaos.lines import Balancer, Line
from tests.chat.conftest import signer
from tickets.actions import open_ticket, post_message, resolve_ticket
from tickets.models import Event, Message, Rating, RootCause, Ticket

pytestmark = pytest.mark.browser


class Wire:
    """A line between a browser and the desk, in a thread of its own, so that a test can cut it at any moment."""

    def __init__(self, address: str) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.line = Line(Balancer([urlsplit(address).port or 80]))
        self._do(self.line.open())
        self.url = self.line.url
        self.number = urlsplit(self.url).port or 0

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def _call(self, act: Callable[..., None], **options: Any) -> None:
        async def work() -> None:
            act(**options)

        self._do(work())

    def cut(self, *, reset: bool = False) -> None:
        """Every connection breaks; the next one may work."""
        self._call(self.line.cut, reset=reset)

    def down(self) -> None:
        """Nobody answers any more."""
        self._call(self.line.close)

    def up(self) -> None:
        self._do(self.line.open(self.number))

    def lose_answers(self, seconds: float) -> None:
        """What the browser says arrives, what it is answered does not; then the connection is gone without a word."""
        asyncio.run_coroutine_threadsafe(self.line.half_open(seconds), self.loop)

    def end(self) -> None:
        self._call(self.line.close)
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def wire(live: str, settings: Any) -> Iterator[Wire]:
    wire = Wire(live)
    settings.SITE_URL = wire.url
    settings.SOCKET_ORIGINS = [wire.url, live]
    yield wire
    wire.end()


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shop(wire: Wire, site: Site) -> Iterator[str]:
    """Somebody's page with our script, on another server, which stays up."""
    page = f"""<!doctype html><html lang="en"><title>Shop</title><h1>Tyres</h1>
        <script async src="{wire.url}/widget/embed.js" data-site="{site.key}"></script>""".encode()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.allowed_origins = [f"http://127.0.0.1:{server.server_port}"]
        site.save()
        yield site.allowed_origins[0]
        server.shutdown()


def visit(page: Page, shop: str) -> FrameLocator:
    page.goto(shop)
    page.get_by_role("button", name="Chat with us").click()
    return page.frame_locator("iframe")


def box(panel: FrameLocator) -> Any:
    return panel.get_by_role("textbox", name="Write a message")


def say(panel: FrameLocator, words: str) -> None:
    box(panel).fill(words)
    box(panel).press("Enter")


def bubbles(panel: FrameLocator) -> list[str]:
    return panel.locator(".bubble").all_inner_texts()


def stored(ticket: Ticket | None = None) -> list[str]:
    """The bodies in the order of the log."""
    events = Event.objects.filter(type="message.posted")
    if ticket is not None:
        events = events.filter(ticket=ticket)
    return [event.message.body for event in events.order_by("seq").select_related("message") if event.message]


def everything_sent(panel: FrameLocator, count: int) -> None:
    expect(panel.locator(".bubble")).to_have_count(count, timeout=40_000)
    expect(panel.locator(".mine:is([data-state=sending], [data-state=late], [data-state=refused])")).to_have_count(
        0, timeout=40_000
    )


def test_the_network_goes_mid_sentence_and_nothing_is_lost(
    wire: Wire, shop: str, alice: User, new_window: Callable[..., BrowserContext]
) -> None:
    page = new_window().new_page()
    panel = visit(page, shop)
    say(panel, "one")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    box(panel).press_sequentially("tw")
    page.context.set_offline(True)
    wire.down()
    box(panel).press_sequentially("o")
    box(panel).press("Enter")
    panel.locator("[data-part=pick]").set_input_files(picture("rim.png", 40, 30))  # type: ignore[arg-type]
    say(panel, "three, with a picture")
    say(panel, "four")
    box(panel).fill("and half of the fifth")
    expect(panel.get_by_text("No connection. Your text is safe, we keep trying.")).to_be_visible()
    assert stored() == ["one"]
    post_message(Ticket.objects.get(), by=alice, body="our answer meanwhile")

    # The page is loaded anew while the desk is still away, and once more when it is back.
    page.context.set_offline(False)
    page.goto(shop)
    page.wait_for_timeout(500)
    assert stored() == ["one", "our answer meanwhile"]
    wire.up()
    panel = visit(page, shop)
    everything_sent(panel, 5)
    expected = ["one", "our answer meanwhile", "two", "three, with a picture", "four"]
    assert stored() == expected
    assert [text.split("\n")[0] for text in bubbles(panel)] == expected
    expect(panel.locator(".picture")).to_have_attribute("data-state", "here")
    expect(box(panel)).to_have_value("and half of the fifth")
    assert [file.name for file in Message.objects.get(body="three, with a picture").attachments.all()] == ["rim.png"]


@pytest.mark.parametrize("seed", [3, pytest.param(11, marks=pytest.mark.long)])
def test_a_line_that_keeps_breaking_brings_everything_once_and_in_order(
    wire: Wire, shop: str, alice: User, new_window: Callable[..., BrowserContext], seed: int
) -> None:
    rng = random.Random(seed)
    page = new_window().new_page()
    panel = visit(page, shop)
    say(panel, "guest 0")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    ticket = Ticket.objects.get()
    faults: list[Callable[[], None]] = [
        wire.cut,
        lambda: wire.cut(reset=True),
        lambda: wire.lose_answers(0.2),
        lambda: (wire.down(), page.wait_for_timeout(200), wire.up()),  # type: ignore[func-returns-value]
    ]
    answers = 0
    for number in range(1, 21):
        if rng.random() < 0.5:
            rng.choice(faults)()
        say(panel, f"guest {number}")
        if rng.random() < 0.4:
            post_message(ticket, by=alice, body=f"answer {answers}")
            answers += 1
        page.wait_for_timeout(rng.randrange(150))
    wire.cut()
    everything_sent(panel, 21 + answers)
    log = stored(ticket)
    assert [body for body in log if body.startswith("guest")] == [f"guest {number}" for number in range(21)]
    assert [body for body in log if body.startswith("answer")] == [f"answer {number}" for number in range(answers)]
    assert bubbles(panel) == log
    page.reload()
    panel = page.frame_locator("iframe")
    page.get_by_role("button", name=re.compile("Chat with us")).click()
    expect(panel.locator(".bubble")).to_have_count(len(log), timeout=40_000)
    assert bubbles(panel) == log


def test_a_stored_message_whose_answer_got_lost_is_not_stored_again(
    wire: Wire, shop: str, new_window: Callable[..., BrowserContext]
) -> None:
    page = new_window().new_page()
    panel = visit(page, shop)
    say(panel, "one")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    wire.lose_answers(1.0)
    say(panel, "did this arrive?")
    until(page, lambda: stored() == ["one", "did this arrive?"])
    expect(panel.get_by_text("Sending")).to_be_visible()  # it did, and nobody has said so
    page.wait_for_timeout(1200)
    wire.cut()
    everything_sent(panel, 2)
    assert stored() == ["one", "did this arrive?"]


def test_two_browsers_never_share_a_visitor_and_two_tabs_of_one_do(
    wire: Wire, shop: str, alice: User, new_window: Callable[..., BrowserContext]
) -> None:
    windows = [new_window(), new_window()]
    panels = [visit(window.new_page(), shop) for window in windows]
    for number, panel in enumerate(panels):
        say(panel, f"I am {number}")
        expect(panel.get_by_text("Sent ")).to_be_visible()
    assert Visitor.objects.count() == Customer.objects.count() == Ticket.objects.count() == 2
    tab = windows[0].new_page()
    second = visit(tab, shop)
    expect(second.locator(".bubble")).to_have_text(["I am 0"])
    say(second, "from another tab")
    everything_sent(second, 2)
    first = Ticket.objects.get(messages__body="I am 0")
    post_message(first, by=alice, body="for number 0 only")
    for panel in (panels[0], second):
        expect(panel.locator(".bubble")).to_have_text(["I am 0", "from another tab", "for number 0 only"])
    expect(panels[1].locator(".bubble")).to_have_text(["I am 1"])
    assert Visitor.objects.count() == Ticket.objects.count() == 2
    keys = [window.pages[0].evaluate("localStorage.getItem('makegood:bellwether')") for window in windows]
    assert len(set(keys)) == 2
    assert all(len(key) > 30 for key in keys)


def test_where_sockets_are_blocked_a_whole_visit_goes_over_http(
    wire: Wire, shop: str, alice: User, cause: RootCause, new_window: Callable[..., BrowserContext]
) -> None:
    window = new_window()
    window.route_web_socket(re.compile("/ws/widget/"), lambda socket: socket.close(code=1011))
    page = window.new_page()
    panel = visit(page, shop)
    panel.locator("[data-part=pick]").set_input_files(picture("rim.png", 40, 30))  # type: ignore[arg-type]
    say(panel, "This rim, by post only")
    everything_sent(panel, 1)
    ticket = Ticket.objects.get()
    post_message(ticket, by=alice, body="I see it")
    expect(panel.locator(".bubble").last).to_have_text("I see it")
    panel.get_by_role("button", name="More").click()
    panel.get_by_role("button", name="End chat").click()
    expect(panel.get_by_text("The chat has ended.")).to_be_visible()
    panel.get_by_text("Very good").click()
    expect(panel.get_by_text("Thank you for telling us: Very good.")).to_be_visible()
    panel.get_by_label("Anything to add?").fill("Even without sockets")
    panel.get_by_role("button", name="Send", exact=True).first.click()
    until(page, lambda: Rating.objects.filter(ticket=ticket, score=5, comment="Even without sockets").exists())
    say(panel, "One more")
    everything_sent(panel, 3)
    assert stored() == ["This rim, by post only", "I see it", "One more"]
    resolve_ticket(ticket, by=alice, root_cause=cause)
    expect(panel.get_by_text("Alice marked this as solved.")).to_be_visible()


def test_a_signed_identity_brings_earlier_conversations_and_keeps_this_one(
    wire: Wire, shop: str, site: Site, alice: User, new_window: Callable[..., BrowserContext]
) -> None:
    sign = signer(site)
    page = new_window().new_page()
    panel = visit(page, shop)
    say(panel, "Written before I signed in")
    everything_sent(panel, 1)
    page.evaluate("(token) => Makegood.identify({ token })", sign("42", name="Carla Cole", email="carla@example.org"))
    until(page, lambda: Customer.objects.filter(identities__subject="42").exists())
    mine = Customer.objects.get(identities__subject="42")
    earlier = open_ticket(mine, by=mine, body="From last year", channel="chat", site=site)
    say(panel, "And after")
    expect(panel.locator(".bubble").last).to_have_text("And after")
    everything_sent(panel, panel.locator(".bubble").count())
    panel.get_by_role("button", name="More").click()
    panel.get_by_role("button", name="Earlier conversations").click()
    panel.get_by_role("button", name="From last year").click()
    expect(panel.locator(".bubble")).to_have_text(["From last year"])
    post_message(earlier, by=alice, body="Welcome back")
    expect(panel.locator(".bubble")).to_have_text(["From last year", "Welcome back"])


def test_a_copy_goes_out_once_the_address_is_proved(
    wire: Wire, shop: str, smtp: Any, new_window: Callable[..., BrowserContext]
) -> None:
    page = new_window().new_page()
    panel = visit(page, shop)
    say(panel, "Please send me this")
    everything_sent(panel, 1)
    panel.get_by_role("button", name="More").click()
    panel.get_by_role("button", name="Email me a copy").click()
    panel.get_by_label("Where should the copy of this conversation go?").fill("carla@example.org")
    panel.get_by_role("button", name="Send a code").click()
    code = panel.get_by_label("We have sent six digits to carla@example.org.")
    expect(code).to_be_visible()
    send_due()
    [mail] = smtp.taken
    text = message_from_bytes(mail.content, policy=policy.default).get_body(("plain",))
    assert text
    code.fill(re.findall(r"\b(\d{3} ?\d{3})\b", text.get_content())[0])
    code.press("Enter")
    expect(panel.get_by_text("The copy is on its way to carla@example.org.")).to_be_visible()
    send_due()
    assert smtp.taken[-1].to == ["carla@example.org"]
    assert "Please send me this" in str(message_from_bytes(smtp.taken[-1].content, policy=policy.default))
    say(panel, "It arrived")
    everything_sent(panel, 2)
