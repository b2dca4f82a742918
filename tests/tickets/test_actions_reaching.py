"""What is due by way of browsers and of mail: sealed for one browser, sent once, given up where nobody is any more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import get_language

from accounts import outward
from accounts.models import Desk, User
from outbox.models import Mail
from tests.tickets.push_service import Browser, PushService, push_service
from tests.tickets.test_actions_notifying import tell_all
from tickets.actions import (
    assign_ticket,
    change_notification_settings,
    follow_ticket,
    invite_agent,
    mark_seen,
    open_ticket,
    post_message,
    reaching,
    read_notifications,
    subscribe_browser,
    transfer_ticket,
)
from tickets.actions.reaching import GIVE_UP, MOST_FAILURES, retry_after
from tickets.jobs import mail_digests, push_notifications
from tickets.models import Notification, PushSubscription
from tickets.pushing import public_key

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def service(monkeypatch) -> Iterator[PushService]:
    """A push service on this machine: the one place where that is allowed to be spoken to."""
    with push_service() as service:
        monkeypatch.setattr(outward, "is_allowed", lambda scheme, port: True)
        monkeypatch.setattr(outward, "is_public", lambda address: address == "127.0.0.1")
        yield service


@pytest.fixture
def browser(service, alice) -> Browser:
    found = Browser()
    subscribe_browser(alice, by=alice, endpoint=f"{service.url}/alice", browser="Firefox on Linux", **found.keys)
    return found


@pytest.fixture
def hers(ticket, alice, bob):
    """A ticket of Alice's; that she got it is told and read."""
    assign_ticket(ticket, by=bob, user=alice)
    tell_all(ticket)
    read_notifications(by=alice)
    return ticket


def write(ticket, carla, body="It has come off. My card is 4111 1111 1111 1111.") -> None:
    post_message(ticket, by=carla, body=body)
    tell_all(ticket)
    make_due()


def make_due() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Notification.objects.exclude(push_due_at=None).update(push_due_at=past)
    Notification.objects.exclude(mail_due_at=None).update(mail_due_at=past)


def due() -> int:
    return Notification.objects.exclude(push_due_at=None).count()


# --- Browsers ---


def test_a_note_is_sealed_for_its_browser_and_says_nobodys_words(service, browser, hers, carla, settings):
    write(hers, carla)
    assert push_notifications() == 1
    path, headers, body = service.came[0]
    assert path == "/alice"
    note = browser.read(body)
    assert note == {
        "title": "Carla Cortez writes",
        "body": f"Ticket {hers.number}: The tyre is wrong",
        "url": f"/tickets/{hers.number}/",
        "tag": f"ticket-{hers.number}",
    }
    assert b"tyre" not in body
    assert (headers["content-encoding"], headers["urgency"]) == ("aes128gcm", "high")
    assert headers["topic"] == f"ticket-{hers.number}"
    assert int(headers["ttl"]) > 0
    claims = service.check_sender(public_key())
    assert claims["sub"] == f"mailto:{settings.DEFAULT_FROM_EMAIL}"
    assert claims["aud"] == "http://127.0.0.1"
    assert timedelta(0) < datetime.fromtimestamp(claims["exp"], UTC) - timezone.now() < timedelta(hours=24)


def test_it_is_sent_once(service, browser, hers, carla):
    write(hers, carla)
    push_notifications()
    make_due()
    assert push_notifications() == 0
    assert len(service.came) == 1
    assert PushSubscription.objects.get().used_at is not None


def test_what_was_read_meanwhile_or_may_not_be_seen_is_not_sent(service, browser, hers, carla, alice, shop):
    write(hers, carla)
    mark_seen(hers, by=alice, seq=1000)
    make_due()
    assert push_notifications() == 0
    write(hers, carla, "Hello?")
    transfer_ticket(hers, by=None, team=shop)
    assert push_notifications() == 0
    assert service.came == []
    assert due() == 0


def test_several_on_one_ticket_are_one_note_and_many_tickets_too(service, browser, hers, carla, alice, bob, workshop):
    for number in range(3):
        write(hers, carla, f"Words {number}")
    push_notifications()
    assert [browser.read(body)["title"] for *_, body in service.came] == ["Carla Cortez writes (and 2 more)"]
    for number in range(5):
        other = open_ticket(carla, by=carla, body=f"Also {number}", channel="email", team=workshop)
        assign_ticket(other, by=bob, user=alice)
        tell_all(other)
    make_due()
    assert push_notifications() == 1
    assert browser.read(service.came[-1][2])["title"] == "5 tickets have news for you"


@pytest.mark.parametrize("gone", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(service, browser, hers, carla, gone):
    service.answers = [gone]
    write(hers, carla)
    assert push_notifications() == 0
    assert not PushSubscription.objects.exists()
    assert due() == 0


def test_a_service_that_stumbles_is_tried_again_at_growing_distances(service, browser, hers, carla):
    service.answers = [503, 500]
    write(hers, carla)
    pauses = []
    for minutes in (0, 10):
        Notification.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
        push_notifications()
        pauses.append(Notification.objects.exclude(push_due_at=None).get().push_due_at - timezone.now())
        make_due()
    assert timedelta(seconds=20) < pauses[0] < timedelta(seconds=40)
    assert timedelta(minutes=9) < pauses[1] < timedelta(minutes=11)
    assert PushSubscription.objects.get().failures == 2
    assert push_notifications() == 1
    assert PushSubscription.objects.get().failures == 0
    assert due() == 0


def test_what_is_no_news_any_more_is_given_up(service, browser, hers, carla):
    service.answers = [503]
    write(hers, carla)
    Notification.objects.update(created_at=timezone.now() - GIVE_UP)
    push_notifications()
    assert due() == 0


def test_too_much_at_once_waits_as_long_as_it_is_asked_to(service, browser, hers, carla):
    service.answers, service.headers = [429], {"Retry-After": "600"}
    write(hers, carla)
    assert push_notifications() == 0
    waits = Notification.objects.exclude(push_due_at=None).get().push_due_at - timezone.now()
    assert timedelta(seconds=590) < waits < timedelta(seconds=610)
    assert PushSubscription.objects.get().failures == 0  # it is there, and busy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 30), ("", 30), ("soon", 30), ("9" * 50, 3600), ("-5", 30), ("١٢", 30),
     ("Sun, 22 Nov 2026 08:10:00 GMT", 600), ("Sun, 22 Nov 2020 08:10:00 GMT", 30)],
)  # fmt: skip
def test_how_long_a_server_asks_us_to_wait(text, seconds):
    assert retry_after(text, NOW) == timedelta(seconds=seconds)


def test_a_browser_that_fails_for_long_is_taken_for_gone(service, browser, hers, carla):
    PushSubscription.objects.update(failures=MOST_FAILURES - 1)
    service.answers = [500]
    write(hers, carla)
    push_notifications()
    assert not PushSubscription.objects.exists()


def test_a_refusal_is_not_tried_again_and_one_browser_does_not_hold_up_another(service, browser, hers, carla, alice):
    second = Browser()
    subscribe_browser(alice, by=alice, endpoint=f"{service.url}/second", **second.keys)
    service.answers = [400]
    write(hers, carla)
    assert push_notifications() == 1
    assert [path for path, *_ in service.came] == ["/alice", "/second"]
    assert second.read(service.came[1][2])["title"]
    assert due() == 0


def test_nobody_there_is_tried_again(service, browser, hers, carla):
    PushSubscription.objects.update(endpoint="http://127.0.0.1:9/nobody")
    write(hers, carla)
    assert push_notifications() == 0
    assert due() == 1


def test_a_worker_that_dies_while_sending_sends_again_under_the_same_tag(service, browser, hers, carla, monkeypatch):
    write(hers, carla)
    with monkeypatch.context() as patch:
        patch.setattr("tickets.actions.reaching._settle", lambda due: 1 / 0)
        assert push_notifications() == 0  # logged, and the others' go on
    assert push_notifications() == 0  # its lease is not over
    make_due()
    assert push_notifications() == 1
    assert len({browser.read(body)["tag"] for *_, body in service.came}) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/plain",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:a00:1::]/x",
        "https://0.0.0.0/x",
        "https://224.0.0.1/x",
        "https://push.example:8443/x",
        "https://user@push.example/x",
        "https://rebinding.example/x",
        "https:///x",
        "https://[oops/x",
    ],
)
def test_nothing_inside_is_ever_spoken_to(endpoint, monkeypatch):
    def resolve(host, port, **_):
        answers = {"push.example": ["93.184.215.14"], "rebinding.example": ["93.184.215.14", "10.0.0.1"]}
        return [
            (0, 0, 0, "", (address, port)) for address in answers.get(host, [host if host != "localhost" else "::1"])
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it connected"))
    monkeypatch.setattr(outward, "_pool", lambda *_: pytest.fail("it would have connected"))
    with pytest.raises((outward.ForbiddenAddressError, ValueError)):
        outward.post_outward(endpoint, b"", {})


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    went: list[tuple[str, ...]] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(0, 0, 0, "", ("93.184.215.14", port))])
    pool = outward._pool("https", "93.184.215.14", 443, "push.example")
    assert pool.assert_hostname == "push.example"
    assert pool.conn_kw["server_hostname"] == "push.example"

    def note(*asked):
        went.append(asked)
        raise OSError

    monkeypatch.setattr(outward, "_pool", note)
    with pytest.raises(outward.UnreachableError):
        outward.post_outward("https://push.example/x?y", b"", {})
    assert went == [("https", "93.184.215.14", 443, "push.example")]


def test_an_endpoint_that_leads_inside_is_dropped(hers, alice, carla, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(0, 0, 0, "", ("10.0.0.1", port))])
    subscribe_browser(alice, by=alice, endpoint="https://push.example/x", **Browser().keys)
    write(hers, carla)
    assert push_notifications() == 0
    assert not PushSubscription.objects.exists()


def test_our_key_lasts_and_follows_the_secret(settings):
    first = public_key()
    assert public_key() == first
    settings.SECRET_KEY = "another secret of at least forty characters, really"
    assert public_key() != first


# --- Mail ---


def test_what_is_not_read_comes_in_one_mail(ticket, hers, carla, alice, bob, workshop):
    other = open_ticket(carla, by=carla, subject="Also <b>", body="Hello", channel="email", team=workshop)
    invite_agent(other, by=bob, user=alice)
    post_message(other, by=bob, body="@Alice Arden knows. My password is swordfish.", kind="note")
    tell_all(other)
    make_due()
    assert mail_digests() == 1
    mail = Mail.objects.get(kind="notification")
    assert [one.email for one in mail.recipients.all()] == ["alice@example.com"]
    assert mail.subject == "Bob mentions you: Also <b>"
    assert "Bob asks you to help" in mail.text
    assert "Also &lt;b&gt;" in mail.html
    assert f"/tickets/{other.number}/" in mail.text
    assert "/settings/notifications/" in mail.text
    assert "/settings/notifications/" in mail.html
    assert "swordfish" not in mail.text + mail.html
    make_due()
    assert mail_digests() == 0
    assert Mail.objects.filter(kind="notification").count() == 1


def test_what_was_read_is_not_mailed(hers, alice, bob, carla):
    post_message(hers, by=bob, body="@Alice Arden", kind="note")
    tell_all(hers)
    mark_seen(hers, by=alice, seq=1000)
    make_due()
    assert mail_digests() == 0
    assert not Mail.objects.filter(kind="notification").exists()


def test_what_may_no_longer_be_seen_is_not_mailed(hers, alice, bob, shop):
    post_message(hers, by=bob, body="@Alice Arden", kind="note")
    tell_all(hers)
    transfer_ticket(hers, by=None, team=shop)
    make_due()
    assert mail_digests() == 0


def test_in_quiet_hours_mail_waits_until_they_are_over_and_is_one(hers, alice, bob):
    post_message(hers, by=bob, body="@Alice Arden", kind="note")
    tell_all(hers)
    clock = timezone.now().astimezone(alice.zone)
    times = {
        "quiet_from": (clock - timedelta(hours=1)).time().replace(second=0, microsecond=0),
        "quiet_until": (clock + timedelta(hours=2)).time().replace(second=0, microsecond=0),
    }
    change_notification_settings(alice, by=alice, ways={}, **times)
    make_due()
    assert mail_digests() == 0
    assert Notification.objects.filter(mail_due_at__gt=timezone.now()).exists()
    change_notification_settings(alice, by=alice, ways={}, quiet_from=None, quiet_until=None)
    make_due()
    assert mail_digests() == 1


def test_one_persons_trouble_does_not_hold_up_the_others(hers, alice, bob, lea, carla, monkeypatch):
    follow_ticket(hers, by=lea)
    post_message(hers, by=carla, body="Hello?")
    post_message(hers, by=bob, body="@Alice Arden @Lea Lind", kind="note")
    tell_all(hers)
    make_due()
    send = reaching.digest_mail

    def send_but(user, *args, **kwargs):
        if user == alice:
            raise RuntimeError
        return send(user, *args, **kwargs)

    monkeypatch.setattr(reaching, "digest_mail", send_but)
    assert mail_digests() == 1
    monkeypatch.undo()
    assert mail_digests() == 1  # hers is still owed


# --- In which language ---


@pytest.mark.parametrize(("own", "companys", "spoken"), [("de", "en", "de"), ("", "de", "de"), ("en", "de", "en")])
def test_people_are_told_in_their_own_language_or_the_companys(
    hers, alice, bob, browser, monkeypatch, own, companys, spoken
):
    User.objects.filter(pk=alice.pk).update(language=own)
    Desk.objects.update(language=companys)
    in_browsers: list[str] = []
    monkeypatch.setattr(reaching, "notes_of", lambda told: in_browsers.append(get_language()) or [])
    post_message(hers, by=bob, body="@Alice Arden", kind="note")
    tell_all(hers)
    make_due()
    push_notifications()
    assert in_browsers == [spoken]
    assert mail_digests() == 1
    mail = Mail.objects.get(kind="notification")
    assert mail.language == spoken
    assert f'<html lang="{spoken}">' in mail.html
