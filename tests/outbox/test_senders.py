"""Whom mails come from, the way that they leave by, and where they come back."""

from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Team, User
from outbox.actions import remove_sender, save_sender
from outbox.headers import read_verp
from outbox.jobs import send_due
from outbox.models import Mail, Sender
from outbox.queries import sender_for
from outbox.transport import server_of
from tests.outbox.conftest import Server, again, free_port

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
SERVER = {"host": "127.0.0.1", "port": 2525, "security": "plain", "user": "desk", "password": "a secret"}


@pytest.fixture
def teams() -> tuple[Team, Team]:
    return Team.objects.create(name="Frames", slug="frames"), Team.objects.create(name="Wheels", slug="wheels")


def test_each_team_has_its_address_and_the_rest_the_one_for_all(adam: User, teams: tuple[Team, Team]) -> None:
    workshop, shop = teams
    assert sender_for(workshop) is None
    general = save_sender(None, by=adam, email="hello@bellwether.example")
    first = save_sender(None, by=adam, email="a@bellwether.example", team=workshop)
    usual = save_sender(None, by=adam, email="b@bellwether.example", team=workshop, is_usual=True)
    assert (sender_for(workshop), sender_for(shop), sender_for(None)) == (usual, general, general)
    save_sender(first, by=adam, email=first.email, team=workshop, is_usual=True)
    assert sender_for(workshop) == first
    assert not Sender.objects.get(pk=usual.pk).is_usual, "one of them is"


def test_only_who_may_changes_senders(alice: User, sue: User, adam: User) -> None:
    sender = save_sender(None, by=adam, email="hello@bellwether.example")
    for person in (alice, sue):
        with pytest.raises(PermissionDenied):
            save_sender(None, by=person, email="x@bellwether.example")
        with pytest.raises(PermissionDenied):
            remove_sender(sender, by=person)
    remove_sender(sender, by=adam)
    assert not Sender.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b.example\r\nBcc: x@evil.test"}, "email"),
        ({"reply_to": "nobody"}, "reply_to"),
        ({"signature": "x" * 2001}, "signature"),
        ({"server": SERVER | {"host": "a b"}}, "host"),
        ({"server": SERVER | {"host": ""}}, "host"),
        ({"server": SERVER | {"port": "x"}}, "port"),
        ({"server": SERVER | {"port": "70000"}}, "port"),
        ({"server": SERVER | {"port": "²"}}, "port"),
        ({"server": SERVER | {"security": "none"}}, "security"),
        ({"server": SERVER | {"host": "mail.example"}}, "security"),
        ({"email": "Hello@Bellwether.example"}, "email"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(adam: User, wrong: dict[str, Any], field: str) -> None:
    save_sender(None, by=adam, email="hello@bellwether.example")
    with pytest.raises(ValidationError) as caught:
        save_sender(None, by=adam, **({"email": "new@bellwether.example"} | wrong))
    assert list(caught.value.message_dict) == [field]
    assert Sender.objects.count() == 1


def test_the_keys_of_a_server_are_not_readable_in_the_database(adam: User) -> None:
    sender = save_sender(None, by=adam, email="hello@bellwether.example", server=SERVER)
    stored = Sender.objects.values_list("transport", flat=True).get()
    assert "secret" not in stored
    assert "127.0.0.1" not in stored
    assert server_of(sender)["password"] == "a secret"


def test_a_kept_password_goes_to_no_other_server(adam: User) -> None:
    sender = save_sender(None, by=adam, email="hello@bellwether.example", server=SERVER)

    def saved(**changes: Any) -> str:
        row = save_sender(sender, by=adam, email=sender.email, server=SERVER | {"password": ""} | changes)
        return str(server_of(row)["password"])

    assert saved() == "a secret"
    assert saved(port=2526) == "a secret"
    assert saved(host="localhost") == "", "or who may change the name would read it there"
    assert save_sender(sender, by=adam, email=sender.email, server={}).transport == ""


def test_a_mail_comes_from_its_sender_and_its_name_keeps_the_domain(smtp: Server, promise: Promise, adam: User) -> None:
    sender = save_sender(None, by=adam, email="workshop@other.example", name="Workshop")
    mail = promise(sender=sender, reply_to="workshop+tag@other.example")
    send_due()
    message = message_from_bytes(smtp.taken[0].content)
    assert (message["From"], message["Reply-To"]) == (
        "Workshop <workshop@other.example>", "workshop+tag@other.example",
    )  # fmt: skip
    assert mail.message_id.endswith("@bellwether.example>")


@pytest.mark.parametrize(
    ("kind", "has_plus", "envelope"),
    [
        ("reply", True, "verp"),
        ("follow_up", True, "verp"),
        ("reply", False, "back@other.example"),
        ("acknowledgement", True, ""),
        ("acknowledgement", False, ""),
    ],
)
def test_where_a_mail_comes_back(
    smtp: Server, promise: Promise, adam: User, kind: str, has_plus: bool, envelope: str
) -> None:
    sender = save_sender(
        None, by=adam, email="workshop@other.example", reply_to="back@other.example", has_plus=has_plus
    )
    mail = promise(kind=kind, sender=sender)
    send_due()
    (taken,) = smtp.taken
    if envelope == "verp":
        assert taken.sender.startswith("back+")
        assert read_verp(taken.sender) == mail.pk
    else:
        assert taken.sender == (envelope or "<>")


def test_a_sender_may_have_a_way_out_of_its_own_and_a_dead_one_holds_up_no_other(
    smtp: Server, promise: Promise, adam: User, settings: Any
) -> None:
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "port": free_port()}  # nobody answers there
    plain = {"host": "127.0.0.1", "port": smtp.port, "security": "plain"}
    own = save_sender(None, by=adam, email="own@other.example", server=plain)
    dead = save_sender(None, by=adam, email="dead@other.example", server=plain | {"port": free_port()})
    mails = {name: promise(sender=sender) for name, sender in (("usual", None), ("dead", dead), ("own", own))}
    more = promise(sender=own), promise()
    assert send_due() == 4, "one try each that fails, and both of the good one"
    assert {name: again(mail).state for name, mail in mails.items()} == {
        "usual": "pending", "dead": "pending", "own": "sent",
    }  # fmt: skip
    assert [again(mail).state for mail in more] == ["sent", "pending"]
    assert again(more[1]).attempts == 0


def test_a_way_out_that_cannot_be_read_any_more_keeps_its_mails(
    smtp: Server, promise: Promise, adam: User, settings: Any
) -> None:
    sender = save_sender(None, by=adam, email="own@other.example", server=SERVER)
    mail = promise(sender=sender)
    settings.SECRET_KEY = "another-key-than-before-and-long-enough-for-it"
    send_due()
    assert (again(mail).state, smtp.taken) == ("pending", [])
    assert "cannot be read" in again(mail).smtp_reply


def test_a_way_out_is_not_taken_from_mails_that_wait_for_it(promise: Promise, adam: User) -> None:
    own = save_sender(None, by=adam, email="own@other.example", server=SERVER)
    promise(sender=own)
    with pytest.raises(ValidationError):
        remove_sender(own, by=adam)
    plain = save_sender(None, by=adam, email="plain@other.example")
    mail = promise(sender=plain)
    remove_sender(plain, by=adam)
    assert again(mail).from_email == "plain@other.example"
