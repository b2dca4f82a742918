"""How sending goes: what waits, what failed or is in doubt, the log of each mail, the brakes, and who gets none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from mailroom.models import Mailbox
from mailroom.views import outgoing
from outbox.actions import queue_mail, suppress
from outbox.actions.sending import go_on, stop_sending
from outbox.actions.suppressions import release_address
from outbox.models import Attempt, Mail, MailState, Recipient, Sending, Suppression
from outbox.policy import Why

pytestmark = pytest.mark.django_db
PAGE = reverse("mailroom:outgoing")


@pytest.fixture
def desk(client, adam):
    client.force_login(adam)
    return client


def said(response) -> str:
    return response.content.decode()


def mail(state: str = "pending", *, kind: str = "reply", subject: str = "Your tyre", **values) -> Mail:
    """A mail to Carla that waits, or that has ended like this."""
    key = f"test:{Mail.objects.count()}"
    made = queue_mail(
        kind=kind, to="carla@example.org", subject=subject, text="It leaves today.", dedupe_key=key, **values
    )
    if state != "pending":
        Recipient.objects.filter(mail=made).update(state=state, smtp_reply="550 no such user")
        Mail.objects.filter(pk=made.pk).update(state=state, smtp_reply="550 no such user", attempts=2)
    return made


def test_a_quiet_day(desk):
    html = said(desk.get(PAGE))
    for words in ("Everything was delivered", "nothing is late", "Should have left by now"):
        assert words in html
    assert "Nothing waits" in said(desk.get(PAGE, {"show": "pending"}))
    assert "Nothing is in doubt" in said(desk.get(PAGE, {"show": "unknown"}))


def test_what_failed_is_in_doubt_or_waits_with_what_the_server_said(desk, ticket):
    mail("failed", subject="Failed one", about=ticket.about)
    mail("unknown", subject="Doubtful one")
    mail(subject="Late one", send_at=timezone.now() - timedelta(minutes=20))
    html = said(desk.get(PAGE))
    assert "Failed one" in html
    assert "550 no such user" in html
    assert ticket.get_absolute_url().partition("?")[0] in html
    assert "Doubtful one" not in html
    assert "Doubtful one" in said(desk.get(PAGE, {"show": "unknown"}))
    assert "Late one" in said(desk.get(PAGE, {"show": "pending"}))
    assert desk.get(PAGE).context["going"].oldest_due is not None


def test_pages_go_on_behind_the_last(desk, monkeypatch):
    monkeypatch.setattr(outgoing, "PAGE_SIZE", 2)
    for number in range(3):
        mail("failed", subject=f"Mail {number}")
    first = desk.get(PAGE)
    second = desk.get(PAGE, {"before": first.context["before"]})
    found = [row.subject for row in (*first.context["rows"], *second.context["rows"])]
    assert found == ["Mail 2", "Mail 1", "Mail 0"]
    assert desk.get(PAGE, {"before": "9" * 40, "show": "nonsense"}).status_code == 200


def test_one_mail_with_each_try_in_the_servers_words(desk):
    made = mail("failed")
    Attempt.objects.create(
        mail=made, number=1, outcome="later", reply="451 4.7.1 greylisted <b>", email="carla@example.org"
    )
    html = said(desk.get(reverse("mailroom:outgoing_mail", args=[made.pk])))
    for words in (
        "451 4.7.1 greylisted &lt;b&gt;",
        "Not now",
        "carla@example.org",
        "It leaves today.",
        "Send it again",
    ):
        assert words in html


def test_what_is_secret_is_not_shown(desk):
    made = mail(kind="account", is_secret=True, subject="Sign in with 123456")
    for address in (reverse("mailroom:outgoing_mail", args=[made.pk]), PAGE + "?show=pending"):
        html = said(desk.get(address))
        assert "It leaves today." not in html
        assert "123456" not in html


def do(desk, made: Mail, deed: str) -> str:
    response = desk.post(reverse("mailroom:outgoing_deed", args=[made.pk]), {"do": deed}, follow=True)
    made.refresh_from_db()
    return said(response)


def test_a_failed_mail_is_sent_again(desk):
    made = mail("failed")
    assert "It is sent again" in do(desk, made, "resend")
    assert made.state == MailState.PENDING
    assert "This mail cannot be sent again" in do(desk, made, "resend")


def test_a_waiting_mail_is_cancelled(desk):
    made = mail()
    assert "It does not leave any more" in do(desk, made, "cancel")
    assert (made.state, made.reason) == (MailState.CANCELLED, "Cancelled by hand.")
    assert "Too late" in do(desk, made, "cancel")
    assert desk.post(reverse("mailroom:outgoing_deed", args=[made.pk]), {"do": "eat"}).status_code == 404


def switch(desk, **said_) -> str:
    return said(desk.post(reverse("mailroom:switch"), said_, follow=True))


def test_everything_is_stopped_by_name_and_goes_on(desk):
    html = switch(desk, do="stop", why="The list was wrong")
    for words in ("No mail leaves.", "by Adam Amari", "The list was wrong", "Let mails leave again"):
        assert words in html
    assert Sending.objects.get().is_stopped
    assert "No mail leaves." not in switch(desk, do="go")
    assert desk.post(reverse("mailroom:switch"), {"do": "dance"}).status_code == 404


def test_what_is_held_because_mails_come_back_says_so(desk):
    Sending.objects.create(held_at=timezone.now())
    html = said(desk.get(PAGE))
    assert "What is automatic waits." in html
    assert "It is mended: go on" in html


def test_limits(desk):
    switch(desk, do="limits", per_recipient="5", per_domain="50", bounces_stop_at="9")
    assert Sending.objects.get().per_domain == 50
    response = desk.post(reverse("mailroom:switch"), {"do": "limits", "per_recipient": "0", "per_domain": "x"})
    assert response.status_code == 422
    assert set(response.context["limits"].errors) == {"per_recipient", "per_domain", "bounces_stop_at"}


def test_a_mailbox_in_trouble_stands_there_too(desk):
    now = timezone.now()
    Mailbox.objects.create(
        name="Support", email="s@example.com", host="x", looked_at=now, failing_since=now, trouble="Wrong password."
    )
    html = said(desk.get(PAGE))
    assert "Mailboxes in trouble" in html
    assert "Wrong password." in html


def test_addresses_that_get_no_mail_are_let_go_but_not_by_those_who_left_themselves(desk, adam, alice):
    dead, left = suppress("dead@example.org", reason=Why.BOUNCE), suppress("left@example.org", reason=Why.UNSUBSCRIBED)
    address = reverse("mailroom:suppressed")
    html = said(desk.get(address))
    assert "Its server says that it does not exist" in html
    assert reverse("mailroom:release", args=[dead.pk]) in html
    assert reverse("mailroom:release", args=[left.pk]) not in html
    with pytest.raises(PermissionDenied):
        release_address(dead, by=alice)
    with pytest.raises(ValidationError):
        release_address(left, by=adam)
    assert "gets mail again" in said(desk.post(reverse("mailroom:release", args=[dead.pk]), follow=True))
    assert list(Suppression.objects.all()) == [left]
    assert "No such address" in said(desk.get(address, {"q": "nobody"}))
    assert said(desk.get(address, {"q": "LEFT@"})).count("<tr>") == 2


def test_who_may_not_is_refused_by_the_action_itself(alice):
    for deed in (stop_sending, go_on):
        with pytest.raises(PermissionDenied):
            deed(by=alice)
