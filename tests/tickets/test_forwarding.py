"""What goes to somebody outside: only what was said in public and chosen, held for a moment, and seen by the team."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from outbox.actions import suppress
from outbox.jobs import send_due
from outbox.models import Mail
from outbox.policy import Why
from tests.outbox.conftest import Server, smtp  # noqa: F401  (a fixture)
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import add_attachment, forward_ticket, open_ticket, post_message, undo
from tickets.actions.addressing import Person
from tickets.models import Undo

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
SUPPLIER = [Person("Sven", "sven@supplier.example")]


@pytest.fixture(autouse=True)
def held_for_a_moment(settings):
    settings.UNDO_SEND_SECONDS = 10


def at(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def leave() -> None:
    Mail.objects.pending().update(next_at=timezone.now() - timedelta(seconds=1))
    send_due()


def test_it_leaves_after_a_moment_with_what_was_said_in_public(smtp: Server, ticket, alice):  # noqa: F811
    post_message(ticket, by=alice, body="canary: the supplier is slow", kind="note")
    post_message(ticket, by=alice, body="We ask the supplier.")
    forwarded = forward_ticket(ticket, by=alice, to=SUPPLIER, words="Which size did you send?")
    assert not send_due()
    assert smtp.taken == []
    leave()
    taken = next(one for one in smtp.taken if one.to == ["sven@supplier.example"])
    message: Any = email.message_from_bytes(taken.content, policy=email.policy.default)
    assert message["Subject"] == "Fwd: The tyre is wrong"
    assert message["To"] == "Sven <sven@supplier.example>"
    assert str(message["From"]).startswith("Alice at Bellwether Cycles")
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (text, html):
        assert "Which size did you send?" in part
        assert "I ordered a 42 and got a 47." in part
        assert "We ask the supplier." in part
        assert "canary" not in part
        assert "carla@example.org" not in part
        assert ticket.reference not in part
    assert forwarded.event.data == {
        "mail": str(forwarded.mail.pk), "to": ["sven@supplier.example"], "words": "Which size did you send?",
        "messages": 2, "files": [],
    }  # fmt: skip
    assert not last(ticket).is_public
    check_log(ticket)


def test_only_what_is_chosen_goes_along(ticket, alice, carla, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    files = [add_attachment(SimpleUploadedFile(name, b"42"), by=carla) for name in ("tyre.txt", "home.txt")]
    said = post_message(ticket, by=carla, body="See both.", attachments=tuple(str(file.pk) for file in files))
    mail = forward_ticket(
        ticket, by=alice, to=SUPPLIER, words="", messages=[said.pk], attachments=(str(files[0].pk),)
    ).mail
    assert "See both." in mail.text
    assert "I ordered a 42" not in mail.text
    assert [name for _, name, _ in mail.files] == ["tyre.txt"]


def test_neither_notes_nor_what_is_on_other_tickets_can_be_chosen(ticket, alice, dora, workshop, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    secret = add_attachment(SimpleUploadedFile("secret.txt", b"42"), by=alice)
    note = post_message(ticket, by=alice, body="canary", kind="note", attachments=(str(secret.pk),))
    other = open_ticket(dora, by=dora, body="Mine", channel="form", team=workshop).messages.get()
    for message in (note, other):
        with pytest.raises(ValidationError):
            forward_ticket(ticket, by=alice, to=SUPPLIER, words="x", messages=[message.pk])
    with pytest.raises(ValidationError):
        forward_ticket(ticket, by=alice, to=SUPPLIER, words="x", attachments=(str(secret.pk),))
    assert not Mail.objects.exists()


def test_it_can_be_undone_until_it_leaves(smtp: Server, ticket, alice, bob):  # noqa: F811
    row = forward_ticket(ticket, by=alice, to=SUPPLIER, words="Help").undo
    with pytest.raises(PermissionDenied):
        undo(row, by=bob)
    assert undo(row, by=alice).done == [ticket.pk]
    leave()
    assert smtp.taken == []
    assert log(again(ticket))[-2:] == ["ticket.forwarded", "forward.taken_back"]
    row = forward_ticket(ticket, by=alice, to=SUPPLIER, words="Help").undo
    leave()
    assert undo(row, by=alice).left == {ticket.pk: "It has left already."}


def test_the_same_request_again_forwards_once(ticket, alice):
    first, second = (forward_ticket(ticket, by=alice, to=SUPPLIER, words="x", client_id="f1") for _ in range(2))
    assert (first.mail, first.event, first.undo) == (second.mail, second.event, second.undo)
    assert Mail.objects.count() == 1


def test_a_second_mail_to_the_same_address_threads_and_nobody_elses_does(ticket, alice):
    first = forward_ticket(ticket, by=alice, to=SUPPLIER, words="One").mail
    second = forward_ticket(ticket, by=alice, to=SUPPLIER, words="Two").mail
    third = forward_ticket(ticket, by=alice, to=[Person("", "x@other.example")], words="Three").mail
    assert (first.references, second.references, third.references) == ([], [first.message_id], [])


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ([], "empty"),
        ([Person("", "carla@example.org")], "invalid"),
        ([Person("", "gone@example.net")], "undeliverable"),
        ([Person("", f"p{number}@example.net") for number in range(6)], "too_many"),
    ],
)
def test_where_it_cannot_go(ticket, alice, to, code):
    suppress("gone@example.net", reason=Why.BOUNCE)
    with pytest.raises(ValidationError) as refused:
        forward_ticket(ticket, by=alice, to=to, words="x")
    assert refused.value.code == code


def test_strangers_are_counted(ticket, alice, settings):
    settings.NEW_RECIPIENTS_PER_HOUR = 1
    forward_ticket(ticket, by=alice, to=SUPPLIER, words="x")
    forward_ticket(ticket, by=alice, to=SUPPLIER, words="again")
    with pytest.raises(ValidationError) as refused:
        forward_ticket(ticket, by=alice, to=[Person("", "x@other.example")], words="x")
    assert refused.value.code == "rate_limited"
    assert Mail.objects.count() == 2


def test_the_panel_asks_and_the_page_tells(ticket, alice, charlie):
    note = post_message(ticket, by=alice, body="canary", kind="note")
    url, client = f"/tickets/{ticket.pk}/forward/", at(alice)
    panel = client.get(url, **HTMX)
    assert "I ordered a 42" in panel.text
    assert "canary" not in panel.text
    assert "<html" not in panel.text
    assert "<html" in client.get(url).text
    wrong = client.post(url, {"to": "nobody", "words": "Kept words"}, **HTMX)
    assert wrong.status_code == 422
    assert "Kept words" in wrong.text
    assert client.post(url, {"to": "sven@supplier.example", "message": note.pk}, **HTMX).status_code == 422
    done = client.post(url, {"to": "sven@supplier.example", "words": "Which <b>size</b>?"}, **HTMX)
    assert done["HX-Retarget"] == "#conversation"
    assert "desk:undoable" in done["HX-Trigger"]
    assert "Which &lt;b&gt;size&lt;/b&gt;?" in done.text
    assert Undo.objects.get().label == "Forwarded to sven@supplier.example"
    assert at(charlie).get(url).status_code == 404


def test_copies_are_managed_on_the_page(ticket, alice):
    client, url = at(alice), f"/tickets/{ticket.pk}/copies/"
    assert "dana@example.net" in client.post(url, {"to": "Dana Dee <dana@example.net>"}, **HTMX).text
    wrong = client.post(url, {"to": "nobody"}, **HTMX)
    assert (wrong.status_code, "No email address: nobody" in wrong.text) == (422, True)
    copied = ticket.copied.get()
    page = client.get(f"/tickets/{ticket.pk}/")
    assert "copies to" in page.text
    removed = client.post(f"{url}{copied.pk}/remove/", **HTMX)
    assert "desk:undoable" in removed["HX-Trigger"]
    assert not ticket.copied.current().exists()
    assert undo(Undo.objects.get(), by=alice).done == [ticket.pk]
    assert ticket.copied.current().get().email == "dana@example.net"


def test_a_reply_from_the_page_can_leave_the_copies_out(ticket, alice, settings):
    settings.UNDO_SEND_SECONDS = 0
    client = at(alice)
    client.post(f"/tickets/{ticket.pk}/copies/", {"to": "dana@example.net"})
    client.post(f"/tickets/{ticket.pk}/reply/", {"body": "Between us", "kind": "reply", "uncopied": "1"})
    assert last(ticket).data == {"uncopied": True}
