"""The list of mails that came in, one mail with its source, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailroom.models import Mailbox, RawMail, RawText
from mailroom.queries import mails as queries
from outbox.models import Block
from tests.mailroom.looking import letter_on, raw_mail
from tickets.actions import redact_message, remove_file
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
LIST = reverse("mailroom:mails")


@pytest.fixture
def desk(client, adam):
    client.force_login(adam)
    return client


def said(response) -> str:
    return response.content.decode()


def subjects(response) -> list[str]:
    return [mail.subject for mail in response.context["page"].mails]


def test_an_empty_list_says_how_to_begin(desk):
    html = said(desk.get(LIST))
    assert "No mail has come in yet" in html
    assert reverse("mailroom:mailboxes") in html


def test_every_mail_stands_there_with_its_state_and_reason(desk):
    raw_mail(subject="Invoice", state="automatic", reason="It says that a program wrote it.", from_email="a@b.example")
    html = said(desk.get(LIST))
    for words in ("Invoice", "Automatic", "It says that a program wrote it.", "a@b.example"):
        assert words in html


def test_filters_choose_by_state_mailbox_sender_and_subject(desk):
    box = Mailbox.objects.create(name="Support", email="support@example.com", access="handed")
    raw_mail(subject="One", state="spam", reason="x", from_email="mallory@evil.example")
    raw_mail(subject="Two", mailbox=box, from_name="Carla Cortez", from_email="carla@example.org")
    raw_mail(subject="Three")
    assert subjects(desk.get(LIST, {"state": "spam"})) == ["One"]
    assert subjects(desk.get(LIST, {"mailbox": box.pk})) == ["Two"]
    assert subjects(desk.get(LIST, {"q": "EVIL.ex"})) == ["One"]
    assert subjects(desk.get(LIST, {"q": "cortez"})) == ["Two"]
    assert subjects(desk.get(LIST, {"q": "hree"})) == ["Three"]
    assert subjects(desk.get(LIST, {"q": "hree", "state": "spam"})) == []
    assert "No mail is like that" in said(desk.get(LIST, {"q": "nothing"}))
    assert len(subjects(desk.get(LIST, {"state": "nonsense", "mailbox": "9" * 40, "cursor": "1-x"}))) == 3


def test_pages_follow_each_other_without_a_gap_even_when_mails_came_together(desk, monkeypatch):
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    at = timezone.now()
    for number in range(5):
        raw_mail(subject=str(number), received_at=at - timedelta(seconds=number // 3))
    seen, cursor = [], ""
    for _ in range(3):
        page = desk.get(LIST, {"cursor": cursor})
        seen += subjects(page)
        cursor = page.context["page"].cursor
    assert sorted(seen) == ["0", "1", "2", "3", "4"]
    assert cursor == ""


def test_a_search_reads_a_part_at_a_time_and_says_so(desk, monkeypatch):
    monkeypatch.setattr(queries, "WINDOW", 2)
    for number in range(5):
        raw_mail(subject=f"Mail {number}", received_at=timezone.now() - timedelta(minutes=number))
    page = desk.get(LIST, {"q": "Mail 4"})
    assert subjects(page) == []
    assert "Older ones were not searched yet" in said(page)
    page = desk.get(LIST, {"q": "Mail 4", "cursor": page.context["page"].cursor})
    assert subjects(page) == ["Mail 4"]


def test_one_mail_tells_its_way(desk, ticket):
    mail = raw_mail(
        subject="The tyre",
        state="entry",
        reason="It answers a mail of ours.",
        detail="by its reply address",
        ticket=ticket,
        envelope_from="",
        envelope_to=["support@example.com"],
        attempts=2,
        authentication={"spf": "pass", "dkim": "fail", "verdict": "fail", "by": "mx.example.com"},
    )
    html = said(desk.get(reverse("mailroom:mail", args=[mail.pk])))
    for words in (
        "Fetched by IMAP", "no sender, as on a bounce, to support@example.com", "2 tries so far",
        "says that it is not theirs", "Said by mx.example.com", "It answers a mail of ours.", "by its reply address",
        f"Ticket {ticket.pk}: The tyre is wrong", "DKIM", "Refuted",
    ):  # fmt: skip
        assert words in html, words


def test_the_source_is_text_whatever_is_in_it(desk):
    raw = b"Subject: x\r\n\r\n<script>window.__pwned=1</script>\x00\x1b[31m</pre><img src=x onerror=1>\xff"
    mail = raw_mail(raw=raw)
    html = said(desk.get(reverse("mailroom:mail", args=[mail.pk])))
    assert "&lt;script&gt;window.__pwned=1&lt;/script&gt;␀␛[31m&lt;/pre&gt;" in html
    assert "<script>window" not in html


def test_the_download_is_the_mail_byte_for_byte_and_no_page(desk):
    raw = b"Subject: x\r\n\r\n<script>\x00\xff"
    mail = raw_mail(raw=raw)
    response = desk.get(reverse("mailroom:source", args=[mail.pk]))
    assert response.content == raw
    assert response["Content-Type"] == "message/rfc822"
    assert response["Content-Disposition"] == f'attachment; filename="{mail.pk.hex}.eml"'
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_what_is_forgotten_is_said(desk):
    mail = raw_mail()
    RawText.objects.all().delete()
    assert "It is not kept any more" in said(desk.get(reverse("mailroom:mail", args=[mail.pk])))
    assert desk.get(reverse("mailroom:source", args=[mail.pk])).status_code == 404


def test_a_mail_that_something_was_taken_out_of_is_not_kept_as_it_came(desk, ticket, carla, lea):
    message = letter_on(ticket, carla, body="My card is 4242", files=[("card.txt", "4242")])
    mail = raw_mail(state="entry", reason="x", ticket=ticket, entry=message, raw=b"4242")
    again, other = raw_mail(state="duplicate", reason="x", raw=b"4242"), raw_mail(raw=b"17")
    redact_message(message, by=lea, passages=["4242"])
    assert set(RawText.objects.values_list("pk", flat=True)) == {other.pk}
    for gone in (mail, again):
        assert "It is not kept any more" in said(desk.get(reverse("mailroom:mail", args=[gone.pk])))
    RawText.objects.create(mail=mail, packed=RawText.pack(b"4242"))
    remove_file(message.attachments.get(), by=lea)
    assert not RawText.objects.filter(pk=mail.pk).exists()


def do(desk, mail, deed) -> str:
    response = desk.post(reverse("mailroom:mail_deed", args=[mail.pk]), {"do": deed}, follow=True)
    mail.refresh_from_db()
    return said(response)


def test_a_mail_is_run_again(desk):
    mail = raw_mail(state="quarantine", reason="It could not be read in time.")
    assert "It goes its way again" in do(desk, mail, "again")
    assert mail.state == "new"


def test_what_a_person_wrote_goes_where_a_persons_mail_goes(desk):
    mail = raw_mail(state="automatic", reason="It says that a program wrote it.")
    do(desk, mail, "person")
    assert mail.state == "new"
    assert mail.reason == "Somebody says that a person wrote it."


def test_spam_and_its_sender(desk):
    mail = raw_mail(state="quarantine", reason="x", from_email="mallory@mail.evil.example")
    do(desk, mail, "spam")
    assert mail.state == "spam"
    do(desk, mail, "block")
    do(desk, mail, "block-domain")
    assert set(Block.objects.values_list("pattern", flat=True)) == {"mallory@mail.evil.example", "@mail.evil.example"}


def test_a_domain_that_half_the_world_has_is_not_blocked_by_a_click(desk):
    mail = raw_mail(state="spam", reason="x", from_email="mallory@gmail.com")
    assert "Block @gmail.com" not in said(desk.get(reverse("mailroom:mail", args=[mail.pk])))
    assert desk.post(reverse("mailroom:mail_deed", args=[mail.pk]), {"do": "block-domain"}).status_code == 404
    assert Block.objects.count() == 0


def test_what_cannot_be_is_refused_in_words(desk, ticket, carla):
    message = letter_on(ticket, carla)
    mail = raw_mail(state="entry", reason="x", ticket=ticket, entry=message)
    assert "It is on a ticket already" in do(desk, mail, "again")
    assert desk.post(reverse("mailroom:mail_deed", args=[mail.pk]), {"do": "eat"}).status_code == 404


# --- On a ticket -----------------------------------------------------------------------------
def test_an_agent_says_that_a_conversation_is_spam(client, alice, ticket, carla):
    message = letter_on(ticket, carla)
    mail = raw_mail(state="ticket", reason="x", ticket=ticket, entry=message, from_email="carla@spam.example")
    client.force_login(alice)
    address = reverse("mailroom:spam", args=[message.pk])
    assert address in client.get(ticket.get_absolute_url()).content.decode()
    assert "goes into the trash" in said(client.get(address))
    client.post(address, {"block": "1"})
    mail.refresh_from_db()
    assert mail.state == "spam"
    assert Ticket.objects.get(pk=ticket.pk).trashed_at
    assert Block.objects.get().pattern == "carla@spam.example"


def test_another_teams_agent_cannot(client, charlie, ticket, carla):
    message = letter_on(ticket, carla)
    mail = raw_mail(state="ticket", reason="x", ticket=ticket, entry=message)
    client.force_login(charlie)
    assert client.post(reverse("mailroom:spam", args=[message.pk])).status_code == 404
    assert RawMail.objects.get(pk=mail.pk).state == "ticket"


def test_a_message_that_was_no_mail_is_no_spam(client, alice, ticket):
    client.force_login(alice)
    assert client.get(reverse("mailroom:spam", args=[ticket.messages.get().pk])).status_code == 404
