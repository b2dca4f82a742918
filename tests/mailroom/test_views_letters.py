"""A message that came by mail, as it stands on its ticket."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.mailroom.looking import letter_on
from tests.pictures import picture
from tickets.actions import post_message, redact_message
from tickets.models import Authenticity, Event, Letter
from tickets.serializers import event_json

pytestmark = pytest.mark.django_db
STRANGER = "mallory@elsewhere.example"


@pytest.fixture
def page(client, alice, ticket):
    """The ticket's page, as Alice or somebody else gets it."""

    def look(user=alice) -> str:
        client.force_login(user)
        return client.get(ticket.get_absolute_url()).content.decode()

    return look


def last_entry(html: str) -> str:
    return html.rpartition('<li id="entry-')[2].partition("</li>")[0]


@pytest.mark.parametrize(
    ("verdict", "word", "sentence"),
    [
        (Authenticity.PASS, "Proved", "vouches for the mail"),
        (Authenticity.NONE, "Not proved", "Nothing proves who sent it"),
        (Authenticity.FAIL, "Refuted", "says that the mail is not theirs"),
    ],
)
def test_the_badge_says_whether_it_is_from_whom_it_names(page, ticket, carla, verdict, word, sentence):
    letter_on(ticket, carla, authenticity=verdict)
    entry = last_entry(page())
    assert word in entry
    assert sentence in entry
    if verdict != Authenticity.NONE:
        assert "Not proved" not in entry


def test_whom_a_mail_names_is_copied_in_by_one_press(client, carla, ticket, page):
    letter_on(ticket, carla, cc=[["Ed, of the <shop>", "ed@example.net"]])
    said = re.search(r'name="to" value="([^"]*ed@example.net[^"]*)"', page())
    assert said is not None
    assert not ticket.copied.exists()
    client.post(f"{ticket.get_absolute_url()}copies/", {"to": unescape(said[1])})
    assert [(one.name, one.email) for one in ticket.copied.current()] == [("Ed of the shop", "ed@example.net")]


def test_another_address_than_the_usual_one_is_named(page, ticket, carla):
    letter_on(ticket, carla, from_email="carla@work.example")
    assert "from <bdi>carla@work.example</bdi>" in last_entry(page())
    letter_on(ticket, carla, from_email="Carla@Example.org")
    assert "from <bdi>" not in last_entry(page())


def test_everybody_else_it_went_to_is_named(page, ticket, carla):
    letter_on(ticket, carla, to=[["Dana D.", "dana@example.net"]], cc=[["", "cecil@example.net"]])
    entry = last_entry(page())
    assert '<bdi title="dana@example.net">Dana D.</bdi>' in entry
    assert re.search(r"copy to\s+<bdi title=\"cecil@example.net\">cecil@example.net</bdi>", entry)


def test_the_quote_is_folded_and_opens_by_keyboard(page, ticket, carla):
    letter_on(ticket, carla, quoted="On Monday you wrote: <b>We are on it</b>")
    entry = last_entry(page())
    assert '<details class="quoted"><summary aria-label="Show what it answers"' in entry
    assert "On Monday you wrote: &lt;b&gt;We are on it&lt;/b&gt;" in entry


def test_the_formatted_words_take_the_place_of_the_plain_ones(page, ticket, carla):
    letter_on(ticket, carla, body="It is flat.", html="<p>It is <b>flat</b>.</p>")
    entry = last_entry(page())
    assert "<p>It is <b>flat</b>.</p>" in entry
    assert "It is flat." not in entry


# What the cleaner of incoming mail lets nobody send; here it came by all the same.
@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello<script>window.__pwned=1</script></p>",
        "<p>Hello<img src=x onerror=window.__pwned=1></p>",
        "<p>Hello<img data-cid='x' src='https://tracker.example/p.gif'></p>",
        "<p>Hello<a href='javascript:window.__pwned=1'>x</a></p>",
        "<p style='position:fixed;inset:0'>Hello</p>",
        "<p>Hello</p><form action='https://evil.example/'><input name=password><button>Sign in</button></form>",
        "<p>Hello</p><iframe src='https://evil.example/'></iframe><svg onload=window.__pwned=1></svg>",
        "<p hx-get='/accounts/logout/' hx-trigger='load' id='timeline' class='btn'>Hello</p>",
        '<p title="<img data-cid=&quot;picture:0&quot; onerror=window.__pwned=1>">Hello</p>',
        '<p>Hello data-cid="picture:0" onerror=</p>',
        '<p>Hello</p><a href="https://a.example/&quot; data-cid=&quot;picture:0&quot; onclick=&quot;x">x</a>',
    ],
)
def test_what_is_bad_in_it_does_nothing(page, ticket, carla, html):
    message = letter_on(ticket, carla, html=html, files=[("x", "x")])
    entry = last_entry(page())
    words = entry.partition('letter-words" dir="auto">')[2].partition('<p class="files">')[0].partition("<details")[0]
    assert "Hello" in words
    tags = re.findall(r"<[a-z][^<>]*>", words)
    assert not [
        tag
        for tag in tags
        if re.search(r"script|onerror|onload|onclick|style|form|iframe|hx-|evil|tracker", tag.partition("href=")[0])
    ]
    assert not [tag for tag in tags if re.search(r'src="(?!/files/)', tag)]
    assert message.letter.html == html  # and what came is what is kept


def test_a_picture_stands_among_the_words_and_is_not_listed_again(page, ticket, carla):
    message = letter_on(ticket, carla, files=[("tyre.png", picture())])
    file = message.attachments.get()
    named = f'<p>Look: <img data-cid="/files/{file.pk}/" alt="the tyre"> flat</p>'
    Letter.objects.filter(message=message).update(html=named)
    entry = last_entry(page())
    shown = re.search(r"<p>Look: <img [^>]+> flat</p>", entry)
    assert shown
    assert f'src="/files/{file.pk}/"' in shown[0]
    assert 'alt="the tyre"' in shown[0]
    assert 'class="files"' not in entry


def test_a_picture_of_somebody_elses_message_cannot_be_named(page, ticket, chat_ticket, carla):
    foreign = letter_on(chat_ticket, carla, files=[("secret.png", picture())]).attachments.get()
    letter_on(ticket, carla, html=f'<p>Look: <img data-cid="/files/{foreign.pk}/"></p>')
    assert str(foreign.pk) not in last_entry(page())


def test_a_stranger_with_the_reply_address_is_warned_of(page, ticket, carla):
    letter_on(ticket, carla, from_email=STRANGER, is_by_stranger=True)
    entry = last_entry(page())
    assert "Not written by the customer of this ticket" in entry
    assert STRANGER in entry


def test_what_was_left_out_is_said(page, ticket, carla):
    letter_on(
        ticket,
        carla,
        notes=["Pictures that are kept elsewhere were left out: 2", "Invitation: Fitting, Monday"],
        is_cut=True,
    )
    entry = last_entry(page())
    assert "Pictures that are kept elsewhere were left out: 2." in entry
    assert "Invitation: Fitting, Monday." in entry
    assert "It was too long to show" in entry


def test_what_was_taken_out_of_the_words_is_nowhere_else_either(page, ticket, carla, lea):
    message = letter_on(ticket, carla, body="My card is 4242", html="<p>My card is <b>42</b>42</p>", subject="4242 !")
    letter_on(ticket, carla, body="See below", html="<p>See <i>below</i>: 4242</p>", quoted="> My card is 4242")
    assert "4242" in page()
    redact_message(message, by=lea, passages=["4242"])
    html = page()
    assert "4242" not in html
    assert "<b>42</b>42" not in html
    assert "See <i>below</i>" in html
    assert not Letter.objects.filter(
        Q(html__contains="42") | Q(quoted__contains="42") | Q(subject__contains="42")
    ).exists()


def test_its_customer_is_told_nothing_of_all_that(ticket, carla):
    message = letter_on(
        ticket,
        carla,
        from_email=STRANGER,
        quoted="what we wrote",
        html="<p>formatted</p>",
        authenticity=Authenticity.FAIL,
        is_by_stranger=True,
    )
    said = str(event_json(Event.objects.with_details().get(message=message), carla))
    for secret in (STRANGER, "what we wrote", "formatted", "fail", "stranger"):
        assert secret not in said


def test_letters_cost_a_page_no_question_more(client, alice, ticket, carla):
    client.force_login(alice)
    address = ticket.get_absolute_url()

    def asked() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    for _ in range(3):
        post_message(ticket, by=carla, body="Hello?")
    before = asked()
    for _ in range(5):
        letter_on(ticket, carla, html="<p>Hello?</p>", quoted="x", cc=[["", "dana@example.net"]])
    assert asked() == before


def test_a_message_without_a_letter_is_as_it_was(page, ticket, carla):
    post_message(ticket, by=carla, body="Hello?")
    entry = last_entry(page())
    assert "letter" not in entry
    assert "roved" not in entry
