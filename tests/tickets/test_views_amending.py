"""Notes are edited in their place, and what is taken out is chosen on a page of its own."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from outbox.blackout import BLOCKS, suggest
from tests.tickets.looking import again, log
from tickets.actions import add_attachment, edit_note, post_message
from tickets.models import Attachment, Message

pytestmark = pytest.mark.django_db
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def browser():
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def note(ticket, alice) -> Message:
    return post_message(ticket, by=alice, body="Ask the depot.", kind="note")


def test_a_note_is_edited_and_says_so(browser, alice, bob, ticket, note):
    inside = browser(alice)
    page = inside.get(f"/messages/{note.pk}/edit/").content.decode()
    assert "Ask the depot." in page
    assert "<html" in page
    fragment = inside.get(f"/messages/{note.pk}/edit/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    answer = inside.post(f"/messages/{note.pk}/edit/", {"body": "Ask the harbour.", "version": ""})
    assert (answer.status_code, answer["Location"]) == (303, ticket.get_absolute_url())
    shown = browser(bob).get(ticket.get_absolute_url()).content.decode()
    assert "Ask the harbour." in shown
    assert "Ask the depot." not in shown
    assert "· edited" in shown
    assert "edited a note" in shown


def test_only_its_author_is_offered_to_edit_it(browser, alice, bob, ticket, note):
    assert f"/messages/{note.pk}/edit/" in browser(alice).get(ticket.get_absolute_url()).content.decode()
    assert f"/messages/{note.pk}/edit/" not in browser(bob).get(ticket.get_absolute_url()).content.decode()


def test_each_message_has_a_menu_of_its_own(browser, alice, bob, lea, ticket, note):
    """They are drawn once for each kind, with a place for the number."""
    said = [ticket.messages.get(kind="reply"), post_message(ticket, by=bob, body="{number} of {them}")]
    notes = [note, post_message(ticket, by=alice, body="A 42.", kind="note")]
    others = post_message(ticket, by=bob, body="A 47.", kind="note")
    agents, leads = (browser(user).get(ticket.get_absolute_url()).content.decode() for user in (alice, lea))
    for message in said:
        assert agents.count(f'/split/?message={message.pk}"') == agents.count(f'/forward/?message={message.pk}"') == 1
    for message in notes:
        assert agents.count(f'href="/messages/{message.pk}/edit/"') == 1
        assert f'hx-target="#words-{message.pk}"' in agents
        assert f"/split/?message={message.pk}" not in agents
    assert f"/messages/{others.pk}/edit/" not in agents
    assert all(leads.count(f"/messages/{message.pk}/redact/") == 1 for message in [*said, *notes, others])
    assert "/redact/" not in agents
    assert agents.count("{number}") == agents.count("{number} of {them}")  # what somebody wrote


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_who_has_not_seen_the_newest_words_gets_both_texts(browser, alice, ticket, note, headers):
    edit_note(note, by=alice, body="From the telephone")
    inside, url = browser(alice), f"/messages/{note.pk}/edit/"
    answer = inside.post(url, {"body": "From the desk", "version": ""}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "From the telephone" in page
    assert "From the desk" in page
    if headers:
        assert (answer["HX-Retarget"], answer["HX-Reswap"]) == (f"#edit-{note.pk}", "outerHTML")
    note.refresh_from_db()
    assert note.body == "From the telephone"
    inside.post(url, {"body": "From the desk", "version": note.version})
    note.refresh_from_db()
    assert note.body == "From the desk"


def test_without_words_it_is_refused_and_nothing_typed_is_lost(browser, alice, note):
    answer = browser(alice).post(f"/messages/{note.pk}/edit/", {"body": " ", "version": ""})
    assert answer.status_code == 422
    assert "Write something first." in answer.content.decode()


def test_passages_are_chosen_and_go(browser, lea, carla, ticket):
    message = post_message(ticket, by=carla, body=f"My card is {CARD}, PIN 1234.")
    inside, url = browser(lea), f"/messages/{message.pk}/redact/"
    page = inside.get(url).content.decode()
    assert f'value="{CARD}"' in page
    assert "cannot be undone" in page
    answer = inside.post(url, {"passage": [CARD, "PIN 1234", ""]}, follow=True)
    shown = answer.content.decode()
    assert f"My card is {BLOCKS}, {BLOCKS}." in shown
    assert "4111" not in shown
    assert "partly blacked out" in shown
    assert again(ticket).preview == f"My card is {BLOCKS}, {BLOCKS}."


@pytest.mark.parametrize("passages", [[], [""], ["not there"]])
def test_what_cannot_be_taken_out_is_said(browser, lea, carla, ticket, passages):
    message = post_message(ticket, by=carla, body=CARD)
    answer = browser(lea).post(f"/messages/{message.pk}/redact/", {"passage": passages})
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert "message.redacted*" not in log(ticket)


def test_line_ends_of_a_browser_are_not_in_the_way(browser, lea, carla, ticket):
    message = post_message(ticket, by=carla, body="one\ntwo\nthree")
    browser(lea).post(f"/messages/{message.pk}/redact/", {"passage": "one\r\ntwo"})
    message.refresh_from_db()
    assert message.body == f"{BLOCKS}\nthree"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"card {CARD}.", [CARD]),
        ("card 4111-1111-1111-1111", ["4111-1111-1111-1111"]),
        ("card 5500000000000004!", ["5500000000000004"]),
        ("order 4111 1111 1111 1112", []),
        ("IBAN DE89 3704 0044 0532 0130 00 PLEASE", ["DE89 3704 0044 0532 0130 00"]),
        ("GB82WEST12345698765432", ["GB82WEST12345698765432"]),
        ("GB82WEST12345698765433", []),
        ("call 020 7946 0958", []),
        ("1" * 20_000, []),
        ("A1" * 10_000, []),
    ],
)
def test_numbers_of_cards_and_accounts_are_offered(text, found):
    assert suggest(text) == found


def test_a_file_is_removed_and_its_line_says_by_whom(browser, lea, alice, carla, ticket):
    file = add_attachment(SimpleUploadedFile("passport.txt", b"P<UTO"), by=carla)
    post_message(ticket, by=carla, body="Mine", attachments=(str(file.pk),))
    message = Message.objects.get(body="Mine")
    assert "passport.txt" in browser(lea).get(f"/messages/{message.pk}/redact/").content.decode()
    assert browser(lea).post(f"/files/{file.pk}/remove/").status_code == 303
    shown = browser(alice).get(ticket.get_absolute_url()).content.decode()
    assert "removed by Lea Lind" in shown
    assert f'href="/files/{file.pk}/"' not in shown
    for who in (lea, alice):
        assert browser(who).get(f"/files/{file.pk}/").status_code == 404
    assert browser(lea).post(f"/files/{file.pk}/remove/").status_code == 303
    assert Attachment.objects.get(pk=file.pk).removed_at


def test_who_removed_it_is_known_on_an_earlier_page_too(browser, lea, alice, carla, ticket, monkeypatch):
    file = add_attachment(SimpleUploadedFile("passport.txt", b"P<UTO"), by=carla)
    post_message(ticket, by=carla, body="Mine", attachments=(str(file.pk),))
    browser(lea).post(f"/files/{file.pk}/remove/")
    monkeypatch.setattr("tickets.queries.timelines.PAGE_SIZE", 1)
    event = Message.objects.get(body="Mine").event
    following = ticket.events.get(seq=event.seq + 1)
    page = browser(alice).get(f"{ticket.get_absolute_url()}?before={following.pk}").content.decode()
    assert "removed by Lea Lind" in page
