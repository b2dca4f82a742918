"""Who is proved to have written a mail: every case with name servers of our own making, none with the network."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailroom import authenticity
from mailroom.authenticity import Names, ask_name_server, is_aligned, judge, read_results
from mailroom.models import Mailbox
from mailroom.parsing import Parsed, Person

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # as short as is taken: it only has to be quick
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
RECORD = b"v=DKIM1; k=rsa; p=" + PUBLIC
HEADER = ("From", "To", "Subject", "Message-ID")
PEER = "192.0.2.25"
OWN = "mx.workshop.example"


class Server:
    """A name server with these records; it remembers what it was asked."""

    def __init__(self, records: dict[tuple[str, str], list[Any]] | None = None, *, is_silent: bool = False) -> None:
        self.records, self.is_silent = records or {}, is_silent
        self.asked: list[tuple[str, str]] = []

    def __call__(self, name: str, kind: str, seconds: float) -> list[Any]:
        self.asked.append((name, kind))
        assert 0 < seconds <= authenticity.SECONDS_EACH
        if self.is_silent:
            raise TimeoutError
        return self.records.get((name, kind), [])


def signing(domain: str = "customer.example") -> dict[tuple[str, str], list[Any]]:
    return {(f"sel._domainkey.{domain}", "TXT"): [RECORD]}


def policy(said: str, domain: str = "customer.example") -> dict[tuple[str, str], list[Any]]:
    return {(f"_dmarc.{domain}", "TXT"): [f"v=DMARC1; p={said}".encode()]}


def sends(ip: str = PEER, domain: str = "customer.example") -> dict[tuple[str, str], list[Any]]:
    return {(domain, "TXT"): [f"v=spf1 ip4:{ip} -all".encode()]}


def letter(sender: str = "carla@customer.example", *, above: str = "", body: str = "The wheel squeaks.") -> bytes:
    lines = [f"From: {sender}", "To: support@workshop.example", "Subject: Wheel", "Message-ID: <1@customer.example>"]
    return (above.replace("\n", "\r\n") + "\r\n".join([*lines, "", body, ""])).encode()


def signed(raw: bytes | None = None, *, domain: str = "customer.example", **more: Any) -> bytes:
    raw = raw or letter()
    names = more.pop("include_headers", [name.encode() for name in HEADER])
    return dkim.sign(raw, b"sel", domain.encode(), PRIVATE, include_headers=names, **more) + raw


def parsed(sender: str = "carla@customer.example") -> Parsed:
    return Parsed(senders=(Person("", sender),))


def mailbox(authserv_id: str = "") -> Mailbox:
    return Mailbox(name="Support", email="support@workshop.example", authserv_id=authserv_id)


def verdict(raw: bytes, server: Server | None = None, **more: Any) -> dict[str, Any]:
    box = more.pop("box", None) or mailbox()
    return judge(raw, more.pop("read", parsed()), box, more.pop("envelope_from", None), ask=server or Server(), **more)


# --- DKIM ----------------------------------------------------------------------------------


def test_a_signature_of_the_senders_domain_proves_it():
    found = verdict(signed(), Server(signing()))
    assert found == {
        "spf": "none", "dkim": "pass", "dmarc": "pass", "is_aligned": True, "verdict": "pass", "by": "us",
    }  # fmt: skip


@pytest.mark.parametrize("domain", ["customer.example", "mail.customer.example"])
def test_a_subdomain_vouches_for_its_domain(domain):
    assert verdict(signed(domain=domain), Server(signing(domain)))["verdict"] == "pass"


@pytest.mark.parametrize("domain", ["evil.example", "evilcustomer.example", "customer.example.evil.test", "example"])
def test_another_domains_good_signature_proves_nothing(domain):
    server = Server(signing(domain) | policy("reject"))
    found = verdict(signed(domain=domain), server)
    assert (found["verdict"], found["dkim"], found["is_aligned"]) == ("none", "none", False)


def test_changed_words_are_refuted_only_where_the_domain_asks_for_it():
    raw = signed().replace(b"squeaks", b"is gone")
    assert verdict(raw, Server(signing()))["verdict"] == "none"
    assert verdict(raw, Server(signing() | policy("none")))["verdict"] == "none"
    for asked in ("quarantine", "reject"):
        found = verdict(raw, Server(signing() | policy(asked)))
        assert (found["verdict"], found["dkim"], found["dmarc"]) == ("fail", "fail", "fail")


def test_the_policy_is_that_of_the_nearest_domain_above():
    raw = signed(letter("carla@shop.customer.example"), domain="shop.customer.example")
    server = Server(policy("none; sp=reject") | signing("shop.customer.example"))
    found = verdict(raw.replace(b"squeaks", b"is gone"), server, read=parsed("carla@shop.customer.example"))
    assert found["verdict"] == "fail"


def signed_without_from(raw: bytes) -> bytes:
    """As the library refuses to sign: only the subject, in simple canonicalisation."""
    body = base64.b64encode(hashlib.sha256(raw.partition(b"\r\n\r\n")[2]).digest())
    head = b"DKIM-Signature: v=1; a=rsa-sha256; d=customer.example; s=sel; h=subject; bh=" + body + b"; b="
    over = b"Subject: Wheel\r\n" + head
    return head + base64.b64encode(KEY.sign(over, PKCS1v15(), SHA256())) + b"\r\n" + raw


def test_a_signature_that_leaves_from_out_signs_nobody():
    raw = signed_without_from(letter())
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=0: RECORD), "as good a signature as any, but for From"
    assert verdict(raw, Server(signing()))["verdict"] == "none"


def test_a_signature_of_the_first_bytes_only_is_none():
    raw = signed(length=True)
    assert b"l=" in raw.split(b"bh=")[0]
    assert verdict(raw + b"\r\nPay to another account.", Server(signing()))["verdict"] == "none"
    assert verdict(raw, Server(signing()))["dkim"] == "none"


def test_sha1_proves_nothing():
    raw = signed().replace(b"a=rsa-sha256", b"a=rsa-sha1")
    assert verdict(raw, Server(signing()))["dkim"] == "none"


def test_of_two_senders_nobody_is_proved():
    twice = b"From: mallory@evil.example\r\n" + signed()
    assert verdict(twice, Server(signing()))["verdict"] == "none"
    both = Parsed(senders=(Person("", "carla@customer.example"), Person("", "mallory@evil.example")))
    assert verdict(signed(), Server(signing()), read=both)["verdict"] == "none"


def test_a_mail_without_a_sender_is_nobodys():
    assert verdict(b"Subject: Hello\r\n\r\nHi", read=Parsed())["verdict"] == "none"
    assert verdict(b"", read=Parsed())["verdict"] == "none"


def test_of_many_signatures_few_are_checked():
    raw = b"".join(signed()[: signed().index(b"From: ")] for _ in range(50)) + letter()
    began = time.monotonic()
    assert verdict(raw.replace(b"squeaks", b"!"), Server(signing()))["dkim"] == "fail"
    assert time.monotonic() - began < 2


def test_a_monstrous_key_is_not_used():
    server = Server({("sel._domainkey.customer.example", "TXT"): [b"v=DKIM1; p=" + b"A" * 60_000]})
    began = time.monotonic()
    assert verdict(signed(), server)["verdict"] == "none"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("filling", [b" " * 300_000, b"\t " * 150_000, b"\r\n" * 150_000])
def test_a_mail_that_is_slow_to_check_is_not_checked(filling):
    raw = signed()
    began = time.monotonic()
    verdict(raw + filling + (b"" if filling.endswith(b"\n") else b"x"), Server(signing()))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "broken",
    [
        b"DKIM-Signature: ;;;=\r\n", b"DKIM-Signature:\r\n", b"DKIM-Signature: v=1; d=customer.example; h=from\r\n",
        b"DKIM-Signature: a=rsa-sha256; v=1; d=customer.example; h=from; s=\xff; b=!!; bh=;\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=customer.example; s=sel; h=from; b=AAAA; bh=AAAA; c=odd/er\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=customer.example; s=..; h=from; b=AAAA; bh=AAAA\r\n",
        b"DKIM-Signature: v=1; a=ed25519-sha256; d=customer.example; s=sel; h=from; b=AAAA; bh=AAAA\r\n",
        b" folded before anything\r\n", b"\x00\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_no_proof_and_no_error(broken):
    assert verdict(broken + letter(), Server(signing()))["verdict"] == "none"


@pytest.mark.parametrize(
    "record", [b"", b"p=", b"v=DKIM1; p=!!!", b"v=DKIM9; p=" + PUBLIC, b"v=DKIM1; k=ed25519; p=AA=="]
)
def test_a_key_that_is_none_proves_nothing(record):
    assert verdict(signed(), Server({("sel._domainkey.customer.example", "TXT"): [record]}))["verdict"] == "none"


# --- SPF -----------------------------------------------------------------------------------


def test_a_server_that_the_domain_names_proves_it():
    found = verdict(letter(), Server(sends()), envelope_from="carla@customer.example", ip=PEER)
    assert (found["spf"], found["verdict"], found["is_aligned"]) == ("pass", "pass", True)


def test_another_domains_server_proves_nothing():
    server = Server(sends(domain="evil.example"))
    found = verdict(letter(), server, envelope_from="mallory@evil.example", ip=PEER)
    assert (found["spf"], found["verdict"]) == ("pass", "none")


def test_what_neither_proves_is_refuted_where_the_domain_asks_for_it():
    server = Server(sends(domain="evil.example") | policy("reject"))
    assert verdict(letter(), server, envelope_from="mallory@evil.example", ip=PEER)["verdict"] == "fail"
    server = Server(sends("192.0.2.99") | policy("quarantine"))
    found = verdict(letter(), server, envelope_from="carla@customer.example", ip=PEER)
    assert (found["spf"], found["verdict"]) == ("fail", "fail")


def test_a_good_signature_outweighs_a_forwarding_server():
    server = Server(sends("192.0.2.99") | signing() | policy("reject"))
    assert verdict(signed(), server, envelope_from="carla@customer.example", ip=PEER)["verdict"] == "pass"


def test_the_topmost_received_can_prove_but_not_refute():
    above = (
        "Return-Path: <carla@customer.example>\n"
        "Received: from mail.customer.example (mail.customer.example [8.8.4.4])\n by mx.workshop.example; today\n"
    )
    assert verdict(letter(above=above), Server(sends("8.8.4.4")))["verdict"] == "pass"
    assert verdict(letter(above=above), Server(sends("8.8.8.8") | policy("reject")))["verdict"] == "none"


@pytest.mark.parametrize(
    "above",
    [
        # What a sender writes below our own server's line.
        "Received: from localhost (localhost [127.0.0.1]) by mx; today\n"
        "Received: from mail.customer.example ([8.8.4.4]) by mx.workshop.example; today\n"
        "Return-Path: <carla@customer.example>\n",
        "Received: from evil.example (evil.example [198.51.100.7]) by mx [8.8.4.4]; today\n"
        "Return-Path: <carla@customer.example>\n",
        "Return-Path: <carla@customer.example>\nReceived: from mail ([999.1.1.1]) by mx; today\n",
        "Return-Path: <carla@customer.example>\nReceived: from mail by mx ([8.8.4.4]); today\n",
        "Return-Path: <>\nReceived: from mail ([8.8.4.4]) by mx; today\n",
    ],
)
def test_a_received_line_of_the_senders_own_proves_nothing(above):
    assert verdict(letter(above=above), Server(sends("8.8.4.4")))["verdict"] == "none"


@pytest.mark.parametrize(
    "line",
    [
        "from [8.8.4.4] (unknown [198.51.100.7])",  # Postfix, to somebody who says EHLO [8.8.4.4]
        "from ([8.8.4.4]) (unknown [198.51.100.7])",
        "from ([8.8.4.4] (unknown [198.51.100.7])",
        "from [8.8.4.4] (x.helo [198.51.100.7])",
        "from [8.8.4.4]helo= (unknown [198.51.100.7])",
        "from [8.8.4.4] (evil.example [198.51.100.7] (may be forged))",  # Sendmail
        "from evil.example ([198.51.100.7] helo=[8.8.4.4])",  # Exim
        "from [198.51.100.7] (helo=[8.8.4.4])",
        "from [8.8.4.4] ([198.51.100.7])",
    ],
)
def test_what_a_caller_calls_itself_is_not_where_it_called_from(line):
    above = f"Return-Path: <carla@customer.example>\nReceived: {line} by mx.workshop.example; today\n"
    assert verdict(letter(above=above), Server(sends("8.8.4.4")))["verdict"] == "none"


@pytest.mark.parametrize(
    "line",
    [
        "from [198.51.100.9] (mail.customer.example [8.8.4.4])",
        "from mail.customer.example ([8.8.4.4] helo=[198.51.100.9])",
        "from [8.8.4.4] (helo=mail.customer.example)",
        "from mail.customer.example (mail.customer.example [8.8.4.4] (may be forged))",
        "from mail ([IPv6:2001:4860:4860::8888])",
    ],
)
def test_where_it_called_from_is_read_as_the_servers_of_this_world_write_it(line):
    above = f"Return-Path: <carla@customer.example>\nReceived: {line} by mx.workshop.example; today\n"
    records = {("customer.example", "TXT"): [b"v=spf1 ip4:8.8.4.4 ip6:2001:4860:4860::8888 -all"]}
    assert verdict(letter(above=above), Server(records))["verdict"] == "pass"


@pytest.mark.parametrize(
    "record",
    [
        b"v=spf1 include:customer.example -all", b"v=spf1 redirect=customer.example", b"v=spf1 " + b"a:x.example " * 40,
        b"v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} ~all", b"v=spf1 nonsense", b"v=spf1 ip4:999.1.1.1", b"v=spf1 mx:",
        b"v=spf1 ptr a mx ?all", b"\xff\xfe",
    ],
)  # fmt: skip
def test_strange_rules_prove_nothing_and_end(record):
    server = Server({("customer.example", "TXT"): [record]})
    found = verdict(letter(), server, envelope_from="carla@customer.example", ip=PEER)
    assert found["verdict"] == "none"
    assert len(server.asked) < 60


# --- Name servers --------------------------------------------------------------------------


def test_a_mail_that_is_not_signed_asks_nobody():
    server = Server(is_silent=True)
    assert verdict(letter(), server)["verdict"] == "none"
    assert server.asked == []


def test_silent_name_servers_prove_nothing_and_refute_nothing():
    server = Server(is_silent=True)
    found = verdict(signed(), server, envelope_from="carla@customer.example", ip=PEER)
    assert (found["verdict"], found["dkim"]) == ("none", "temperror")


def test_all_questions_of_one_mail_have_one_limit():
    asked: list[str] = []

    def slow(name: str, kind: str, seconds: float) -> list[Any]:
        asked.append(name)
        time.sleep(min(seconds, 0.2))
        raise TimeoutError

    names = Names(slow, seconds=0.5)
    for number in range(20):
        with pytest.raises(TimeoutError):
            names.look_up(f"n{number}.example", "TXT")
    assert len(asked) <= 3


def test_a_question_is_asked_once():
    server = Server(signing())
    names = Names(server)
    for _ in range(3):
        assert names.text("sel._domainkey.customer.example.") == [RECORD]
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".example", ".".join(["abc"] * 80), "ümlaut.example"])
def test_what_is_no_name_is_not_asked_for(name):
    server = Server()
    assert Names(server).look_up(name, "TXT") == []
    assert server.asked == []


def test_the_machines_own_name_server_has_the_same_limits(monkeypatch):
    """No network: a resolver that knows no server."""
    resolver = authenticity.dns.resolver.Resolver(configure=False)
    resolver.nameservers = []
    monkeypatch.setattr(authenticity, "_resolver", lambda: resolver)
    with pytest.raises(TimeoutError):
        ask_name_server("customer.example", "TXT", 0.1)


# --- Our own server's word -----------------------------------------------------------------

BOX = mailbox(OWN)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=customer.example", "pass"),
        ("dkim=pass header.d=customer.example header.s=sel", "pass"),
        ("dkim=pass header.i=@mail.customer.example", "pass"),
        ("spf=pass smtp.mailfrom=carla@customer.example", "pass"),
        ("spf=pass (ok) smtp.mailfrom=bounce.customer.example; dkim=none", "pass"),
        ("dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example; dmarc=none", "none"),
        ("dkim=pass header.d=evil.example; dkim=pass header.d=customer.example", "pass"),
        ("dmarc=pass header.from=evil.example", "none"),
        ("dmarc=fail (p=REJECT) header.from=customer.example", "fail"),
        ("dmarc=fail action=oreject header.from=customer.example", "fail"),
        ("dmarc=fail (p=none dis=none) header.from=customer.example", "none"),
        ("dmarc=fail action=none header.from=customer.example; spf=fail smtp.mailfrom=customer.example", "none"),
        ("dmarc=fail header.from=customer.example; dkim=pass header.d=x.customer.example", "fail"),
        ("dmarc=temperror header.from=customer.example", "none"),
        ("dkim=fail header.d=customer.example", "none"),
        ("spf=softfail smtp.mailfrom=customer.example", "none"),
        ('x=y; reason="dmarc=pass header.from=customer.example"', "none"),
        ("spf=none (dmarc=pass header.from=customer.example; dkim=pass header.d=customer.example)", "none"),
        ("dkim=fail (; dmarc=pass \\) header.from=customer.example ; ) header.d=customer.example", "none"),
    ],
)
def test_what_our_own_server_says(said, expected):
    found = verdict(letter(above=f"Authentication-Results: {OWN};\n {said}\n"), box=BOX)
    assert found["verdict"] == expected
    assert found["by"] == OWN


def test_our_own_servers_failures_count_where_the_domain_asks_for_it():
    above = f"Authentication-Results: {OWN}; spf=fail smtp.mailfrom=customer.example\n"
    assert verdict(letter(above=above), Server(policy("reject")), box=BOX)["verdict"] == "fail"


def test_where_our_own_server_checks_no_signatures_we_do():
    above = f"Authentication-Results: {OWN}; spf=none smtp.mailfrom=carla@customer.example\n".encode()
    assert verdict(above.replace(b"\n", b"\r\n") + signed(), Server(signing()), box=BOX)["verdict"] == "pass"


GOOD = "dmarc=pass header.from=customer.example; dkim=pass header.d=customer.example"
BAD = "dmarc=fail (p=reject) header.from=customer.example"


@pytest.mark.parametrize("name", ["gmail.com", "mx.workshop.example.evil.test", "workshop.example", "", "MX", '"mx'])
def test_anybody_elses_word_is_none(name):
    found = verdict(letter(above=f"Authentication-Results: {name}; {GOOD}\n"), box=BOX)
    assert (found["verdict"], found["by"]) == ("none", "us")


def test_without_a_name_of_our_own_nobodys_word_counts():
    assert verdict(letter(above=f"Authentication-Results: {OWN}; {GOOD}\n"))["verdict"] == "none"
    assert verdict(letter(above=f"Authentication-Results: ; {GOOD}\n"), box=mailbox(" "))["verdict"] == "none"


def test_the_topmost_word_under_our_name_counts():
    above = (
        f"Received: from evil.example by {OWN}; today\n"
        f"Authentication-Results: {OWN}; {BAD}\n"
        f"Authentication-Results: {OWN}; {GOOD}\n"
    )
    assert verdict(letter(above=above), box=BOX)["verdict"] == "fail"


def test_what_a_sender_adds_below_does_not_complete_what_our_server_left_out():
    above = (
        f"Received: from evil.example by {OWN}; today\n"
        f"Authentication-Results: {OWN}; dkim=none\n"
        f"Authentication-Results: {OWN}; {GOOD}\n"
    )
    assert verdict(letter(above=above), box=BOX)["verdict"] == "none"


def test_two_words_of_our_own_server_above_its_line_both_count():
    above = (
        f"Authentication-Results: {OWN}; spf=fail smtp.mailfrom=x.example\n"
        f"Authentication-Results: {OWN}; {GOOD}\n"
        f"Received: from mail.customer.example by {OWN}; today\n"
    )
    assert verdict(letter(above=above), box=BOX)["verdict"] == "pass"


def test_names_are_compared_without_case_and_version():
    above = f"Authentication-Results: {OWN.upper()} 1; {GOOD}\n"
    assert verdict(letter(above=above), box=BOX)["verdict"] == "pass"


def test_the_senders_address_is_the_one_that_is_shown():
    """Our server read another address in From than we did: its word is about somebody else."""
    above = f"Authentication-Results: {OWN}; dmarc=pass header.from=evil.example; dkim=pass header.d=evil.example\n"
    assert verdict(letter(above=above), box=BOX)["verdict"] == "none"


@pytest.mark.parametrize("value", ["", ";", ";;;;", "(", "a;(((", 'a; "', "a; b=\\", "a; =c", "a; b=c (" + "(" * 9000])
def test_broken_words_are_read_to_the_end(value):
    began = time.monotonic()
    read_results(value)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.example", "a.example", True), ("A.example.", "a.example", True), ("x.a.example", "a.example", True),
        ("a.example", "x.y.a.example", True), ("ba.example", "a.example", False), ("example", "a.example", False),
        ("a.example", "b.example", False), ("", "a.example", False), ("a.example", "", False),
    ],
)  # fmt: skip
def test_which_domains_belong_together(one, other, expected):
    assert is_aligned(one, other) is expected
    assert is_aligned(one, other, is_strict=True) is (one.rstrip(".").lower() == other and bool(other))
