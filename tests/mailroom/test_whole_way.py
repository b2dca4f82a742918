"""The whole way, with Debian's postfix and dovecot: a customer writes, an agent answers, the customer answers back."""

from __future__ import annotations

import imaplib
import os
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest

from accounts.models import Desk
from mailroom import rounds
from mailroom.actions.fetching import reconcile
from mailroom.actions.mailboxes import save_mailbox
from mailroom.actions.testing import check_mailbox
from mailroom.jobs import handle_due
from mailroom.listening import Listener, Place
from mailroom.models import Mailbox, RawMail
from mailroom.rounds import Rounds
from outbox.actions import save_sender
from outbox.jobs import send_due
from outbox.models import Mail
from runner.services import free_port
from tests.mailroom.servers import PASSWORD, MissingError, Servers, running
from tickets.actions import post_message
from tickets.jobs import run_due_follow_ups
from tickets.models import Ticket

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

SUPPORT, CARLA = "support@example.com", "carla@example.org"
DESK_PORT = free_port()


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    try:
        with running(desk_lmtp=DESK_PORT) as there:
            yield there
    except MissingError as error:
        pytest.fail(str(error))


@pytest.fixture
def world(servers, settings, monkeypatch, desk_row, workshop, adam) -> Servers:
    """Our mails leave through postfix, and the certificate of dovecot is to be trusted."""
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "host": "127.0.0.1", "port": servers.smtp, "user": ""}
    settings.DEFAULT_FROM_EMAIL = "desk@example.com"
    monkeypatch.setenv("SSL_CERT_FILE", str(servers.certificate))
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.3)
    monkeypatch.setattr(rounds, "STEP_SECONDS", 0.3)
    save_sender(None, by=adam, email=SUPPORT, name="Bellwether Cycles", team=workshop, is_usual=True)
    for address in (SUPPORT, CARLA, "shop@example.com"):
        empty(servers, address)
    return servers


def make_mailbox(servers: Servers, team: Any, **values: object) -> Mailbox:
    usual = {
        "name": "Support", "email": SUPPORT, "host": "localhost", "port": servers.imaps, "security": "tls",
        "password": PASSWORD, "team": team,
    }  # fmt: skip
    return save_mailbox(None, by=None, values=usual | values)


@contextmanager
def mailbox_of(servers: Servers, address: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", servers.imap, timeout=10) as client:
        client.login(address, PASSWORD)
        client.select()
        yield client


def empty(servers: Servers, address: str) -> None:
    with mailbox_of(servers, address) as client:
        for number in client.search(None, "ALL")[1][0].split():
            client.store(number, "+FLAGS", r"(\Deleted)")
        client.expunge()


def mails_of(servers: Servers, address: str) -> list[EmailMessage]:
    """What lies in somebody's mailbox."""
    with mailbox_of(servers, address) as client:
        numbers = client.search(None, "ALL")[1][0].split()
        raws = [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]
    return [message_from_bytes(raw, policy=policy.default) for raw in raws]  # type: ignore[misc]


def write(servers: Servers, words: str, *, to: str = SUPPORT, **headers: str) -> EmailMessage:
    """Carla writes, from her own mail program."""
    message = EmailMessage()
    message["From"], message["To"] = f"Carla Cortez <{CARLA}>", to
    message["Message-ID"] = make_msgid(domain="example.org")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(words)
    with smtplib.SMTP("127.0.0.1", servers.smtp, timeout=10) as smtp:
        smtp.send_message(message)
    return message


@contextmanager
def going_round(*doors: Listener) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Rounds(stop, doors).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def until(is_so: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, told()
        time.sleep(0.2)
    return found


def told() -> list[Any]:
    """What there is to know when it does not come to that."""
    mails, rows = Mail.objects.values_list("kind", "state", "reason"), RawMail.objects.values_list("state", "reason")
    return [*mails, *rows, *Mailbox.objects.values_list("trouble", "last_uid", "uid_validity", "looked_at")]


def all_handled(count: int) -> bool:
    handle_due()
    return RawMail.objects.exclude(state="new").count() >= count


def answer_has_left() -> bool:
    """What the clock does."""
    run_due_follow_ups()
    send_due()
    return Mail.objects.filter(kind="reply", state="sent").exists()


def words_of(ticket: Ticket) -> list[str]:
    return [message.body.strip() for message in ticket.messages.order_by("event__seq")]


def test_a_conversation_goes_there_and_back_and_is_one_ticket(world, workshop, alice):
    make_mailbox(world, workshop)
    with going_round():
        until(lambda: Mailbox.objects.get().looked_at)
        write(world, "I ordered a 42 and got a 47.", Subject="The tyre is wrong")
        until(lambda: all_handled(1))
        ticket = Ticket.objects.get()
        assert (ticket.subject, ticket.customer.email, ticket.team) == ("The tyre is wrong", CARLA, workshop)
        assert ticket.channel == "email"

        post_message(ticket, by=alice, body="We send the right one *today*.")
        until(answer_has_left)
        answer = until(lambda: [m for m in mails_of(world, CARLA) if "right one" in str(m.get_body(("plain",)))])[0]
        assert answer["From"].addresses[0].addr_spec == SUPPORT
        reply_to = answer["Reply-To"].addresses[0].addr_spec
        assert reply_to.startswith("support+")

        # Her program answers as all do: to Reply-To, and naming what it answers.
        references = f"{answer['References'] or ''} {answer['Message-ID']}".strip()
        write(
            world, "Thank you, it is here!", to=reply_to, Subject="Re: The tyre is wrong",
            In_Reply_To=answer["Message-ID"], References=references,
        )  # fmt: skip
        until(lambda: all_handled(2))
    ticket.refresh_from_db()
    assert Ticket.objects.count() == 1, "it was threaded back"
    assert words_of(ticket) == [
        "I ordered a 42 and got a 47.", "We send the right one *today*.", "Thank you, it is here!",
    ]  # fmt: skip
    ends = [(row.state, row.reason, row.detail) for row in RawMail.objects.order_by("received_at")]
    assert [end[0] for end in ends] == ["ticket", "entry"], ends
    with mailbox_of(world, SUPPORT) as client:
        assert client.search(None, "UNSEEN")[1] == [b""], "what is here is marked as read there"


def test_an_answer_without_a_reply_address_is_threaded_by_what_it_names(world, workshop, alice):
    make_mailbox(world, workshop)
    with going_round():
        until(lambda: Mailbox.objects.get().looked_at)
        write(world, "Where is it?", Subject="My order")
        until(lambda: all_handled(1))
        ticket = Ticket.objects.get()
        post_message(ticket, by=alice, body="On its way.")
        until(answer_has_left)
        answer = until(lambda: [m for m in mails_of(world, CARLA) if "On its way" in str(m.get_body(("plain",)))])[0]
        write(world, "Great.", In_Reply_To=answer["Message-ID"], Subject="Something else")
        until(lambda: all_handled(2))
    assert words_of(ticket) == ["Where is it?", "On its way.", "Great."]


def test_postfix_hands_mails_to_us_by_lmtp(world, workshop):
    values = {"name": "Desk", "email": "help@desk.example.net", "access": "handed", "team": workshop}
    save_mailbox(None, by=None, values=values)
    write(world, "Before you listened.", to="help@desk.example.net", Subject="Early")
    time.sleep(1)  # postfix keeps it, and tries again
    with going_round(Listener(Place("lmtp", "127.0.0.1", DESK_PORT))):
        until(lambda: RawMail.objects.count() == 1)
        write(world, "Hello?", to="help@desk.example.net", Subject="By LMTP")
        until(lambda: all_handled(2))
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["By LMTP", "Early"]
    assert {row.envelope_from for row in RawMail.objects.all()} == {CARLA}


@pytest.mark.parametrize("afterwards", ["move", "delete"])
def test_what_is_kept_here_is_moved_or_deleted_there(world, workshop, afterwards):
    make_mailbox(world, workshop, afterwards=afterwards, move_to="Done" if afterwards == "move" else "")
    with going_round():
        until(lambda: Mailbox.objects.get().looked_at)
        write(world, "Hello?", Subject="Moved")
        until(lambda: RawMail.objects.count() == 1)
        until(lambda: not mails_of(world, SUPPORT))
    assert reconcile(Mailbox.objects.get(), by=None).missing == ()


def test_every_step_of_the_self_test_is_well(world, workshop):
    mailbox = make_mailbox(world, workshop)
    found = check_mailbox(mailbox, by=None, seconds=30)
    assert [(finding.step, finding.ok) for finding in found] == [
        ("dns", True), ("port", True), ("tls", True), ("sign_in", True), ("folder", True), ("send", True),
        ("round_trip", True),
    ], found  # fmt: skip


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"host": "no-such-host.invalid"}, "dns"),
        ({"port": 1}, "port"),
        ({"host": "127.0.0.1", "security": "tls", "port": "imap"}, "tls"),
        ({"password": "wrong"}, "sign_in"),
        ({"folder": "Nowhere"}, "folder"),
        ({"afterwards": "move", "move_to": "Nowhere"}, "folder"),
    ],
)
def test_each_failure_is_said_with_its_mend(world, workshop, change, step):
    change = {name: world.imap if value == "imap" else value for name, value in change.items()}
    found = check_mailbox(make_mailbox(world, workshop, **change), by=None, seconds=10)
    failed = [finding for finding in found if not finding.ok]
    assert [finding.step for finding in failed] == [step]
    assert failed[0].words
    assert failed[0].mend


def test_a_certificate_that_nobody_knows_is_not_trusted(world, workshop, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    found = check_mailbox(make_mailbox(world, workshop), by=None, seconds=1)
    failed = [finding for finding in found if not finding.ok]
    assert [finding.step for finding in failed] == ["tls"]
    assert "certificate" in failed[0].words


def test_starttls_is_spoken(world, workshop):
    mailbox = make_mailbox(world, workshop, security="starttls", port=world.imap)
    found = check_mailbox(mailbox, by=None, seconds=30)
    assert all(finding.ok for finding in found), found


def test_the_process_as_it_runs_in_production(world, workshop):
    """`manage.py fetch_mail` itself, killed in the middle and started again."""
    import signal
    import subprocess
    import sys

    from django.db import connection

    from runner.environment import ROOT

    make_mailbox(world, workshop)
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    environment = os.environ | {"DATABASE_URL": url, "SSL_CERT_FILE": str(world.certificate)}
    command = [sys.executable, "manage.py", "fetch_mail"]
    for number in range(30):
        write(world, f"Mail {number}", Subject=f"Number {number}")
    Mailbox.objects.update(taking="import")
    for _ in range(2):
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        seen = RawMail.objects.count()
        until(lambda seen=seen: RawMail.objects.count() > seen, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        Mailbox.objects.update(lease_until=None)  # or the next one waits until it has run out
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        until(lambda: RawMail.objects.count() == 30, 60)
        until(lambda: all(r"\Seen" in flags for flags in flags_of(world)), 30)
    finally:
        process.terminate()
        assert process.wait(25) == 0
    assert len({row.uid for row in RawMail.objects.all()}) == 30
    assert Mailbox.objects.get().lease_until is None
    assert Desk.objects.exists()


def flags_of(servers: Servers) -> list[str]:
    with mailbox_of(servers, SUPPORT) as client:
        return [flags.decode() for flags in client.fetch("1:*", "(FLAGS)")[1]]


def test_the_certificate_is_read_from_where_it_is_named(world):
    """Else all that is said above about TLS would prove nothing."""
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 1
