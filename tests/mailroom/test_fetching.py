"""Fetching a folder, against a stand-in server: everything once, nothing lost, nothing held up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from mailroom.actions import fetching
from mailroom.actions.fetching import (
    LeaseLostError,
    Looking,
    account_of,
    claim_mailbox,
    fetch_new,
    let_go,
    note_trouble,
    reconcile,
)
from mailroom.actions.mailboxes import change_mailbox, save_mailbox
from mailroom.collecting import CollectError, Collector, ConnectionLostError
from mailroom.models import Mailbox, RawMail
from tests.mailroom.imap_server import ImapServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running


def mail(subject: str = "Tyre", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    text = (
        f"From: carla@example.org\r\nTo: support@example.com\r\nSubject: {subject}\r\n{more}\r\nHello: {subject}.\r\n"
    )
    return text.encode()


def make_mailbox(server: ImapServer, **values: object) -> Mailbox:
    usual = {
        "name": "Support", "email": "support@example.com", "host": "127.0.0.1", "port": server.port,
        "security": "plain", "password": "secret", "taking": "import",
    }  # fmt: skip
    return save_mailbox(None, by=None, values=usual | values)


def look(mailbox: Mailbox, looking: Looking | None = None) -> int:
    Mailbox.objects.filter(pk=mailbox.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    claimed = claim_mailbox(mailbox.pk)
    assert claimed is not None
    try:
        with Collector(account_of(claimed)) as collector:
            return fetch_new(claimed, collector, looking or Looking())
    finally:
        let_go(claimed)


def subjects() -> list[str]:
    rows = RawMail.objects.order_by("uid", "received_at")
    return [row.text.data.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for row in rows]


def test_what_is_new_is_kept_and_then_marked_as_read(server):
    for subject in ("One", "Two"):
        server.deliver(mail(subject))
    mailbox = make_mailbox(server)
    assert look(mailbox) == 2
    assert subjects() == ["One", "Two"]
    assert [row.is_imported for row in RawMail.objects.all()] == [True, True]
    assert server.flags(1) == server.flags(2) == {r"\Seen"}
    server.deliver(mail("Three"))
    assert look(mailbox) == 1
    row = RawMail.objects.get(uid=3)
    assert not row.is_imported
    assert (row.mailbox, row.uid_validity, row.source) == (mailbox, 17, "imap")
    assert look(mailbox) == 0
    mailbox.refresh_from_db()
    assert (mailbox.last_uid, mailbox.failures, mailbox.missing) == (3, 0, 0)
    assert mailbox.looked_at is not None
    assert mailbox.lease_until is None


LONG_AGO = timezone.now() - timedelta(hours=3)


def test_only_what_comes_from_now_on_is_taken_if_so_wished(server):
    server.deliver(mail("Old"), day=LONG_AGO)
    mailbox = make_mailbox(server, taking="new")
    assert look(mailbox) == 0
    server.deliver(mail("New"))
    assert look(mailbox) == 1
    assert subjects() == ["New"]
    assert not RawMail.objects.get().is_imported
    assert reconcile(mailbox, by=None).missing == (), "what was there before was to stay"


def test_now_is_when_the_mailbox_was_set_up_and_not_when_it_could_first_be_looked_into(server):
    server.deliver(mail("Old"), day=LONG_AGO)
    mailbox = make_mailbox(server, taking="new")
    Mailbox.objects.update(next_at=timezone.now() - timedelta(hours=2))
    mailbox.refresh_from_db()
    note_trouble(mailbox, CollectError("sign_in", "No."))
    Mailbox.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    server.deliver(mail("Came an hour ago"), day=timezone.now() - timedelta(hours=1))
    assert look(mailbox) == 1
    assert subjects() == ["Came an hour ago"]
    assert not RawMail.objects.get().is_imported
    mailbox.refresh_from_db()
    assert (mailbox.imported_until, mailbox.last_uid) == (1, 2)
    assert reconcile(mailbox, by=None).before == 1


def test_a_mail_that_somebody_has_read_is_fetched_all_the_same(server):
    mailbox = make_mailbox(server)
    look(mailbox)
    server.deliver(mail("Read on a phone"))
    server.folders["INBOX"][-1].flags.add(r"\Seen")
    assert look(mailbox) == 1


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS MOVE IDLE", "IMAP4rev1 UIDPLUS", "IMAP4rev1"])
def test_what_becomes_of_a_mail_in_its_folder(server, capabilities):
    server.capabilities = capabilities
    server.folders["Done"] = []
    server.deliver(mail("Others' rubbish"), day=LONG_AGO)
    server.folders["INBOX"][0].flags.add(r"\Deleted")
    mailbox = make_mailbox(server, taking="new", afterwards="move", move_to="Done")
    look(mailbox)
    server.deliver(mail("Moved"))
    look(mailbox)
    change_mailbox(mailbox, by=None, afterwards="delete")
    server.deliver(mail("Deleted"))
    look(mailbox)
    assert [stored.raw for stored in server.folders["Done"]] == [mail("Moved")]
    left = {stored.uid: stored.flags for stored in server.folders["INBOX"]}
    assert 1 in left, "what somebody else marked as deleted is theirs to expunge"
    if "UIDPLUS" in capabilities:
        assert set(left) == {1}
    else:
        assert left[2] == left[3] == {r"\Deleted"}
    assert subjects() == ["Moved", "Deleted"]


def test_a_process_that_dies_between_keeping_and_marking_keeps_one_row(server, monkeypatch):
    server.deliver(mail("Once"))
    mailbox = make_mailbox(server)

    class KilledError(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Collector, "put_away", die)
        with pytest.raises(KilledError):
            look(mailbox)
    assert RawMail.objects.count() == 1
    assert server.flags(1) == set()
    server.commands.clear()
    look(mailbox)
    assert RawMail.objects.count() == 1
    assert server.flags(1) == {r"\Seen"}
    assert not any("BODY" in command for command in server.commands), "it is here: it need not be fetched again"


def test_nothing_is_marked_while_the_database_is_away(server, monkeypatch):
    server.deliver(mail("One"))
    mailbox = make_mailbox(server)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "take_in", away)
        with pytest.raises(OperationalError):
            look(mailbox)
    assert server.flags(1) == set()
    assert look(mailbox) == 1
    assert RawMail.objects.count() == 1


# --- A mail that cannot be had ---------------------------------------------------------
def test_a_mail_that_the_server_does_not_hand_out_holds_up_nobody(server):
    server.faults.refuse.add(1)
    server.deliver(mail("Bad"))
    server.deliver(mail("Good"))
    mailbox = make_mailbox(server)
    assert look(mailbox) == 1
    assert subjects() == ["Good"]
    mailbox.refresh_from_db()
    assert mailbox.missing == 1
    assert "does not hand out mail 1" in mailbox.trouble
    found = reconcile(mailbox, by=None)
    assert (found.missing, found.still_missing, found.there, found.here) == ((1,), (1,), 2, 1)
    server.faults.refuse.clear()
    found = reconcile(mailbox, by=None)
    assert (found.missing, found.still_missing, found.here) == ((1,), (), 2)
    mailbox.refresh_from_db()
    assert (mailbox.missing, mailbox.trouble) == (0, "")
    assert subjects() == ["Bad", "Good"]


def test_whoever_waits_for_a_comparison_does_not_wait_for_thousands_of_mails(server):
    mailbox = make_mailbox(server)
    for number in range(5):
        server.deliver(mail(f"Number {number}"))
    found = reconcile(mailbox, by=None, seconds=0)
    assert (len(found.missing), len(found.still_missing), found.here) == (5, 5, 0)
    mailbox.refresh_from_db()
    assert mailbox.missing == 0, "they are new, and only not fetched yet"
    assert look(mailbox) == 5
    assert reconcile(mailbox, by=None).missing == ()


def test_a_mail_at_which_the_connection_breaks_each_time_is_passed_over(server):
    server.faults.cut_at.add(2)
    for subject in ("First", "Poison", "Last"):
        server.deliver(mail(subject))
    mailbox, looking = make_mailbox(server), Looking()
    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            look(mailbox, looking)
    assert look(mailbox, looking) == 1
    assert subjects() == ["First", "Last"]
    mailbox.refresh_from_db()
    assert mailbox.missing == 1


def test_a_connection_that_breaks_once_costs_nothing(server):
    server.faults.cut_once_at.add(1)
    server.deliver(mail("One"))
    mailbox, looking = make_mailbox(server), Looking()
    with pytest.raises(ConnectionLostError):
        look(mailbox, looking)
    assert look(mailbox, looking) == 1
    mailbox.refresh_from_db()
    assert mailbox.missing == 0


def test_a_mail_that_cannot_be_kept_is_passed_over_and_not_marked(server, monkeypatch):
    server.deliver(mail("Bad"))
    server.deliver(mail("Good"))
    mailbox = make_mailbox(server)
    real = fetching.take_in

    def picky(raw: bytes, **more: object) -> RawMail:
        if b"Bad" in raw:
            raise ValueError("no")
        return real(raw, **more)

    monkeypatch.setattr(fetching, "take_in", picky)
    assert look(mailbox) == 1
    assert server.flags(1) == set()
    assert reconcile(mailbox, by=None).still_missing == (1,)


def test_a_mail_beyond_the_limit_is_kept_in_part_and_left_where_it_is(server, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 1000)
    monkeypatch.setattr("mailroom.collecting.MOST_BYTES", 1000)
    server.deliver(mail("Huge") + b"x" * 5000)
    mailbox = make_mailbox(server, afterwards="delete")
    look(mailbox)
    assert RawMail.objects.get().size == 1001
    assert server.flags(1) == set()
    assert len(server.folders["INBOX"]) == 1


def test_an_answer_beyond_all_measure_is_refused(server):
    server.faults.huge_literal = True
    server.deliver(mail("One"))
    with pytest.raises(ConnectionLostError, match="1000000000000"):
        look(make_mailbox(server))


def test_a_mail_that_is_gone_by_now_is_not_missing(server, monkeypatch):
    server.deliver(mail("Gone"))
    mailbox = make_mailbox(server)
    real = Collector.fetch

    def late(self: Collector, uid: int, size: int) -> bytes | None:
        server.folders["INBOX"].clear()
        return real(self, uid, size)

    monkeypatch.setattr(Collector, "fetch", late)
    look(mailbox)
    mailbox.refresh_from_db()
    assert (mailbox.missing, mailbox.last_uid, RawMail.objects.count()) == (0, 1, 0)


def test_mails_that_may_not_be_marked_are_kept_and_somebody_is_told(server):
    server.faults.refuse_store = True
    server.deliver(mail("One"))
    mailbox = make_mailbox(server)
    assert look(mailbox) == 1
    mailbox.refresh_from_db()
    assert "only for reading" in mailbox.trouble
    assert mailbox.failing_since is None


# --- A folder that counts anew -----------------------------------------------------------
def test_a_folder_that_counts_anew_is_fetched_again_and_nothing_is_answered(server):
    server.deliver(mail("One"))
    mailbox = make_mailbox(server)
    look(mailbox)
    server.deliver(mail("Came while it was restored"))
    server.count_anew()
    assert look(mailbox) == 2
    rows = RawMail.objects.filter(uid_validity=18).order_by("uid")
    assert [(row.uid, row.is_imported) for row in rows] == [(101, True), (102, True)]
    server.deliver(mail("After"))
    look(mailbox)
    assert not RawMail.objects.get(uid=103).is_imported


def test_what_came_before_the_first_look_stays_out_when_the_folder_counts_anew(server):
    server.deliver(mail("Years old"), day=datetime(2020, 1, 1, tzinfo=UTC))
    mailbox = make_mailbox(server, taking="new")
    look(mailbox)
    server.deliver(mail("New"))
    look(mailbox)
    server.count_anew()
    look(mailbox)
    assert "Years old" not in subjects()
    assert RawMail.objects.filter(uid_validity=18).count() == 1


def test_another_folder_that_counts_alike_is_another_folder(server):
    server.deliver(mail("One"))
    mailbox = make_mailbox(server)
    look(mailbox)
    server.folders["Sales"] = [*server.folders["INBOX"]]
    server.folders["Sales"][0].raw = mail("Another")
    change_mailbox(mailbox, by=None, folder="Sales")
    assert look(mailbox) == 1
    assert sorted(subjects()) == ["Another", "One"]


# --- Who fetches ----------------------------------------------------------------------------
def test_two_processes_do_not_have_a_mailbox_at_once(server):
    mailbox = make_mailbox(server)
    first = claim_mailbox(mailbox.pk)
    assert first is not None
    assert claim_mailbox(mailbox.pk) is None
    let_go(first)
    assert claim_mailbox(mailbox.pk) is not None


def test_who_has_lost_the_lease_stops_before_the_next_mail(server):
    server.deliver(mail("One"))
    mailbox = make_mailbox(server)
    claimed = claim_mailbox(mailbox.pk)
    assert claimed is not None
    with Collector(account_of(claimed)) as collector:
        change_mailbox(mailbox, by=None, folder="Other")
        with pytest.raises(LeaseLostError):
            fetch_new(claimed, collector, Looking())
    mailbox.refresh_from_db()
    assert (mailbox.last_uid, mailbox.uid_validity, RawMail.objects.count()) == (0, None, 0)


def test_a_mailbox_out_of_use_is_not_claimed(server):
    mailbox = make_mailbox(server, is_active=False)
    assert claim_mailbox(mailbox.pk) is None


def test_trouble_is_written_down_with_longer_and_longer_pauses(server):
    mailbox = make_mailbox(server)
    pauses = [note_trouble(mailbox, CollectError("port", "It is closed.", "Open it.")) for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=2)
    assert pauses[-1] == timedelta(minutes=5)
    mailbox.refresh_from_db()
    assert mailbox.trouble == "It is closed. Open it."
    assert (mailbox.failures, mailbox.is_failing) == (12, True)
    assert note_trouble(mailbox, CollectError("sign_in", "No.")) >= timedelta(minutes=1)
    look(mailbox)
    mailbox.refresh_from_db()
    assert (mailbox.failures, mailbox.failing_since, mailbox.trouble) == (0, None, "")


def test_a_password_under_a_lost_key_says_so(server, settings):
    mailbox = make_mailbox(server)
    settings.SECRET_KEY = "another-key-altogether-another-key-altogether"
    with pytest.raises(CollectError, match="SECRET_KEY"):
        account_of(mailbox)
