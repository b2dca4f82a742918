"""What is kept of a visit: where from, which pages; with consent where it is needed, and not for ever."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.actions import note_page, start_visit
from chat.actions.noting import KEPT_FOR, TRAIL_PAGES
from chat.browsers import Page
from chat.jobs import forget_old_trails
from chat.models import PageView, Visitor, WidgetSettings
from tests.chat.conftest import agent_socket, guest_socket, say_hello

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
PAGE = {"url": "https://shop.example/tyres?token=secret#top", "title": "Tyres"}
ORIGIN = {"user_agent": "", "network_address": None}


def begin(site: Any, token: str = "", **fields: Any) -> tuple[Visitor, str]:
    """A visit begins, or goes on, over HTTP."""
    headers = {"User-Agent": FIREFOX} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = json.dumps({"site": site.key, "locale": "nl", "time_zone": "Europe/Amsterdam", "page": PAGE} | fields)
    answer = Client(headers=headers).post(
        "/widget/start/", body, content_type="application/json", REMOTE_ADDR="203.0.113.7"
    )
    assert answer.status_code == 200, answer.content
    token = answer.json()["token"]
    visitor = Visitor.objects.authenticate(token)
    assert visitor
    return visitor, token


def kept(visitor: Visitor) -> tuple[str, str | None, str, str, list[str]]:
    """(browser, address, time zone, page, trail) as they are stored."""
    visitor.refresh_from_db()
    trail = list(visitor.pages.order_by("at", "pk").values_list("url", flat=True))
    return visitor.user_agent, visitor.network_address, visitor.time_zone, visitor.page_url, trail


NOTHING = ("", None, "", "", [])
TYRES = "https://shop.example/tyres"
ALL = (FIREFOX, "203.0.113.7", "Europe/Amsterdam", TYRES, [TYRES])

# --- On arrival ---


@pytest.mark.django_db
def test_a_visit_tells_where_from_and_nothing_secret(site):
    visitor, _ = begin(site)
    assert kept(visitor) == ALL
    assert (visitor.page_title, visitor.locale) == ("Tyres", "nl")
    assert "secret" not in json.dumps([*Visitor.objects.values(), *PageView.objects.values()], default=str)


@pytest.mark.django_db
def test_a_visit_that_tells_nothing_is_one_too(site):
    visitor, token = begin(site, page=None, time_zone=None)
    assert kept(visitor) == (FIREFOX, "203.0.113.7", "", "", [])
    begin(site, token)
    begin(site, token, page=None, time_zone=None)  # what is not told again stays
    assert kept(visitor) == ALL


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["x", 7, [], True, {"url": 5}, {"url": [], "title": "x"}, {"url": "https://x/", "title": {}}]
)
def test_what_is_no_page_is_refused(site, page):
    body = json.dumps({"site": site.key, "page": page})
    answer = Client().post("/widget/start/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", "//x"])
def test_a_page_that_is_not_of_the_web_is_left_out(site, url):
    assert kept(begin(site, page={"url": url, "title": "x"})[0])[3:] == ("", [])


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "x" * 64])
def test_a_time_zone_that_is_none_is_left_out(site, zone):
    assert kept(begin(site, time_zone=zone)[0])[2] == ""


# --- What a site keeps ---


@pytest.mark.django_db
def test_a_site_without_a_trail_keeps_no_page(site):
    visitor, token = begin(site)
    WidgetSettings.objects.create(site=site, keeps_trail=False)
    assert not note_page(visitor, page=Page("https://shop.example/b", ""), **ORIGIN)
    begin(site, token, page=PAGE | {"url": "https://shop.example/b"})
    assert kept(visitor) == (*ALL[:3], "", [TYRES])  # what was kept before ends by its age
    other, _ = begin(site)
    assert kept(other) == (*ALL[:3], "", [])


# --- Consent ---


@pytest.fixture
def asking(site):
    WidgetSettings.objects.create(site=site, needs_consent=True)
    return site


@pytest.mark.django_db
def test_a_site_that_asks_first_keeps_nothing_of_who_was_not_asked(asking):
    visitor, _ = begin(asking, page=None)
    assert kept(visitor) == NOTHING
    assert visitor.has_consented is None


@pytest.mark.django_db
def test_who_agrees_is_kept_and_who_takes_it_back_forgotten(asking):
    visitor, token = begin(asking, page=None)
    begin(asking, token, consent=True)
    assert kept(visitor) == ALL
    begin(asking, token)  # once is enough
    assert kept(visitor) == ALL
    begin(asking, token, consent=False)
    assert kept(visitor) == NOTHING
    begin(asking, token)  # and so is a no
    assert not note_page(visitor, page=Page(TYRES, ""), **ORIGIN)
    assert kept(visitor) == NOTHING
    begin(asking, token, consent=True)
    assert kept(visitor) == ALL


@pytest.mark.django_db
def test_a_no_counts_where_nobody_asks_too(site):
    visitor, _ = begin(site, consent=False)
    assert kept(visitor) == NOTHING
    assert not note_page(visitor, page=Page(TYRES, ""), **ORIGIN)


@pytest.mark.django_db
def test_who_tells_a_page_has_agreed_since_the_widget_asks_before(asking):
    visitor, _ = begin(asking)
    assert kept(visitor) == ALL
    later, _ = begin(asking, page=None)
    assert note_page(later, page=Page(TYRES, ""), user_agent=FIREFOX, network_address="203.0.113.7")
    assert kept(later) == (FIREFOX, "203.0.113.7", "", TYRES, [TYRES])
    assert later.has_consented is True


@pytest.mark.django_db
@pytest.mark.parametrize("consent", ["yes", 1, [], {}])
def test_consent_is_yes_or_no(site, consent):
    body = json.dumps({"site": site.key, "consent": consent})
    assert Client().post("/widget/start/", body, content_type="application/json").status_code == 400


# --- The trail ---


def go(visitor: Visitor, *paths: str, title: str = "") -> None:
    for path in paths:
        assert note_page(visitor, page=Page(f"https://shop.example{path}", title), **ORIGIN)


@pytest.mark.django_db
def test_the_same_page_twice_in_a_row_is_one(site):
    visitor = start_visit(site).visitor
    go(visitor, "/a", "/a", "/b", "/a")
    assert [url.removeprefix("https://shop.example") for url in kept(visitor)[4]] == ["/a", "/b", "/a"]
    go(visitor, "/a", title="Now it has a title")
    assert [page.title for page in visitor.pages.order_by("at")] == ["", "", "Now it has a title"]


@pytest.mark.django_db
def test_a_trail_keeps_the_newest_pages(site):
    visitor, other = start_visit(site).visitor, start_visit(site).visitor
    go(other, "/other")
    go(visitor, *(f"/{number}" for number in range(TRAIL_PAGES + 5)))
    trail = kept(visitor)[4]
    assert (len(trail), trail[0], trail[-1]) == (TRAIL_PAGES, "https://shop.example/5", "https://shop.example/24")
    assert other.pages.count() == 1


@pytest.mark.django_db
def test_the_trail_of_a_visitor_who_is_gone_grows_no_more(site):
    visitor = start_visit(site).visitor
    Visitor.objects.filter(pk=visitor.pk).delete()
    assert not note_page(visitor, page=Page(TYRES, ""), **ORIGIN)
    assert not PageView.objects.exists()


@pytest.mark.django_db
def test_trails_and_addresses_of_long_ago_are_forgotten(site):
    old, fresh = begin(site)[0], begin(site)[0]
    long_ago = timezone.now() - KEPT_FOR - timedelta(minutes=1)
    PageView.objects.filter(visitor=old).update(at=long_ago)
    assert forget_old_trails() == 1  # who still comes is still known
    assert kept(old) == (*ALL[:4], [])
    Visitor.objects.filter(pk=old.pk).update(last_seen_at=long_ago)
    assert forget_old_trails() == 1
    assert kept(old) == ("", None, "Europe/Amsterdam", "", [])
    assert kept(fresh) == ALL
    assert forget_old_trails() == 0


# --- Over the socket ---


async def test_agents_who_look_see_the_page_at_once(live, chat_ticket, carlas_token, alice, bob, charlie):
    ref = chat_ticket.reference
    async with (
        guest_socket(live) as visitor,
        await agent_socket(live, alice) as watching,
        await agent_socket(live, bob) as elsewhere,
        await agent_socket(live, charlie) as stranger,
    ):
        await say_hello(visitor, carlas_token)
        await say_hello(watching, after={ref: 2})
        await say_hello(elsewhere)
        await say_hello(stranger, after={ref: 2})
        await visitor.send({"type": "page", **PAGE})
        frame = await watching.wait_for("visitor", ref=ref)
        assert frame["page"] == {"url": TYRES, "title": "Tyres"}
        for bad in ("javascript:alert(1)", "", "https://a b/"):
            await visitor.send({"type": "page", "url": bad, "title": "x"})  # no answer, and nobody is shown it
        await visitor.send({"type": "page", "url": "https://shop.example/cart"})
        assert (await watching.wait_for("visitor"))["page"] == {"url": "https://shop.example/cart", "title": ""}
        for socket in (visitor, elsewhere, stranger):
            assert not [frame for frame in socket.frames if frame["type"] in ("visitor", "error")]
    assert [page.url async for page in PageView.objects.order_by("at")] == [TYRES, "https://shop.example/cart"]


async def test_who_comes_back_is_shown_where(live, chat_ticket, carlas_token, alice):
    await Visitor.objects.aupdate(page_url=TYRES, page_title="Tyres")
    async with await agent_socket(live, alice) as agent, guest_socket(live) as visitor:
        await say_hello(agent, after={chat_ticket.reference: 2})
        await say_hello(visitor, carlas_token)
        assert (await agent.wait_for("visitor"))["page"] == {"url": TYRES, "title": "Tyres"}


@pytest.mark.parametrize("page", [{"url": 7}, {"url": None, "title": []}, {"url": "x" * 9000}])
async def test_a_page_frame_that_makes_no_sense_is_an_error(live, carlas_token, page):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        await visitor.send({"type": "page", **page})
        assert (await visitor.wait_for("error"))["code"] in ("invalid", "too_long")


async def test_pages_by_the_hundred_are_too_many(live, carlas_token):
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for number in range(40):
            await visitor.send({"type": "page", "url": f"https://shop.example/{number}"})
        assert (await visitor.wait_for("error"))["code"] == "rate_limited"
