"""The signatures that mails come back with: reply addresses, our Message-IDs, and where bounces go."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from outbox.headers import MAX_LOCAL_PART, message_id, own_mail_id, read_verp, verp_address
from tickets.models.ticket import new_reference
from tickets.tokens import read_reply, reply_address

BASE = "support@example.com"
MAIL = UUID("01234567-89ab-cdef-0123-456789abcdef")


def test_a_reply_address_leads_back_to_its_ticket():
    reference = new_reference()
    address = reply_address(reference, BASE)
    assert read_reply(address) == reference
    local = address.partition("@")[0]
    assert len(local) == len("support+") + 13 + 26
    assert len(local) <= MAX_LOCAL_PART


def test_case_does_not_matter():
    reference = new_reference()
    assert read_reply(reply_address(reference, BASE).upper()) == reference


@pytest.mark.parametrize("missing", [1, 2, 13, 25, 26])
def test_a_shortened_signature_opens_nothing(missing):
    address = reply_address(new_reference(), BASE)
    assert read_reply(address.replace("@", "@", 1).partition("@")[0][:-missing] + "@example.com") is None


@pytest.mark.parametrize("place", range(39))
def test_no_character_of_it_can_be_another(place):
    local, _at, domain = reply_address(new_reference(), BASE).partition("@")
    start, at = len("support+"), len("support+") + place
    other = "7" if local[at] != "7" else "6"
    assert read_reply(f"{local[:at]}{other}{local[at + 1 :]}@{domain}") is None, start


@pytest.mark.parametrize("tag", ["", "+", "+x", "+" + "0" * 39, "+" + "\u017f" * 39, "+" + "a" * 40, "+a.b", "++"])
def test_what_is_none_of_ours_leads_nowhere(tag):
    assert read_reply(f"support{tag}@example.com") is None
    assert read_verp(f"support{tag}@example.com") is None


@pytest.mark.parametrize("address", ["", "@", "+", "support", "\x00+\x00@\x00"])
def test_what_is_no_address_leads_nowhere(address):
    assert read_reply(address) is None
    assert read_verp(address) is None
    assert own_mail_id(address) is None


def test_the_letters_that_only_fold_to_ours_are_not_ours():
    """`K` (the Kelvin sign) is `k` in small letters: an address is ASCII, or it is not one that we wrote."""
    for _ in range(200):
        address = reply_address(new_reference(), BASE)
        local, _at, domain = address.partition("@")
        if "k" in local[8:]:
            assert read_reply(f"{local[:8]}{local[8:].replace('k', chr(0x212A))}@{domain}") is None
            return
    pytest.fail("no k in two hundred signatures")


def test_another_installation_signs_otherwise(settings):
    address, mid, verp = reply_address(new_reference(), BASE), message_id(MAIL, "example.com"), verp_address(MAIL, BASE)
    settings.SECRET_KEY = "another key that is long enough for a key of this kind"
    assert read_reply(address) is None
    assert own_mail_id(mid) is None
    assert read_verp(verp) is None


def test_what_was_signed_under_a_former_key_still_counts(settings):
    reference = new_reference()
    address, mid = reply_address(reference, BASE), message_id(MAIL, "example.com")
    verp = verp_address(MAIL, BASE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is long enough for a key of this kind"
    assert read_reply(address) == reference
    assert own_mail_id(mid) == MAIL
    assert read_verp(verp) == MAIL


def test_an_address_without_room_stays_as_it_is():
    base = "a-very-long-name-of-a-mailbox-indeed@example.com"
    assert reply_address(new_reference(), base) == base
    assert verp_address(MAIL, base) == base


def test_our_message_ids_are_known_whatever_server_rewrote_their_domain():
    mid = message_id(MAIL, "example.com")
    assert own_mail_id(mid) == MAIL
    assert own_mail_id(mid.replace("example.com", "eu-west-1.amazonses.com")) == MAIL
    assert own_mail_id(mid.strip("<>")) == MAIL


@pytest.mark.parametrize(
    "forged",
    [
        f"<{MAIL}@example.com>",
        f"<{MAIL}.@example.com>",
        f"<{MAIL}.aaaaaaaaaaaaaaaa@example.com>",
        "<@>",
        "<.@.>",
        "",
        message_id(MAIL, "x").replace("<01", "<02"),
        message_id(MAIL, "x").replace("@", "a@"),
        message_id(MAIL, "x").partition("@")[0][:-1] + "@x>",
    ],
)
def test_a_message_id_that_was_made_up_is_nobodys(forged):
    assert own_mail_id(forged) is None


def test_a_bounce_finds_its_mail():
    for mail in (MAIL, uuid4()):
        address = verp_address(mail, "bounce@example.com")
        assert address.startswith("bounce+")
        assert len(address.partition("@")[0]) <= MAX_LOCAL_PART
        assert read_verp(address) == read_verp(address.upper()) == mail
        assert read_verp(address.replace(".", ".a", 1)) is None
        assert read_reply(address) is None


def test_no_signature_serves_for_another_purpose():
    """The reference's is not the mail's: each purpose has a key or a text of its own."""
    address = verp_address(MAIL, BASE)
    mac = address.partition("@")[0].rpartition(".")[2]
    assert own_mail_id(f"<{MAIL}.{mac}@example.com>") is None
