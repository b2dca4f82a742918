"""A desk full of hostile text in a real Chromium: it is shown as text, nothing runs, nothing leaves, nothing breaks out
of the page. Names, subjects, tags, files, teams, causes, messages and mails, on every page that shows them."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from accounts.models import Site, Team, User
from customers.actions import create_guest
from customers.models import Company, Customer
from outbox.actions import queue_mail
from outbox.catcher import box_path
from outbox.mime import to_bytes
from reports.actions import recount
from tests.browser import test_first_day
from tests.browser.conftest import sign_in
from tests.browser.looking import open_and_hear
from tests.hostile.payloads import FEW, PAYLOADS, SCRIPTS, message, one_line
from tickets.actions import Post, add_attachment, open_ticket, post_message, post_messages, resolve_ticket
from tickets.models import RootCause, Ticket

pytestmark = pytest.mark.browser
shop, say = test_first_day.shop, test_first_day.say  # the page of someone else that carries our widget

WIDTHS = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SAYABLE = {kind: message(text)[:20_000] for kind, text in PAYLOADS.items() if message(text)}
RICH = [f"**{text}** [{text}](https://x.example)\n\n- {text}\n\n```\n{text}" for text in SCRIPTS.values()]
WORST = [one_line(text) for text in [*list(SCRIPTS.values())[:14], FEW["one long word"], FEW["combining, a tower"]]]

# What no page of ours has, and what was only ever text.
INJECTED = """() => [...document.querySelectorAll(
    "[onerror], [onload], [onfocus], [onmouseover], [ontoggle], [onbegin], [onstart], marquee, math, object, embed," +
    "base, meta[http-equiv=refresh], iframe[srcdoc], script:not([src]):not([type]):not([nonce])," +
    "a[href^='javascript' i], a[href^='data' i], a[href^='vbscript' i], [style*=fixed], form[action^='//']"
)].map((node) => node.outerHTML.slice(0, 120))"""
WATCH = """addEventListener("securitypolicyviolation", (event) => {
    console.error("policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample);
});"""


class Watched:
    """A window in which nothing may run, fail, leave or break out."""

    def __init__(self, window: BrowserContext, own: list[str]) -> None:
        self.window, self.own, self.troubles = window, own, []
        window.add_init_script(WATCH)
        window.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        window.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        window.on("console", self._hear)
        window.on("request", self._see)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.troubles.append(f"console: {said.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((*self.own, "data:", "blob:", "about:")):
            self.troubles.append(f"asked for {request.url}")

    def look(self, page: Page) -> None:
        """Hold the page as it is now against everything that must not be."""
        where = page.url
        for frame in page.frames:
            assert frame.evaluate("window.__pwned") is None, f"a script ran on {where}"
            assert frame.evaluate(INJECTED) == [], where
        width, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= shown, f"{where} is {width} wide in a window of {shown}"
        assert self.troubles == [], where


@pytest.fixture
def watched(live: str, new_window: Callable[..., BrowserContext]) -> Callable[..., Watched]:
    def open_window(user: User | None = None, size: str = "wide", own: tuple[str, ...] = ()) -> Watched:
        window = new_window(viewport=WIDTHS[size])
        if user:
            sign_in(window, user, live)
        return Watched(window, [live, *own])

    return open_window


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.DATA_DIR = tmp_path


@pytest.fixture
def town(live: str, chromium: Any, adam: User, alice: User, workshop: Team, site: Site, carla: Customer) -> Ticket:
    """A ticket for every payload, and one on which they all were said; returns that one."""
    for number, text in enumerate(WORST):
        RootCause.objects.create(name=text[:120], slug=f"cause-{number}")
        alice.teams.add(Team.objects.create(name=text[:80], slug=f"team-{number}"))
        User.objects.create_user(f"p{number}@example.com", None, name=text[:120], role="agent")
    adam.name = WORST[0][:120]
    adam.save()
    causes, teams = list(RootCause.objects.all()), list(Team.objects.all())
    for number, text in enumerate(SAYABLE.values()):
        name = one_line(text)[:160]
        customer = create_guest(name=name)
        customer.company, customer.note = Company.objects.create(name=name or "-"), text[:5000]
        customer.save()
        words = {"subject": text[:200], "body": text, "tags": [name[:50]]}
        where = {"site": site, "team": teams[number % len(teams)]}
        ticket = open_ticket(customer, by=customer, channel="chat", **words, **where)
        if number % 5 == 0:
            resolve_ticket(ticket, by=alice, root_cause=causes[number % len(causes)], note=text[:1000])
    everything = open_ticket(carla, by=carla, body=WORST[0], channel="chat", site=site, tags=WORST[:14])
    post_messages([Post(everything, by=carla, body=text) for text in SAYABLE.values()])
    post_messages([Post(everything, by=alice, body=SAYABLE[kind], kind="note") for kind in FEW if kind in SAYABLE])
    post_messages([Post(everything, by=alice, body=text, format="markdown") for text in RICH])
    for text in WORST:
        file = add_attachment(SimpleUploadedFile("x", b"Just words"), by=alice)
        type(file).objects.filter(pk=file.pk).update(name=text[:200])  # as bad as a name could ever have been
        post_message(everything, by=alice, body="See the file.", attachments=(str(file.pk),))
    recount(Ticket.objects.values_list("pk", flat=True))
    return everything


def test_the_town_is_as_bad_as_it_should_be(town: Ticket) -> None:
    assert Ticket.objects.filter(subject__contains="<script>").count() > 5
    assert town.messages.filter(body__contains="<svg onload").exists()


@pytest.mark.parametrize("size", ["wide", pytest.param("phone", marks=pytest.mark.long)])
def test_the_agents_pages_show_it_all_as_text(
    town: Ticket, watched: Callable[..., Watched], adam: User, live: str, size: str
) -> None:
    window = watched(adam, size)
    page = window.window.new_page()
    tickets = Ticket.objects.filter(subject__in=WORST).order_by("pk")
    paths = ["/inbox/?view=all", "/inbox/?view=solved", "/customers/", f"/tickets/{town.number}/", "/tickets/new/"]
    paths += [
        "/dashboard/",
        "/dashboard/tags/",
        "/dashboard/causes/",
        "/settings/people/",
        "/settings/teams/",
        "/settings/profile/",
        "/settings/sites/",
    ]
    paths += [f"/inbox/?q={quote(text[:100])}" for text in WORST[:3]] + ["/inbox/?view=team-1"]
    paths += [f"/customers/?q={quote(text[:100])}" for text in WORST[:2]]
    assert tickets.count() >= 10
    for ticket in tickets[: 5 if size == "phone" else 2]:
        paths += [f"/tickets/{ticket.number}/", f"/customers/{ticket.customer_id}/"]
    for path in paths:
        page.goto(live + path)
        window.look(page)
        more = page.locator(".more a:visible")
        while more.count():  # to the end of the list, or the beginning of the conversation
            href = more.first.get_attribute("href")
            more.first.click()
            page.wait_for_function(
                "href => ![...document.links].some((a) => a.getAttribute('href') === href)", arg=href
            )
            window.look(page)


def test_what_arrives_while_a_page_is_open_is_text_too(
    town: Ticket, watched: Callable[..., Watched], alice: User, carla: Customer, live: str
) -> None:
    window = watched(alice)
    page = window.window.new_page()
    open_and_hear(page, f"{live}/tickets/{town.number}/", "heartbeat")
    post_messages([Post(town, by=carla, body=f"{text}\nagain") for text in SCRIPTS.values()])
    post_message(town, by=carla, body="These were all.")
    expect(page.locator("#conversation").get_by_text("These were all.").first).to_be_visible()
    window.look(page)
    # The list of all is long, and who comes last stands last.
    open_and_hear(page, f"{live}/inbox/?view=team-workshop", "ready")
    newcomer = create_guest(name=WORST[0][:160])
    open_ticket(
        newcomer, by=newcomer, body=f"{WORST[1]} just now", channel="chat", team=alice.teams.get(slug="workshop")
    )
    expect(page.get_by_role("link").filter(has_text="just now").first).to_be_visible()
    window.look(page)


@pytest.mark.parametrize("size", WIDTHS)
def test_the_widget_shows_what_both_sides_say_as_text(
    live: str,
    shop: str,
    site: Site,
    watched: Callable[..., Watched],
    alice: User,
    size: str,
) -> None:
    site.name, site.greeting = WORST[0][:80], WORST[1]
    site.save()
    alice.name = WORST[2][:120]
    alice.save()
    window = watched(own=(shop,), size=size)
    page = window.window.new_page()
    page.goto(f"{shop}/tyres")
    page.get_by_role("button", name="Chat with us").click()
    panel = page.frame_locator("iframe")
    for text in list(SCRIPTS.values())[:8]:
        say(panel, one_line(text))
    expect(panel.locator(".bubble")).to_have_count(8)
    expect(panel.get_by_text("Sent ").last).to_be_visible()
    ticket = Ticket.objects.get()
    post_messages([Post(ticket, by=alice, body=text) for text in SAYABLE.values()])
    post_message(ticket, by=alice, body="That was all.")
    expect(panel.get_by_text("That was all.")).to_be_visible()
    assert panel.locator(".bubble").count() == 8 + len(SAYABLE) + 1
    assert panel.locator("a").evaluate_all("all => all.filter((a) => !/^(https?|mailto):/.test(a.href)).length") == 0
    frame = page.frames[1]
    width, shown = frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= shown, "the panel scrolls sideways"
    window.look(page)
    post_messages([Post(ticket, by=alice, body=text, format="markdown") for text in RICH])  # the newest 60 are drawn
    post_message(ticket, by=alice, body="That was all of it.")
    expect(panel.locator(".bubble .rich")).to_have_count(len(RICH))
    leading = panel.locator(".rich a").evaluate_all("all => [...new Set(all.map((a) => a.protocol))]")
    assert set(leading) <= {"https:", "http:", "mailto:"}
    window.look(page)
    page.reload()
    launcher = page.get_by_role("button", name="Chat with us")
    if launcher.is_visible():
        launcher.click()
    expect(panel.get_by_text("That was all of it.")).to_be_visible()
    window.look(page)


def test_caught_mails_show_it_as_text(
    live: str, settings: Any, watched: Callable[..., Watched], adam: User, desk_row: Any
) -> None:
    settings.DEBUG, settings.ROOT_URLCONF = True, "tests.hostile.urls"
    box = mailbox.Maildir(box_path())
    for number, text in enumerate([*WORST, *FEW.values()]):
        words = {"subject": text[:300], "text": text, "html": f"<html><head></head><body>{text}</body></html>"}
        mail = queue_mail(
            kind="reply", to=[(one_line(text)[:100], "carla@example.org")], dedupe_key=f"hostile:{number}",
            from_name=text[:100], **words,
        )  # fmt: skip
        box.add(to_bytes(mail, timezone.now()))
    window = watched(adam)
    page = window.window.new_page()
    page.goto(f"{live}/mail/")
    window.look(page)
    links = page.locator("main a[href^='/mail/']").evaluate_all("all => [...new Set(all.map((a) => a.href))]")
    assert len(links) >= len(WORST)
    for link in links[:14]:
        page.goto(link)
        for frame in page.frames:
            assert frame.evaluate("window.__pwned") is None
    # What a mail contains is held back by its policy, and the browser says so: that is no fault of the page's.
    assert [trouble for trouble in window.troubles if "dialog" in trouble or "asked for" in trouble] == []
