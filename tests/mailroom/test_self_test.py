"""The self-test, step by step, against stand-ins: each failure in plain words, with its mend."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from mailroom import collecting
from mailroom.actions import testing
from mailroom.actions.mailboxes import save_mailbox
from mailroom.actions.testing import check_mailbox, findings
from mailroom.collecting import CollectError, Collector
from mailroom.listening import Listener, Place
from mailroom.models import Mailbox
from runner.services import free_port
from tests.mailroom.imap_server import ImapServer
from tests.mailroom.servers.certificates import write_certificate
from tests.mailroom.test_fetching import make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)


class Post:
    """A mail server that delivers to the stand-in, or loses what it gets."""

    def __init__(self, server: ImapServer | None) -> None:
        self.server = server

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.server is not None:
            self.server.deliver(envelope.content)
        return "250 OK"


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch, settings) -> None:
    monkeypatch.setattr(testing, "_PAUSE", 0.1)
    monkeypatch.setattr(collecting, "SECONDS", 1.0)
    settings.DEFAULT_FROM_EMAIL = "desk@example.com"


@pytest.fixture
def post(server, settings) -> Iterator[Post]:
    handler = Post(server)
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "host": "127.0.0.1", "port": controller.port}
    yield handler
    controller.stop()


def failed(mailbox: Mailbox, seconds: float = 1) -> list[tuple[str, str, str]]:
    found = check_mailbox(mailbox, by=None, seconds=seconds)
    assert all(finding.words and finding.title for finding in found)
    assert all(finding.mend for finding in found if not finding.ok), found
    return [(finding.step, finding.words, finding.mend) for finding in found if not finding.ok]


def test_where_all_is_well_each_step_says_so(server, post):
    found = check_mailbox(make_mailbox(server), by=None, seconds=5)
    assert [(one.step, one.ok) for one in found] == [
        (step, True) for step in ("dns", "port", "tls", "sign_in", "folder", "send", "round_trip")
    ], found


def test_a_mail_that_does_not_come_back_is_said(server, post):
    post.server = None
    (step, words, mend), = failed(make_mailbox(server))  # fmt: skip
    assert step == "round_trip"
    assert "has not come in after 1 s" in words
    assert "support@example.com leads to this mailbox" in mend


def test_a_mail_that_does_not_leave_is_said(server, settings):
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "host": "127.0.0.1", "port": free_port()}
    (step, words, mend), = failed(make_mailbox(server))  # fmt: skip
    assert step == "send"
    assert "refused" in words.lower()
    assert "EMAIL_URL" in mend


@pytest.mark.parametrize(
    ("change", "step", "says"),
    [
        ({"host": "no-such-host.invalid", "security": "tls"}, "dns", "leads nowhere"),
        ({"host": "169.254.169.254", "security": "tls"}, "dns", "may not be asked"),
        ({"password": "wrong"}, "sign_in", "does not let support@example.com in"),
        ({"folder": "Nowhere"}, "folder", "There is no folder Nowhere"),
        ({"afterwards": "move", "move_to": "Nowhere"}, "folder", "not Nowhere"),
        ({"security": "tls"}, "tls", "does not speak TLS"),
        ({"security": "starttls"}, "tls", "does not offer STARTTLS"),
    ],
)
def test_each_failure_is_said_with_its_mend(server, post, change, step, says):
    found = failed(make_mailbox(server, **change))
    assert [one[0] for one in found] == [step]
    assert says in found[0][1]


def test_a_folder_that_is_not_there_is_said_with_those_that_are(server, post):
    server.folders["Sales"] = []
    (_, _, mend), = failed(make_mailbox(server, folder="Sale"))  # fmt: skip
    assert "INBOX, Sales" in mend


def test_a_folder_that_may_only_be_read_is_said(server, post):
    server.faults.read_only = True
    (step, words, _mend), = failed(make_mailbox(server))  # fmt: skip
    assert (step, "may only read the folder INBOX" in words) == ("folder", True)


def test_a_closed_port_is_said(server, post):
    assert "refuses connections" in failed(make_mailbox(server, port=free_port()))[0][1]


def test_another_server_behind_the_port_is_said(server, post):
    server.faults.greeting = b"220 smtp.example.com ESMTP\r\n"
    (step, words, _mend), = failed(make_mailbox(server))  # fmt: skip
    assert (step, "no IMAP server" in words) == ("port", True)


def test_a_certificate_that_nobody_knows_is_not_trusted_and_one_that_is_known_is(tmp_path, post, server, monkeypatch):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with ImapServer(tls=context) as secure:
        mailbox = make_mailbox(secure, security="tls", host="localhost")
        (step, words, mend), = failed(mailbox)  # fmt: skip
        assert (step, "certificate" in words, "trusted by this machine" in mend) == ("tls", True, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        post.server = secure
        assert failed(mailbox, 5) == []


# --- Time ------------------------------------------------------------------------------------
def test_a_server_that_is_silent_is_not_waited_for_long(server, post):
    server.faults.greeting = b""
    assert failed(make_mailbox(server))[0][0] == "port"


@pytest.mark.parametrize("command", ["LOGIN", "SELECT"])
def test_a_server_that_falls_silent_is_not_waited_for_long(server, command):
    server.faults.hang_at = command
    with pytest.raises(CollectError, match="took too long"), Collector(account(server)):
        pass


def test_a_server_that_drips_is_not_waited_for_long(server, monkeypatch):
    """Each byte would begin the time-out anew."""
    monkeypatch.setattr(collecting, "STEP_SECONDS", 1.5)
    server.faults.drip = True
    with pytest.raises(CollectError) as caught, Collector(account(server)):
        pass
    assert caught.value.step == "port"


def test_a_port_that_swallows_everything_is_not_waited_for_long(post, server):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        threading.Thread(target=lambda: None).start()
        found = failed(make_mailbox(server, port=silent.getsockname()[1], security="tls"))
    assert found[0][0] == "tls"


def account(server: ImapServer) -> collecting.Account:
    return collecting.Account("127.0.0.1", server.port, "plain", "support@example.com", "secret")


def test_a_password_never_leaves_for_the_world_unencrypted(monkeypatch):
    """The name may lead elsewhere than when the mailbox was set up."""
    monkeypatch.setattr(collecting, "resolve", lambda _host, _port: ["93.184.215.14"])
    monkeypatch.setattr(collecting, "reach", lambda *_: pytest.fail("it would have connected"))
    with pytest.raises(CollectError, match="unencrypted"):
        Collector(collecting.Account("mail.example.com", 143, "plain", "a", "b")).connect()


def test_words_beyond_ascii_sign_in(server):
    server.users["jürgen"] = "schlüssel ☂"
    jürgen = collecting.Account("127.0.0.1", server.port, "plain", "jürgen", "schlüssel ☂")
    with Collector(jürgen) as collector:
        assert collector.folder is not None


@pytest.mark.parametrize("password", ['a"b', "a\\b", "a b"])
def test_a_password_is_quoted(server, password):
    server.users["support@example.com"] = password
    with Collector(collecting.Account("127.0.0.1", server.port, "plain", "support@example.com", password)):
        pass


# --- Other ways in -----------------------------------------------------------------------------
def handed() -> Mailbox:
    return save_mailbox(None, by=None, values={"name": "Desk", "email": "help@example.com", "access": "handed"})


def test_a_mailbox_that_is_handed_to_us_is_tried_at_its_door(settings, monkeypatch):
    mailbox, port = handed(), free_port()
    settings.MAIL_LISTEN = [f"lmtp://127.0.0.1:{port}"]
    assert next(findings(mailbox, by=None)).words == f"Nobody takes mails at lmtp://127.0.0.1:{port}."
    door = Listener(Place("lmtp", "127.0.0.1", port))
    door.start()
    try:
        assert next(findings(mailbox, by=None)).ok
        Mailbox.objects.update(is_active=False)
        assert "is refused there" in next(findings(mailbox, by=None)).words
    finally:
        door.stop()


def test_a_mail_that_comes_back_by_smtp_is_found(settings, desk_row):
    mailbox, port = handed(), free_port()
    settings.MAIL_LISTEN = [f"smtp://127.0.0.1:{port}"]
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "host": "127.0.0.1", "port": port}
    door = Listener(Place("smtp", "127.0.0.1", port))
    door.start()
    try:
        found = check_mailbox(mailbox, by=None, seconds=5)
    finally:
        door.stop()
    assert [(one.step, one.ok) for one in found] == [("listen", True), ("send", True), ("round_trip", True)], found


def test_a_provider_outside_needs_https(settings):
    values = {
        "name": "Desk", "email": "help@example.com", "access": "hook", "provider": "postmark",
        "provider_secret": "desk:a-long-password",
    }  # fmt: skip
    mailbox = save_mailbox(None, by=None, values=values)
    settings.IS_HTTPS = False
    assert not next(findings(mailbox, by=None)).ok
    settings.IS_HTTPS = True
    assert next(findings(mailbox, by=None)).ok


# --- Doors -------------------------------------------------------------------------------------
def test_the_command_says_it_and_its_exit_status_too(server, post):
    mailbox, said = make_mailbox(server), StringIO()
    call_command("check_mailbox", str(mailbox.pk), seconds=5, stdout=said)
    assert said.getvalue().count("ok  ") == 7
    call_command("check_mailbox", "Support@example.com", seconds=5, stdout=said)
    server.faults.refuse_sign_in = True
    with pytest.raises(CommandError, match="does not work yet"):
        call_command("check_mailbox", str(mailbox.pk), seconds=1, stdout=said)
    assert "NO  Signing in: The server does not let" in said.getvalue()
    assert "app password" in said.getvalue()
    call_command("check_mailbox", stdout=said)
    assert f"{mailbox.pk}  Support <support@example.com>" in said.getvalue()
    with pytest.raises(CommandError, match="no mailbox '99999'"):
        call_command("check_mailbox", "99999", stdout=said)


def test_only_who_runs_the_mailboxes_tries_them(server, alice):
    with pytest.raises(PermissionDenied):
        check_mailbox(make_mailbox(server), by=alice)
