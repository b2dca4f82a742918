"""The pages on which one sees what one was told, says how one wants to be told, follows and mentions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils.html import escape
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.hostile.payloads import FEW, PAYLOADS
from tests.tickets.test_actions_notifying import KEYS, tell_all
from tickets.actions import assign_ticket, follow_ticket, mark_seen, open_ticket, post_message, transfer_ticket
from tickets.models import Follow, Notification, NotificationSettings, PushSubscription, Ticket
from tickets.pushing import public_key
from tickets.queries import notifications
from tickets.templatetags.mentions import mark_mentions

pytestmark = pytest.mark.django_db
TOLD, WISHES, BROWSERS = "/notifications/", "/settings/notifications/", "/notifications/browsers/"
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def at(desk_row) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return sign_in


def url(ticket: Ticket, verb: str = "") -> str:
    return f"/tickets/{ticket.pk}/{verb}"


@pytest.fixture
def told(ticket, alice, bob, carla) -> Ticket:
    """Alice was told three things of one ticket."""
    assign_ticket(ticket, by=bob, user=alice)
    post_message(ticket, by=bob, body="@Alice Arden, look", kind="note")
    post_message(ticket, by=carla, body="It has come off <b>")
    tell_all(ticket)
    return ticket


# --- The centre ---


def test_what_one_was_told_stands_by_ticket(at, alice, told):
    text = at(alice).get(TOLD).text
    assert text.count('class="told-ticket unread"') == 1
    for words in ("Carla Cortez writes", "It has come off &lt;b&gt;", "Bob mentions you", "Bob gives it to you"):
        assert words in text
    assert "<b>It" not in text


def test_the_bell_counts_what_is_unread_up_to_a_cap(at, alice, told, monkeypatch):
    assert "<b>3<" in at(alice).get("/notifications/bell/").text
    monkeypatch.setattr("tickets.queries.notifications.COUNT_CAP", 2)
    monkeypatch.setattr("tickets.views.notifying.COUNT_CAP", 2)
    assert "<b>2+<" in at(alice).get("/notifications/bell/").text
    at(alice).get(url(told))
    assert "<b>" not in at(alice).get("/notifications/bell/").text


def test_marking_read_is_of_one_ticket_or_of_all(at, alice, bob, carla, told, workshop):
    other = open_ticket(carla, by=carla, body="Also", channel="email", team=workshop)
    assign_ticket(other, by=bob, user=alice)
    tell_all(other)
    browser = at(alice)
    assert browser.post("/notifications/read/", {"ticket": told.pk, "show": "unread"})["Location"].endswith(
        "?show=unread"
    )
    assert [one.ticket for one in Notification.objects.filter(user=alice, read_at=None)] == [other]
    assert browser.get(TOLD + "?show=unread").text.count("told-ticket") == 1
    browser.post("/notifications/read/")
    assert "All read" in browser.get(TOLD + "?show=unread").text
    assert browser.get(TOLD).text.count('class="told-ticket"') == 2


def test_a_long_list_is_read_on_by_cursor(at, alice, carla, ticket, monkeypatch):
    monkeypatch.setattr(notifications, "PAGE_SIZE", 2)
    follow_ticket(ticket, by=alice)
    for number in range(5):
        post_message(ticket, by=carla, body=f"Words-{number}")
    tell_all(ticket)
    seen, address = "", TOLD
    while address:
        text = at(alice).get(address).text
        seen += "".join(re.findall(r"Words-(\d)", text))
        more = re.search(r'href="(\?[^"]*cursor=[^"]*)"', text)
        address = TOLD + more[1] if more else ""
    assert seen == "43210"


@pytest.mark.parametrize("cursor", ["x", "0-0", "f" * 16 + "-f", "\0", "-1", "é", "0" * 5000])
def test_a_cursor_that_we_did_not_write_is_no_trouble(at, alice, told, cursor):
    assert at(alice).get(TOLD, {"cursor": cursor}).status_code == 200


@pytest.mark.parametrize("number", ["x", "-1", "9" * 50, "٣", str(2**63)])
def test_a_ticket_that_is_none_marks_nothing(at, alice, told, number):
    assert at(alice).post("/notifications/read/", {"ticket": number}).status_code in (404, 422)
    assert Notification.objects.filter(user=alice, read_at=None).count() == 3


def test_nobody_reads_what_another_was_told(at, bob, charlie, told):
    for user in (bob, charlie):
        assert "told-ticket" not in at(user).get(TOLD).text
    assert at(charlie).post("/notifications/read/", {"ticket": told.pk}).status_code == 404


def test_the_centre_costs_few_queries_however_much_was_told(at, alice, carla, ticket, workshop,
                                                           django_assert_max_num_queries):  # fmt: skip
    for number in range(8):
        other = open_ticket(carla, by=carla, body=f"Also {number}", channel="email", team=workshop)
        follow_ticket(other, by=alice)
        post_message(other, by=carla, body="Hello?")
        tell_all(other)
    browser = at(alice)
    for page in (TOLD, WISHES, "/notifications/bell/"):
        with django_assert_max_num_queries(16):
            assert browser.get(page).status_code == 200


# --- Wishes ---


def test_wishes_are_kept_and_shown_again(at, alice):
    browser = at(alice)
    assert "checked" in browser.get(WISHES).text
    asked = {
        "ways_replied": ["mail"],
        "quiet_from": "20:00",
        "quiet_until": "07:30",
        "digest": "daily",
        "digest_at": "09:15",
    }
    assert browser.post(WISHES, asked).status_code == 302
    kept = NotificationSettings.objects.get(user=alice)
    assert kept.ways["replied"] == ["mail"]
    assert kept.ways["mentioned"] == []
    assert (str(kept.quiet_from), str(kept.quiet_until), str(kept.digest_at)) == ("20:00:00", "07:30:00", "09:15:00")
    text = browser.get(WISHES).text
    assert 'value="20:00"' in text
    assert len(re.findall(r'name="ways_\w+" value="\w+"[^>]*checked', text)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_from": "20:00"},
        {"quiet_from": "20:00", "quiet_until": "20:00"},
        {"digest": "yearly"},
        {"ways_replied": ["fax"]},
        *({"quiet_from": payload} for payload in FEW),
        *({"digest_at": payload} for payload in FEW),
    ],
)
def test_wishes_that_cannot_be_say_what_is_wrong(at, alice, wrong):
    answer = at(alice).post(WISHES, {"digest": "hourly", "digest_at": "08:00", **wrong})
    assert answer.status_code == 422
    assert "That did not work yet" in answer.text
    assert not NotificationSettings.objects.exists()


def test_a_browser_is_switched_on_listed_and_removed(at, alice, bob):
    browser, asked = at(alice), {"endpoint": "https://push.example/a", "browser": "Firefox <b>", **KEYS}
    assert browser.post(BROWSERS, asked).json() == {"id": PushSubscription.objects.get().pk}
    text = browser.get(WISHES).text
    assert "Firefox &lt;b&gt;" in text
    assert f'data-key="{public_key()}"' in text
    theirs = PushSubscription.objects.get()
    at(bob).post(BROWSERS + "remove/", {"id": theirs.pk})
    at(bob).post(BROWSERS + "remove/", {"endpoint": theirs.endpoint}, **JSON)
    assert PushSubscription.objects.count() == 1
    assert browser.post(BROWSERS + "remove/", {"endpoint": theirs.endpoint}, **JSON).json() == {}
    assert not PushSubscription.objects.exists()
    browser.post(BROWSERS, asked)
    assert browser.post(BROWSERS + "remove/", {"id": PushSubscription.objects.get().pk}).status_code == 302
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("name", ["endpoint", "p256dh", "auth", "browser", "id"])
def test_whatever_a_browser_says_is_no_trouble(at, alice, name):
    browser = at(alice)
    for payload in FEW:
        asked = {"endpoint": "https://push.example/a", "browser": "Firefox", **KEYS, name: payload}
        assert browser.post(BROWSERS, asked).status_code in (200, 422), payload
        assert browser.post(BROWSERS + "remove/", asked, **JSON).status_code == 200, payload


def test_the_worker_has_power_over_its_folder_only(client):
    answer = client.get("/notifications/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "Service-Worker-Allowed" not in answer
    assert "showNotification" in answer.text
    assert answer["Cache-Control"] == "no-cache"


# --- On a ticket ---


def test_a_ticket_is_followed_and_no_longer(at, alice, bob, ticket):
    follow_ticket(ticket, by=bob)
    at(alice).post(url(ticket, "follow/"))
    text = at(alice).get(url(ticket)).text
    assert "Follow no longer" in text
    assert re.search(r"Who follows.*Alice Arden.*Bob Bakker", text, re.DOTALL)
    at(alice).post(url(ticket, "unfollow/"))
    assert [follow.user for follow in Follow.objects.all()] == [bob]
    assert "Follow no longer" not in at(alice).get(url(ticket)).text


def test_options_are_people_and_teams_and_say_who_cannot_see_it(at, alice, bob, charlie, lea, ticket, workshop):
    text = at(alice).get(url(ticket, "mentions/")).text
    assert "Alice Arden" not in text  # nobody mentions themselves
    assert re.search(r"Charlie Chen</b><small>cannot see this ticket", text)
    assert "Bob Bakker</b></li>" in text
    assert "Workshop" in text
    assert text.index("Bob Bakker") < text.index("Charlie Chen")
    assert "Lea Lind" in at(alice).get(url(ticket, "mentions/"), {"q": "LIN"}).text
    assert "role" not in at(alice).get(url(ticket, "mentions/"), {"q": "nobody"}).text


def test_options_take_whatever_is_typed(at, alice, ticket):
    browser = at(alice)
    for payload in PAYLOADS:
        assert browser.get(url(ticket, "mentions/"), {"q": payload}).status_code == 200, payload


def test_who_writes_learns_who_will_not_hear_of_it(at, alice, charlie, ticket):
    note = {"body": "@Charlie Chen?", "client_id": "n1", "by": alice.pk, "kind": "note"}
    said = at(alice).post(url(ticket, "note/"), note, **JSON).json()
    assert said["warning"].startswith("Charlie Chen cannot see this ticket")
    quiet = at(alice).post(url(ticket, "note/"), note | {"body": "@Alice Arden", "client_id": "n2"}, **JSON).json()
    assert "warning" not in quiet
    page = at(alice).post(url(ticket, "note/"), {"body": "@Charlie Chen"}, follow=True)
    assert "Charlie Chen cannot see this ticket" in page.text


def test_a_note_shows_whom_it_mentions(at, alice, bob, ticket):
    post_message(ticket, by=alice, body="@Bob Bakker <script>, @Nobody and bob@Bob Bakker", kind="note")
    text = at(alice).get(url(ticket)).text
    assert '<mark class="mention">@Bob Bakker</mark> &lt;script&gt;' in text
    assert text.count('class="mention"') == 1


def test_what_is_said_to_a_customer_is_not_marked(at, alice, bob, ticket):
    post_message(ticket, by=alice, body="Ask @Bob Bakker")
    assert 'class="mention"' not in at(alice).get(url(ticket)).text


@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=10), max_size=3))
def test_marking_adds_marks_and_nothing_else(text, names):
    shown = mark_mentions(text, names)
    assert isinstance(shown, SafeString)
    plain = shown.replace('<mark class="mention">', "").replace("</mark>", "")
    assert plain == escape(text)


def test_links_and_code_stay_as_they_are():
    html = Template('<p>@Bob <a href="/@Bob">@Bob</a> <code>@Bob</code> @Bob</p>').render(Context())
    assert mark_mentions(html, ["Bob"]).count("<mark") == 2


# --- Mentions in the inbox ---


def test_mentions_are_a_place_of_the_inbox_newest_first(at, alice, bob, carla, workshop, shop, monkeypatch):
    monkeypatch.setattr(notifications, "LIST_SIZE", 2)
    tickets = [
        open_ticket(carla, by=carla, subject=f"Number {number}", body="?", channel="email", team=workshop)
        for number in range(5)
    ]
    for number in (3, 0, 2, 1, 4):
        post_message(tickets[number], by=bob, body="@Alice Arden", kind="note")
        tell_all(tickets[number])
    mark_seen(tickets[0], by=alice, seq=100)
    transfer_ticket(tickets[4], by=None, team=shop)
    first = at(alice).get("/inbox/?view=mentions")
    assert {place["key"]: place["count"] for place in first.context["views"]}["mentions"] == 3
    assert [one.subject for one in first.context["tickets"]] == ["Number 1", "Number 2"]
    more = at(alice).get("/inbox/", {"view": "mentions", "cursor": first.context["next_cursor"]})
    assert [one.subject for one in more.context["tickets"]] == ["Number 0", "Number 3"]
    assert more.context["next_cursor"] == ""
    assert list(at(bob).get("/inbox/?view=mentions").context["tickets"]) == []
