"""The agents' pages: thin, through the actions; and never anything that the viewer may not see."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import get_template
from django.test import Client

from customers.models import Customer
from tickets import actions
from tickets.actions import (
    assign_ticket,
    index_due,
    invite_agent,
    open_ticket,
    post_message,
    rate_ticket,
    resolve_ticket,
    tag_ticket,
)
from tickets.models import Attachment, Event, Message, ReadMark, Ticket

MOST_QUERIES = 16
HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "conversation"}


@pytest.fixture
def at(db):
    """A browser in which someone is signed in: `at(alice).get(…)`."""

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def url(ticket: Ticket, verb: str = "") -> str:
    return f"/tickets/{ticket.number}/{verb + '/' if verb else ''}"


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


# --- Who gets in ---


PAGES = ["/inbox/", "/tickets/1/", "/tickets/new/", "/customers/", "/customers/1/"]
POSTS = ["reply", "note", "assign", "status", "priority", "tags", "resolve", "reopen"]


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_sent_to_the_sign_in_and_back(client, db, page):
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("verb", ["", *POSTS])
def test_charlie_cannot_tell_a_foreign_ticket_from_none(at, charlie, ticket, verb):
    browser = at(charlie)
    ask = browser.post if verb else browser.get
    foreign, missing = ask(url(ticket, verb)), ask(f"/tickets/999999/{verb + '/' if verb else ''}")
    assert foreign.status_code == missing.status_code == 404
    assert ticket.subject not in foreign.text
    assert Event.objects.filter(ticket=ticket).count() == 2


def test_charlie_sees_neither_ticket_nor_customer_anywhere(at, charlie, ticket):
    browser = at(charlie)
    for page in ["/inbox/", "/inbox/?view=waiting", "/inbox/?view=team-workshop", f"/inbox/?q={ticket.number}",
                 f"/inbox/?q={ticket.reference}", "/inbox/?q=tyre", "/customers/", "/customers/?q=carla"]:  # fmt: skip
        text = browser.get(page).text
        assert "tyre is wrong" not in text, page
        assert "Carla Cortez" not in text, page
    assert browser.get(f"/customers/{ticket.customer_id}/").status_code == 404
    assert browser.post(f"/customers/{ticket.customer_id}/", {"name": "X"}).status_code == 404


def test_a_number_too_large_for_the_database_is_not_here(at, alice):
    browser = at(alice)
    assert browser.get(f"/tickets/{10**30}/").status_code == 404
    assert browser.get(f"/customers/{10**30}/").status_code == 404


@pytest.mark.parametrize("verb", POSTS)
def test_what_changes_something_is_posted(at, alice, ticket, verb):
    assert at(alice).get(url(ticket, verb)).status_code == 405


@pytest.mark.parametrize("verb", POSTS)
def test_a_form_of_another_site_changes_nothing(alice, ticket, verb):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post(url(ticket, verb), {"body": "Hello", "root_cause": "none"}).status_code == 403
    assert again(ticket).last_seq == 2


# --- The ticket's page ---


def test_a_ticket_shows_its_conversation_beside_its_list(at, alice, ticket):
    text = at(alice).get(url(ticket) + "?view=waiting").text
    assert "I ordered a 42 and got a 47." in text
    assert f'id="row-{ticket.reference}"' in text
    assert 'aria-current="true"' in text
    assert "carla@example.org" in text


def test_htmx_gets_the_panes_only(at, alice, ticket):
    answer = at(alice).get(url(ticket), **HTMX)
    assert 'id="conversation"' in answer.text
    assert 'id="side"' in answer.text
    assert "<html" not in answer.text
    assert 'id="rows"' not in answer.text
    assert "HX-Request" in answer["Vary"]


def test_going_back_in_the_browser_gets_the_whole_page(at, alice, ticket):
    answer = at(alice).get(url(ticket), HTTP_HX_HISTORY_RESTORE_REQUEST="true", **HTMX)
    assert "<html" in answer.text


@pytest.mark.parametrize("who", ["alice", "sue", "adam"])
def test_a_page_costs_few_queries_whatever_is_on_it(request, at, who, ticket, carla, dora, workshop, shop, cause, bob,
                                                    django_assert_max_num_queries):  # fmt: skip
    user = request.getfixturevalue(who)
    for number in range(12):
        guest = Customer.objects.create()
        other = open_ticket(guest, by=guest, body=f"Question {number}", channel="chat", team=workshop)
        assign_ticket(other, by=None, user=bob)
        open_ticket(carla, by=carla, body=f"Also {number}", channel="email", team=workshop, tags=["x", "y"])
    tag_ticket(ticket, by=bob, tags=["tyre", "order"])
    for number in range(20):
        post_message(ticket, by=[carla, bob][number % 2], body=f"Words {number}")
    index_due()  # whoever searches first writes down the words that are new; that is not this page's
    browser = at(user)
    for page in [url(ticket), "/inbox/", "/inbox/?view=mine", "/inbox/?view=solved", "/inbox/?q=also", "/customers/",
                 f"/customers/{carla.pk}/", "/tickets/new/"]:  # fmt: skip
        with django_assert_max_num_queries(MOST_QUERIES) as asked:
            assert browser.get(page).status_code == 200, page
        assert len(asked) >= 3, page  # the session, the user and something to show: it did count


def test_opening_a_ticket_is_reading_it(at, alice, bob, ticket):
    assert 'class="row unread"' in at(alice).get("/inbox/").text
    at(alice).get(url(ticket))
    assert 'class="row unread"' not in at(alice).get("/inbox/").text
    assert 'class="row unread"' in at(bob).get("/inbox/").text
    mark = ReadMark.objects.get(ticket=ticket)
    assert (mark.user, mark.seq) == (alice, 2)


def test_what_a_browser_fetches_ahead_was_not_read(at, alice, ticket):
    at(alice).get(url(ticket), HTTP_SEC_PURPOSE="prefetch")
    at(alice).get(url(ticket), HTTP_HX_PRELOADED="true", **HTMX)
    assert not ReadMark.objects.exists()


def test_a_long_timeline_shows_its_end_and_offers_the_rest(at, alice, ticket, carla, monkeypatch):
    monkeypatch.setattr("tickets.queries.timelines.PAGE_SIZE", 3)
    for number in range(5):
        post_message(ticket, by=carla, body=f"Words-{number}")
    newest = at(alice).get(url(ticket))
    assert [event.seq for event in newest.context["events"]] == [5, 6, 7]
    assert f"before={newest.context['earlier']}" in newest.text
    before = at(alice).get(url(ticket) + f"?before={newest.context['earlier']}")
    assert [event.seq for event in before.context["events"]] == [2, 3, 4]
    first = at(alice).get(url(ticket) + f"?before={ticket.events.get(seq=2).pk}")
    assert [event.seq for event in first.context["events"]] == [1]
    assert first.context["earlier"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "²", "1.5", ""])
def test_a_broken_place_in_the_timeline_shows_its_end(at, alice, ticket, before):
    assert [event.seq for event in at(alice).get(url(ticket), {"before": before}).context["events"]] == [1, 2]


def test_what_customers_write_is_text_and_never_markup(at, alice, workshop, desk_row):
    evil = "<img src=x onerror=alert(1)>\"'</script>"
    customer = Customer.objects.create(name=evil)
    hostile = open_ticket(customer, by=customer, subject=evil, body=evil + " https://example.com/?<b>", channel="form")
    for page in [url(hostile), "/inbox/", "/customers/", f"/customers/{customer.pk}/", "/inbox/?q=" + evil]:
        text = at(alice).get(page).text
        assert "<img src=x" not in text, page
        assert "</script>&quot;" not in text, page
    assert "https://example.com/?&lt;b&gt;" in at(alice).get(url(hostile)).text


def test_links_lead_only_where_links_may(at, alice, carla, workshop):
    words = "https://example.com/a javascript:alert(1) data:text/html,x www.example.org mail carla@example.org"
    text = at(alice).get(url(open_ticket(carla, by=carla, body=words, channel="form", team=workshop))).text
    assert 'href="https://example.com/a"' in text
    assert 'href="mailto:carla@example.org"' in text
    assert 'href="javascript:' not in text
    assert 'href="data:' not in text


def test_everything_that_can_happen_can_be_drawn():
    """Whoever records a new type of event writes the fragment that draws it."""
    source = "".join(path.read_text() for path in Path(actions.__file__).parent.glob("*.py"))
    types = set(re.findall(r"""(?:record|next_event)\(\s*\w+,\s*"([a-z_.]+)\"""", source))
    assert {"ticket.opened", "message.posted", "chat.ended", "mail.failed"} <= types
    for type_ in types:
        get_template(f"events/_{type_}.html")


# --- What is done there ---


def test_a_reply_is_stored_and_the_page_comes_again(at, alice, ticket):
    answer = at(alice).post(url(ticket, "reply") + "?view=mine", {"body": "Sorry!\r\nWe look.", "client_id": "c1"})
    assert (answer.status_code, answer["Location"]) == (303, url(ticket) + "?view=mine")
    message = Message.objects.get(client_id="c1")
    assert (message.body, message.kind, message.by_user) == ("Sorry!\nWe look.", "reply", alice)


def test_a_reply_by_htmx_comes_back_in_the_conversation(at, alice, ticket):
    answer = at(alice).post(url(ticket, "reply"), {"body": "Sorry!", "client_id": "c1"}, **HTMX)
    assert answer.status_code == 200
    assert "Sorry!" in answer.text.split('id="timeline"')[1].split("composer")[0]
    assert 'id="side"' in answer.text
    assert "<html" not in answer.text


def test_sending_twice_stores_once(at, alice, ticket):
    for _ in range(2):
        assert at(alice).post(url(ticket, "reply"), {"body": "Sorry!", "client_id": "c1"}).status_code == 303
    assert Message.objects.filter(body="Sorry!").count() == 1


@pytest.mark.parametrize("verb", ["reply", "note"])
def test_a_note_stays_a_note_at_either_address(at, alice, ticket, verb):
    at(alice).post(url(ticket, verb), {"body": "Between us", "kind": "note"})
    assert Message.objects.get(body="Between us").kind == "note"


def test_the_note_address_never_writes_to_the_customer(at, alice, ticket):
    at(alice).post(url(ticket, "note"), {"body": "Between us", "kind": "reply"})
    assert Message.objects.get(body="Between us").kind == "note"


def test_words_too_long_are_kept_and_the_reason_said(at, alice, ticket, settings):
    words = "w" * (settings.MESSAGE_MAX_CHARS + 1)
    answer = at(alice).post(url(ticket, "reply"), {"body": words, "client_id": "c1"}, **HTMX)
    assert answer.status_code == 422
    assert words in answer.text
    assert "That is too long: 20,000 characters at most." in answer.text
    assert 'value="c1"' in answer.text
    assert again(ticket).last_seq == 2


def test_an_id_used_for_other_words_is_refused_with_the_words_kept(at, alice, ticket):
    at(alice).post(url(ticket, "reply"), {"body": "First", "client_id": "c1"})
    answer = at(alice).post(url(ticket, "reply"), {"body": "Second", "client_id": "c1"})
    assert answer.status_code == 422
    assert "Second" in answer.text
    assert "This id was used for another message." in answer.text


def send(client: Client, ticket: Ticket, by, verb: str = "reply", **fields):
    """As the browser's outbox does."""
    data = {"body": "Sorry!", "client_id": "c1", "by": by.pk} | fields
    return client.post(url(ticket, verb), data, headers={"Accept": "application/json"})


@pytest.mark.parametrize("verb", ["reply", "note"])
def test_the_outbox_learns_where_a_message_is_stored_however_often_it_asks(at, alice, ticket, verb):
    answers = [send(at(alice), ticket, alice, verb) for _ in range(2)]
    event = ticket.events.get(message__client_id="c1")
    assert [a.json() for a in answers] == [{"client_id": "c1", "ref": ticket.reference, "seq": event.seq}] * 2
    assert event.message.kind == verb
    assert [a.status_code for a in answers] == [200, 200]


def test_the_outbox_learns_why_a_message_is_not_stored(at, alice, charlie, ticket, settings):
    send(at(alice), ticket, alice)
    too_long = "w" * (settings.MESSAGE_MAX_CHARS + 1)
    answers = [
        send(at(alice), ticket, alice, body="Other words"),
        send(at(alice), ticket, alice, body=too_long, client_id="c2"),
        send(at(alice), ticket, alice, body="", client_id="c3"),
        send(at(alice), ticket, alice, client_id="c4", attachments=[str(uuid.uuid4())]),
        send(at(charlie), ticket, charlie),
    ]
    said = [(a.status_code, a.json()["error"]["code"]) for a in answers]
    assert said == [(409, "conflict"), (422, "invalid"), (422, "invalid"), (422, "invalid"), (404, "not_found")]
    assert "20,000 characters at most" in answers[1].json()["error"]["detail"]
    assert Message.objects.filter(by_user=alice).count() == 1
    assert not Message.objects.filter(by_user=charlie).exists()


def test_nobody_says_the_words_that_another_left_in_the_same_browser(at, alice, bob, ticket):
    answer = send(at(bob), ticket, alice)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_you")
    assert not Message.objects.filter(body="Sorry!").exists()


def test_nothing_is_no_message(at, alice, ticket):
    answer = at(alice).post(url(ticket, "reply"), {"body": "  \n "})
    assert answer.status_code == 422
    assert "Write something first." in answer.text


def test_assigning_a_person_leaves_the_team_and_back(at, alice, bob, ticket, workshop):
    at(alice).post(url(ticket, "assign"), {"user": bob.pk})
    assert (again(ticket).assignee, again(ticket).team) == (bob, workshop)
    at(alice).post(url(ticket, "assign"), {"user": "", "team": workshop.pk})
    assert (again(ticket).assignee, again(ticket).team) == (None, workshop)


@pytest.mark.parametrize("is_htmx", [True, False])
def test_giving_a_ticket_to_another_team_leads_back_to_the_inbox(at, alice, shop, ticket, is_htmx):
    browser = at(alice)
    answer = browser.post(url(ticket, "assign") + "?view=mine", {"team": shop.pk}, **(HTMX if is_htmx else {}))
    assert answer["HX-Redirect" if is_htmx else "Location"] == "/inbox/?view=mine"
    assert "is now with another team" in browser.get("/inbox/").text
    assert again(ticket).team == shop


def test_someone_who_left_gets_nothing(at, alice, bob, ticket):
    bob.is_active = False
    bob.save()
    answer = at(alice).post(url(ticket, "assign"), {"user": bob.pk}, **HTMX)
    assert answer.status_code == 422
    toast = json.loads(answer["HX-Trigger"])["desk:toast"]
    assert (toast["text"], toast["isError"]) == ("Bob Bakker no longer works here.", True)
    plain = at(alice).post(url(ticket, "assign"), {"user": bob.pk})
    assert plain.status_code == 422
    assert "Bob Bakker no longer works here." in plain.text


def test_the_team_changes_though_whoever_has_it_left(at, alice, bob, ticket, workshop):
    assign_ticket(ticket, by=alice, user=bob)
    bob.is_active = False
    bob.save()
    page = at(alice).get(url(ticket)).text
    assert f'<option value="{bob.pk}" selected>' in page
    answer = at(alice).post(url(ticket, "assign"), {"user": bob.pk, "team": workshop.pk})
    assert answer.status_code == 303
    assert again(ticket).assignee == bob


def test_status_priority_and_tags_are_set(at, alice, ticket):
    browser = at(alice)
    browser.post(url(ticket, "status"), {"status": "pending"})
    browser.post(url(ticket, "priority"), {"priority": "4"})
    browser.post(url(ticket, "tags"), {"tags": " tyre ,, Big  Order,tyre"})
    ticket = again(ticket)
    assert (ticket.status, ticket.priority) == ("pending", 4)
    assert [tag.name for tag in ticket.tags.all()] == ["Big Order", "tyre"]
    assert 'value="Big Order, tyre"' in browser.get(url(ticket)).text


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("status", {"status": "solved"}),
        ("status", {}),
        ("priority", {"priority": "9"}),
        ("priority", {"priority": "x"}),
        ("tags", {"tags": "t" * 51}),
        ("tags", {"tags": ",".join(str(number) for number in range(21))}),
        ("assign", {"user": "999999"}),
        ("assign", {"team": "x"}),
        ("reopen", {}),
        ("resolve", {}),
        ("resolve", {"root_cause": "no-such"}),
    ],
)
def test_what_cannot_be_is_refused_in_words(at, alice, ticket, verb, data):
    answer = at(alice).post(url(ticket, verb), data)
    assert answer.status_code == 422
    assert "errorlist" not in answer.text
    assert "data-toast" in answer.text or "error-summary" in answer.text
    assert again(ticket).last_seq == 2


def test_solving_names_the_cause_and_reopening_takes_it_up_again(at, alice, ticket, cause):
    browser = at(alice)
    assert browser.post(url(ticket, "resolve"), {"root_cause": "tyre-size", "note": "New one sent"}).status_code == 303
    ticket = again(ticket)
    assert (ticket.status, ticket.root_cause) == ("solved", cause)
    assert "New one sent" in browser.get(url(ticket)).text
    second = browser.post(url(ticket, "resolve"), {"root_cause": "none"}, **HTMX)
    assert second.status_code == 422
    assert "solved already" in second["HX-Trigger"]
    browser.post(url(ticket, "reopen"))
    assert again(ticket).status == "open"


def test_no_cause_to_name_is_a_choice(at, alice, ticket):
    at(alice).post(url(ticket, "resolve"), {"root_cause": "none"})
    assert (again(ticket).status, again(ticket).root_cause) == ("solved", None)


# --- New tickets ---


def test_what_a_caller_said_is_a_note(at, alice, workshop, desk_row):
    answer = at(alice).post(
        "/tickets/new/",
        {"channel": "phone", "name": "Nadia", "subject": "Rim", "body": "Wants a rim", "team": workshop.pk},
    )
    ticket = Ticket.objects.get()
    assert answer["Location"] == url(ticket)
    assert (ticket.customer.name, ticket.channel, ticket.team) == ("Nadia", "phone", workshop)
    assert ticket.messages.get().kind == "note"
    assert not ticket.follow_ups.exists()


def test_writing_to_someone_first_leaves_by_mail(at, alice, carla, desk_row):
    at(alice).post(
        "/tickets/new/",
        {"channel": "email", "email": "CARLA@example.org", "subject": "Your rim", "body": "It is here."},
    )
    ticket = Ticket.objects.get()
    assert (ticket.customer, ticket.messages.get().kind) == (carla, "reply")
    assert ticket.follow_ups.get().kind == "unseen_answers"
    assert ticket.first_answered_at is None


def test_opening_twice_opens_once(at, alice, desk_row):
    said = {"channel": "email", "email": "n@example.org", "subject": "Rim", "body": "It is here.", "client_id": "c1"}
    first, second = (at(alice).post("/tickets/new/", said) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"email": ""}, {"email": "nobody"}, {"subject": ""}, {"body": " "}, {"channel": "chat"}, {"team": "999"},
     {"channel": "phone", "email": "", "name": ""}],
)  # fmt: skip
def test_a_new_ticket_that_cannot_be_keeps_what_was_typed(at, alice, desk_row, wrong):
    said = {"channel": "email", "email": "n@example.org", "subject": "Kept subject", "body": "Kept words"}
    answer = at(alice).post("/tickets/new/", said | wrong)
    assert answer.status_code == 422
    assert "Kept" in answer.text
    assert not Ticket.objects.exists()


# --- Customers ---


def test_customers_are_found_by_name_and_by_address(at, alice, sue, ticket, dora, shop):
    open_ticket(dora, by=dora, body="A bell, please", channel="form", team=shop)
    assert "Carla Cortez" in at(alice).get("/customers/").text
    assert "Dora Diaz" not in at(alice).get("/customers/").text
    assert "Dora Diaz" in at(sue).get("/customers/").text
    for words, found in [("cort", "Carla"), ("CARLA@", "Carla"), ("do", "Dora"), ("diaz", "Dora")]:
        text = at(sue).get("/customers/", {"q": words}).text
        assert found in text, words
        assert ("Dora Diaz" in text) == (found == "Dora"), words


@pytest.mark.parametrize("words", ["%", "_", "\\", "'; drop table x", "\x00", "x" * 5000, "\ud800"])
def test_strange_words_find_nobody_and_break_nothing(at, sue, carla, words):
    words = words.encode("utf-8", "surrogatepass")
    for page in ["/customers/", "/inbox/"]:
        answer = at(sue).get(page, {"q": words})
        assert answer.status_code == 200
        assert "Carla Cortez" not in answer.text or words == b"\x00"


def test_the_list_of_customers_goes_on_where_it_stopped(at, sue, monkeypatch):
    monkeypatch.setattr("tickets.views.customers.PAGE_SIZE", 2)
    keys = [Customer.objects.create(name=f"C{number}").pk for number in range(5)]
    seen, cursor = [], ""
    while True:
        page = at(sue).get("/customers/", {"cursor": cursor}).context
        seen += [customer.pk for customer in page["customers"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == keys[::-1]


def test_what_we_know_of_a_customer_is_corrected(at, alice, ticket):
    browser, page = at(alice), f"/customers/{ticket.customer_id}/"
    browser.post(page, {"name": "Carla C.", "company": "Oakline", "note": "Calls on Mondays"})
    customer = Customer.objects.get(pk=ticket.customer_id)
    assert (customer.name, customer.company.name, customer.note) == ("Carla C.", "Oakline", "Calls on Mondays")
    text = browser.get(page).text
    assert "Calls on Mondays" in text
    browser.post(page, {"name": "Carla C.", "company": "", "note": ""})
    customer.refresh_from_db()
    assert (customer.company, customer.note) == (None, "")


def test_a_customer_page_shows_only_tickets_that_the_viewer_may_see(at, charlie, carla, ticket, shop):
    open_ticket(carla, by=carla, subject="For the shop", body="Words", channel="email", team=shop)
    text = at(charlie).get(f"/customers/{carla.pk}/").text
    assert "For the shop" in text
    assert ticket.subject not in text


def test_a_customer_correction_that_cannot_be_keeps_what_was_typed(at, alice, ticket):
    answer = at(alice).post(f"/customers/{ticket.customer_id}/", {"name": "n" * 161, "note": "Kept words"})
    assert answer.status_code == 422
    assert "Kept words" in answer.text
    assert Customer.objects.get(pk=ticket.customer_id).name == "Carla Cortez"


def test_someone_without_any_right_here_gets_403(at, alice, ticket, monkeypatch):
    nothing: dict[str, Any] = {"agent": frozenset()}
    monkeypatch.setattr("accounts.roles.PERMISSIONS", nothing)
    browser = at(alice)
    assert browser.get("/inbox/").status_code == 403
    assert browser.post(url(ticket, "reply"), {"body": "x"}).status_code == 403
    assert again(ticket).last_seq == 2


def test_solved_tickets_are_shown_with_their_cause(at, alice, ticket, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    assert ticket.subject not in at(alice).get("/inbox/").text.split('id="rows"')[1]
    assert "I ordered a 42" in at(alice).get("/inbox/?view=solved").text


# --- Who has seen it, who helps, what they thought of it ---


def test_our_last_answer_that_the_customer_has_seen_says_so(at, alice, carla, ticket):
    first, second = (post_message(ticket, by=alice, body=body) for body in ("Sorry!", "We look."))
    assert "seen" not in entry(at(alice), ticket, first)
    actions.mark_seen(ticket, by=carla, seq=first.event.seq)
    assert "· seen" in entry(at(alice), ticket, first)
    assert "· seen" not in entry(at(alice), ticket, second)
    post_message(ticket, by=alice, body="Between us", kind="note")
    actions.mark_seen(ticket, by=carla, seq=again(ticket).last_seq)
    assert "· seen" not in entry(at(alice), ticket, first)
    assert "· seen" in entry(at(alice), ticket, second)


def entry(client: Client, ticket: Ticket, message: Message) -> str:
    """What stands on the timeline for a message."""
    return client.get(url(ticket)).text.split(f'id="entry-{message.event.seq}"')[1].split("</li>")[0]


def test_the_side_says_who_helps_and_since_when(at, alice, bob, charlie, ticket):
    invite_agent(ticket, by=alice, user=charlie, note="You know <b>tubeless</b>")
    side = at(alice).get(url(ticket)).text.split('id="side-helpers"')[1].split("</ul>")[0]
    assert "Charlie Chen" in side
    assert "asked by Alice" in side
    assert "Join" not in side
    theirs = at(charlie)
    assert "Join" in theirs.get(url(ticket)).text.split('id="side-helpers"')[1].split("</ul>")[0]
    theirs.post(url(ticket, "join"))
    side = theirs.get(url(ticket)).text.split('id="side-helpers"')[1].split("</ul>")[0]
    assert "since" in side
    assert "Leave" in side


def test_a_rating_stands_on_the_timeline_and_beside_it(at, alice, carla, ticket):
    rate_ticket(ticket, by=carla, score=2, comment="Twice <i>for nothing</i>")
    page = at(alice).get(url(ticket)).text
    beside, on_it = page.split('id="side-rating"')[1], page.split("rated this")[1].split("</li>")[0]
    for part in (beside, on_it):
        assert "2 of 5" in part
        assert "Twice &lt;i&gt;for nothing&lt;/i&gt;" in part


@pytest.mark.parametrize(
    ("size", "shown"), [((4000, 3000), (293, 220)), ((60, 40), (60, 40)), ((9000, 1), (320, 1)), ((None, None), None)]
)
def test_a_picture_is_shown_where_it_stands_in_the_room_there_is(at, alice, ticket, tmp_path, settings, size, shown):
    settings.MEDIA_ROOT = tmp_path
    file = actions.add_attachment(SimpleUploadedFile("<rim>.txt", b"x"), by=alice)
    Attachment.objects.filter(pk=file.pk).update(width=size[0], height=size[1])
    message = post_message(ticket, by=alice, body="", attachments=(str(file.pk),))
    words = entry(at(alice), ticket, message)
    assert "&lt;rim&gt;.txt" in words
    if shown:
        assert f'width="{shown[0]}" height="{shown[1]}" alt="&lt;rim&gt;.txt" loading="lazy"' in words
    else:
        assert "<img" not in words


def test_what_is_fetched_ahead_may_be_kept_at_that_state_only(at, alice, ticket):
    inside, ahead = at(alice), {"HX-Request": "true", "HX-Preloaded": "true"}
    now = inside.get(f"/tickets/{ticket.number}/?seq={ticket.last_seq}", headers=ahead)
    assert now.headers["Cache-Control"] == "private, max-age=20"
    assert now.headers["HX-Preloaded"] == "true"
    assert not ReadMark.objects.filter(user=alice).exists()
    for address, headers in [
        (f"?seq={ticket.last_seq - 1}", ahead),
        ("?seq=%00", ahead),
        ("", ahead),
        (f"?seq={ticket.last_seq}", {"HX-Request": "true"}),
    ]:
        assert "Cache-Control" not in inside.get(f"/tickets/{ticket.number}/{address}", headers=headers).headers
