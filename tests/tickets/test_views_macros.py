"""Macros in the pages: kept under Settings without a word of JSON, chosen on a ticket, done with the message."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tests.tickets.looking import again, log
from tickets.actions import create_macro
from tickets.macros import MAX_STEPS, read
from tickets.models import Macro, Message, Ticket, Undo

LIST, NEW = "/settings/macros/", "/settings/macros/new/"
WRITTEN = {"name": "Loan wheel", "whose": "me", "kind": "reply", "body": "Hello {{ customer.first_name | there }},"}


@pytest.fixture
def at(db):
    """A browser in which someone is signed in: `at(alice).get(…)`."""

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def at_once(settings) -> None:
    """A reply by mail waits a moment for its author to think better of it; here it need not."""
    settings.UNDO_SEND_SECONDS = 0


@pytest.fixture
def mine(alice) -> Macro:
    steps = [read("add_tags:loan"), read("note:Stand 3")]
    return create_macro(by=alice, name="Loan wheel", body="Hello {{ customer.first_name }},", steps=steps, owner=alice)


@pytest.fixture
def shared(lea) -> Macro:
    return create_macro(by=lea, name="Thanks", body="Thank you, {{ customer.name }}!", owner=None)


def post_words(browser: Client, ticket: Ticket, user, **fields):
    """As the browser's outbox does."""
    wanted = {"body": "Hi", "kind": "reply", "client_id": "c-1", "by": user.pk} | fields
    return browser.post(f"/tickets/{ticket.pk}/reply/", wanted, HTTP_ACCEPT="application/json")


# --- Under Settings ---


def test_a_macro_is_written_in_a_plain_form(at, alice, workshop):
    answer = at(alice).post(
        NEW, WRITTEN | {"step_0": "add_tags:", "words_0": "loan, wheel", "step_1": "assign:me", "words_1": "forgotten"}
    )
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    macro = Macro.objects.get()
    assert (macro.name, macro.owner, macro.body) == ("Loan wheel", alice, "Hello {{ customer.first_name | there }},")
    assert macro.steps == [read("add_tags:loan, wheel"), read("assign:me")]
    text = at(alice).get(LIST).text
    assert "tag loan, wheel" in text
    assert "assign to yourself" in text
    assert "Not used yet" in text


def test_the_form_shows_what_is_kept(at, alice, mine):
    text = at(alice).get(f"{LIST}{mine.pk}/").text
    assert '<option value="add_tags:" selected>' in text
    assert '<option value="note:" selected>' in text
    assert "Stand 3</textarea>" in text
    answer = at(alice).post(f"{LIST}{mine.pk}/", WRITTEN | {"name": "Wheel", "step_4": "status:pending"})
    assert answer.status_code == 302
    mine.refresh_from_db()
    assert (mine.name, mine.steps) == ("Wheel", [read("status:pending")]), "rows that are empty are none"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"name": ""}, "This field is required"),
        ({"body": ""}, "Write some words, or choose a step"),
        ({"step_0": "note:"}, "Add a note for the team: say what."),
        ({"step_0": "assign:me", "step_1": "assign:nobody"}, "can be there only once"),
        ({"step_0": "explode:now"}, "Select a valid choice"),
        ({"whose": "all"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(at, alice, wrong, complaint):
    answer = at(alice).post(NEW, WRITTEN | wrong)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert "Loan wheel" in answer.text or "name" in wrong
    assert not Macro.objects.exists()


def test_agents_keep_their_own_and_leads_share(at, alice, lea, workshop, shop):
    assert "Everybody" not in at(alice).get(NEW).text
    text = at(lea).get(NEW).text
    assert "Everybody" in text
    assert "The team Workshop" in text
    assert "The team Shop" not in text
    at(lea).post(NEW, WRITTEN | {"whose": f"team:{workshop.pk}"})
    at(lea).post(NEW, WRITTEN | {"whose": "all"})
    assert list(Macro.objects.values_list("owner", "team").order_by("pk")) == [(None, workshop.pk), (None, None)]


def test_who_may_not_change_a_macro_sees_it_and_makes_a_copy(at, alice, bob, shared, mine):
    browser = at(bob)
    text = browser.get(f"{LIST}{shared.pk}/").text
    assert "Thank you, Nadia Okafor!" in text
    assert "Delete" not in text
    assert browser.post(f"{LIST}{shared.pk}/", WRITTEN).status_code == 403
    assert browser.post(f"{LIST}{shared.pk}/delete/").status_code == 403
    copy = browser.post(f"{LIST}{shared.pk}/duplicate/")
    assert copy["Location"] == f"{LIST}{Macro.objects.get(owner=bob).pk}/"
    assert browser.get(f"{LIST}{mine.pk}/").status_code == 404
    assert browser.post(f"{LIST}{mine.pk}/duplicate/").status_code == 404
    assert browser.post(f"{LIST}{mine.pk}/delete/").status_code == 404


def test_every_form_carries_its_token(at, alice, bob, mine, shared):
    for user, url in ((alice, LIST), (alice, NEW), (alice, f"{LIST}{mine.pk}/"), (bob, f"{LIST}{shared.pk}/")):
        text = at(user).get(url).text
        assert text.count('method="post"') == text.count('name="csrfmiddlewaretoken"') > 0


def test_deleting_asks_first(at, alice, mine):
    assert "It is gone for good." in at(alice).get(LIST).text
    assert at(alice).post(f"{LIST}{mine.pk}/delete/").status_code == 302
    assert not Macro.objects.exists()


def test_macros_are_found_by_name_and_words(at, alice, mine, shared):
    browser = at(alice)
    assert "Thanks" not in browser.get(LIST, {"q": "wheel loan"}).text
    assert "Loan wheel" in browser.get(LIST, {"q": "HELLO"}).text
    assert "Nothing has “100%”" in browser.get(LIST, {"q": "100%"}).text
    assert "Thanks" in browser.get(LIST, {"q": "\x00"}).text


def test_the_preview_stands_for_somebody_made_up(at, alice, carla):
    browser = at(alice)
    answer = browser.post(f"{LIST}preview/", WRITTEN | {"body": "Dear {{ customer.name }}, {{ x.y }} {{7*7}}",
                                                        "step_0": "add_tags:", "words_0": "loan"})  # fmt: skip
    assert "Dear Nadia Okafor, {{ x.y }} {{7*7}}" in answer.text
    assert "is no name we know" in answer.text
    assert "tag loan" in answer.text
    assert browser.post(f"{LIST}preview/", {}).status_code == 200
    assert not Macro.objects.exists()


def test_the_form_has_as_many_rows_as_a_macro_has_steps(at, alice):
    assert at(alice).get(NEW).text.count('class="macro-step"') == MAX_STEPS


def test_a_step_that_is_gone_is_shown_and_must_be_chosen_anew(at, alice, bob, mine):
    Macro.objects.update(steps=[read(f"assign:{bob.pk}")])
    bob.is_active = False
    bob.save()
    browser = at(alice)
    text = browser.get(f"{LIST}{mine.pk}/").text
    assert "assign to somebody or something that is gone" in text
    answer = browser.post(f"{LIST}{mine.pk}/", WRITTEN | {"step_0": f"assign:{bob.pk}"})
    assert answer.status_code == 422
    assert "cannot be chosen any more" in answer.text


# --- On a ticket ---


def test_the_most_used_come_first(at, alice, ticket, mine, shared):
    Macro.objects.filter(pk=shared.pk).update(used=3)
    text = at(alice).get(f"/tickets/{ticket.pk}/macros/").text
    assert text.index("Thanks") < text.index("Loan wheel")
    found = at(alice).get(f"/tickets/{ticket.pk}/macros/?q=loan").text
    assert "Thanks" not in found
    assert found.count('role="option"') == 1


def test_a_macro_reads_as_it_would_on_this_ticket(at, alice, ticket, mine):
    text = at(alice).get(f"/tickets/{ticket.pk}/macros/{mine.pk}/").text
    assert "Hello Carla," in text
    assert 'data-step="add_tags:loan"' in text
    assert 'data-step="note:Stand 3"' in text


def test_a_customers_name_is_text_in_the_preview(at, alice, ticket, carla, shared):
    carla.name = "<img src=x onerror=alert(1)> {{ agent.name }}"
    carla.save()
    text = at(alice).get(f"/tickets/{ticket.pk}/macros/{shared.pk}/").text
    assert "&lt;img src=x onerror=alert(1)&gt; {{ agent.name }}" in text
    assert "<img" not in text


def test_nothing_of_a_foreign_ticket_or_macro_shows(at, bob, charlie, ticket, mine, shared):
    for url in (f"/tickets/{ticket.pk}/macros/", f"/tickets/{ticket.pk}/macros/{shared.pk}/"):
        assert at(charlie).get(url).status_code == 404
    assert at(charlie).post(f"/tickets/{ticket.pk}/macros/apply/", {"step": "assign:me"}).status_code == 404
    assert at(bob).get(f"/tickets/{ticket.pk}/macros/{mine.pk}/").status_code == 404
    assert "Loan wheel" not in at(bob).get(f"/tickets/{ticket.pk}/macros/").text


def test_steps_go_with_the_message_and_once(at, alice, ticket, mine):
    browser = at(alice)
    wanted = {"step": ["add_tags:loan", "note:Stand 3\r\nleft", "resolve:none"], "macro": [str(mine.pk)]}
    first, second = (post_words(browser, ticket, alice, **wanted) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert json.loads(first.content) == json.loads(second.content)
    assert log(ticket, after=2) == ["message.posted*", "ticket.tagged", "message.posted", "ticket.resolved*"]
    assert Message.objects.get(kind="note").body == "Stand 3\nleft"
    assert Macro.objects.get().used == 1


def test_a_step_that_cannot_be_done_is_said_and_nothing_is_sent(at, alice, ticket):
    answer = post_words(at(alice), ticket, alice, step=["assign:999999"])
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"] == "Assign to: that cannot be chosen any more."
    assert log(ticket, after=2) == []


@pytest.mark.parametrize("rubbish", ["x", "assign", ":", "note:", "__class__:x", "resolve:" + "x" * 5000, "note:\x00"])
def test_rubbish_is_refused_in_words(at, alice, ticket, rubbish):
    for answer in (
        post_words(at(alice), ticket, alice, step=[rubbish]),
        at(alice).post(f"/tickets/{ticket.pk}/macros/apply/", {"step": rubbish}),
    ):
        assert answer.status_code in (422, 303)
    assert log(ticket, after=2) == []
    assert post_words(at(alice), ticket, alice, macro=["x"]).status_code == 422
    assert post_words(at(alice), ticket, alice, macro=[str(10**30)]).status_code == 422


def test_steps_alone_are_done_at_once(at, alice, ticket, mine):
    browser = at(alice)
    answer = browser.post(
        f"/tickets/{ticket.pk}/macros/apply/", {"step": ["add_tags:loan", "assign:me"], "macro": str(mine.pk)}
    )
    assert answer.status_code == 303
    assert again(ticket).assignee == alice
    assert Macro.objects.get().used == 1
    page = browser.get(f"/tickets/{ticket.pk}/").text
    assert f'data-macros="/tickets/{ticket.pk}/macros/"' in page
    assert browser.post(f"/tickets/{ticket.pk}/macros/apply/", {}, HTTP_HX_REQUEST="true").status_code == 422


def test_what_was_done_at_once_can_be_undone(at, alice, ticket):
    browser = at(alice)
    browser.post(f"/tickets/{ticket.pk}/macros/apply/", {"step": ["add_tags:loan", "assign:me", "resolve:none"]})
    browser.post(f"/undo/{Undo.objects.get().pk}/")
    now = again(ticket)
    assert (now.assignee, now.status, list(now.tags.all())) == (None, "open", [])


def test_a_list_of_macros_asks_no_question_per_row(at, alice, lea, ticket, workshop, django_assert_max_num_queries):
    for number in range(30):
        create_macro(by=lea, name=f"M {number}", body="x", steps=[read(f"assign:{alice.pk}"), read("resolve:none")],
                     owner=None, team=workshop)  # fmt: skip
    browser = at(alice)
    for url in (LIST, NEW, f"/tickets/{ticket.pk}/macros/"):
        with django_assert_max_num_queries(14):
            browser.get(url)
