"""What must be read again is encrypted at rest, each purpose under a key of its own."""

import pytest
from cryptography.fernet import InvalidToken

from accounts.secrets import UnreadableSecretError, reseal, seal, unseal

OLD = "an-old-key-that-was-in-use-for-years-and-years"
NEW = "a-new-key-that-is-in-use-from-today-on-and-on"


def test_a_sealed_secret_is_read_again_and_shows_nothing():
    sealed = seal("pässword ☂", purpose="a mailbox")
    assert unseal(sealed, purpose="a mailbox") == "pässword ☂"
    assert "word" not in sealed
    assert seal("pässword ☂", purpose="a mailbox") != sealed, "two alike must not look alike"


def test_nothing_stays_nothing():
    assert seal("", purpose="a mailbox") == ""
    assert unseal("", purpose="a mailbox") == ""


def test_one_purpose_cannot_read_what_was_sealed_for_another():
    with pytest.raises(UnreadableSecretError):
        unseal(seal("secret", purpose="a mailbox"), purpose="a sender")


@pytest.mark.parametrize("forged", ["x", "ü", "gAAAAAB", "\0", "secret"])
def test_what_we_did_not_seal_is_refused(forged):
    with pytest.raises(UnreadableSecretError) as caught:
        unseal(forged, purpose="a mailbox")
    assert isinstance(caught.value.__cause__, InvalidToken | UnicodeError)


def test_a_changed_letter_is_refused():
    sealed = seal("secret", purpose="a mailbox")
    at = len(sealed) // 2
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(UnreadableSecretError):
        unseal(changed, purpose="a mailbox")


def test_after_a_change_of_the_key_the_former_one_still_opens(settings):
    settings.SECRET_KEY = OLD
    sealed = seal("secret", purpose="a mailbox")
    settings.SECRET_KEY = NEW
    with pytest.raises(UnreadableSecretError):
        unseal(sealed, purpose="a mailbox")
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert unseal(sealed, purpose="a mailbox") == "secret"
    renewed = reseal(sealed, purpose="a mailbox")
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(renewed, purpose="a mailbox") == "secret"
