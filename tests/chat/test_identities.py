"""Signed identities: one form is believed, and everything else is not, whatever is wrong with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from chat.identities import MAX_TOKEN_BYTES, Claims, IdentityError, read_identity

SECRET = "s" * 43
KEY = "bellwether"


def now() -> datetime:
    return datetime.now(UTC)


def claims(**said: Any) -> dict[str, Any]:
    return {"sub": "42", "aud": KEY, "exp": int((now() + timedelta(hours=1)).timestamp())} | said


def signed(payload: dict[str, Any], secret: str = SECRET, alg: str = "HS256") -> str:
    return jwt.encode(payload, secret, algorithm=alg)


def by_hand(header: str, payload: str, secret: str = SECRET) -> str:
    """A token whose parts no library would write, rightly signed."""
    parts = [base64.urlsafe_b64encode(part.encode("utf-8", "surrogatepass")).rstrip(b"=") for part in (header, payload)]
    mac = hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def read(token: object, **changes: Any) -> Claims:
    return read_identity(token, **{"secret": SECRET, "site_key": KEY, "now": now()} | changes)


def test_all_that_a_site_may_say():
    said = claims(
        name="  Carla \x00 Cortez ",
        email="Carla@Example.org",
        attributes={"plan": "gold", "orders": 7, "spent": 12.5, "member": True},
        iat=int(now().timestamp()),
        nbf=int(now().timestamp()) + 30,  # their clock is ahead of ours
        iss="anybody",
    )
    assert read(signed(said)) == Claims(
        subject="42",
        name="Carla Cortez",
        email="carla@example.org",
        attributes={"plan": "gold", "orders": 7, "spent": 12.5, "member": True},
    )


def test_all_that_a_site_must_say():
    assert read(signed(claims())) == Claims(subject="42")
    assert read(signed(claims(name=None, email="", attributes=None))) == Claims(subject="42")


def test_a_token_from_any_library_is_read():
    payload = json.dumps(claims(), separators=(",", ":"))
    assert read(by_hand('{"typ":"JWT","alg":"HS256","kid":"1"}', payload)) == Claims(subject="42")


def seconds(count: float) -> float:
    return (now() + timedelta(seconds=count)).timestamp()


WRONG: dict[str, Any] = {
    "another secret": lambda: signed(claims(), "t" * 43),
    "a longer signature": lambda: by_hand('{"alg":"HS512"}', json.dumps(claims())),
    "no algorithm": lambda: signed(claims(), "", alg="none"),
    "no signature": lambda: signed(claims()).rpartition(".")[0] + ".",
    "a signature cut short": lambda: signed(claims())[:-4],
    "changed after signing": lambda: swap_payload(signed(claims()), claims(sub="43")),
    "for another site": lambda: signed(claims(aud="elsewhere")),
    "for several sites": lambda: signed(claims(aud=[KEY, "elsewhere"])),
    "for no site": lambda: signed({k: v for k, v in claims().items() if k != "aud"}),
    "about nobody": lambda: signed({k: v for k, v in claims().items() if k != "sub"}),
    "about an empty id": lambda: signed(claims(sub="")),
    "about a number": lambda: by_hand('{"alg":"HS256"}', json.dumps(claims(sub=42))),
    "about a long id": lambda: signed(claims(sub="x" * 201)),
    "about half a letter": lambda: by_hand('{"alg":"HS256"}', json.dumps(claims(sub="\ud800"))),
    "about NUL": lambda: signed(claims(sub="4\x002")),
    "about an id with a space before it": lambda: signed(claims(sub=" 42")),
    "good for ever": lambda: signed({k: v for k, v in claims().items() if k != "exp"}),
    "good for two days": lambda: signed(claims(exp=seconds(2 * 86400))),
    "good a minute too long": lambda: signed(claims(exp=seconds(86400 + 125))),
    "over": lambda: signed(claims(exp=seconds(-120))),
    "over long ago": lambda: signed(claims(exp=0)),
    "good from tomorrow": lambda: signed(claims(nbf=seconds(600))),
    "signed tomorrow": lambda: signed(claims(iat=seconds(600))),
    "a text as its end": lambda: by_hand('{"alg":"HS256"}', json.dumps(claims(exp=str(int(seconds(600)))))),
    "true as its end": lambda: by_hand('{"alg":"HS256"}', json.dumps(claims(exp=True))),
    "no end of its end": lambda: by_hand('{"alg":"HS256"}', f'{{"sub":"1","aud":"{KEY}","exp":1e999}}'),
    "an end that is no number": lambda: by_hand('{"alg":"HS256"}', f'{{"sub":"1","aud":"{KEY}","exp":NaN}}'),
    "an end beyond all numbers": lambda: by_hand('{"alg":"HS256"}', f'{{"sub":"1","aud":"{KEY}","exp":1{"0" * 5000}}}'),
    "an email that is none": lambda: signed(claims(email="carla")),
    "two emails": lambda: signed(claims(email="a@example.org, b@example.org")),
    "an email with a line break": lambda: signed(claims(email="a@example.org\nBcc: b@example.org")),
    "an email that is an object": lambda: signed(claims(email={"a": 1})),
    "a name that is a list": lambda: signed(claims(name=["Carla"])),
    "attributes that are a list": lambda: signed(claims(attributes=[1])),
    "attributes in attributes": lambda: signed(claims(attributes={"a": {"b": 1}})),
    "an attribute without a value": lambda: signed(claims(attributes={"a": None})),
    "an attribute without end": lambda: by_hand('{"alg":"HS256"}', json.dumps(claims(attributes={"a": float("inf")}))),
    "an attribute that is not a number": lambda: by_hand(
        '{"alg":"HS256"}', json.dumps(claims(attributes={"a": float("nan")}))
    ),
    "an attribute larger than a browser counts": lambda: signed(claims(attributes={"a": 10**20})),
    "too many attributes": lambda: signed(claims(attributes={str(n): n for n in range(21)})),
    "a long attribute": lambda: signed(claims(attributes={"a": "x" * 201})),
    "a long name of an attribute": lambda: signed(claims(attributes={"x" * 201: 1})),
    "a giant": lambda: signed(claims(name="x" * MAX_TOKEN_BYTES)),
    "a payload that is no object": lambda: by_hand('{"alg":"HS256"}', "[]"),
    "a payload that is no JSON": lambda: by_hand('{"alg":"HS256"}', "{"),
    "a deep payload": lambda: by_hand('{"alg":"HS256"}', "[" * 5000),
    "a deep header": lambda: by_hand("[" * 5000, json.dumps(claims())),
    "a header that is no object": lambda: by_hand("7", json.dumps(claims())),
    "a header without an algorithm": lambda: by_hand("{}", json.dumps(claims())),
    "an algorithm that is a list": lambda: by_hand('{"alg":["HS256"]}', json.dumps(claims())),
    "an unknown demand": lambda: by_hand('{"alg":"HS256","crit":["x"],"x":1}', json.dumps(claims())),
    "a payload elsewhere": lambda: by_hand('{"alg":"HS256","b64":false,"crit":["b64"]}', json.dumps(claims())),
    "nothing": lambda: "",
    "dots": lambda: "..",
    "words": lambda: "carla@example.org",
    "half a letter": lambda: "\ud800.\ud800.\ud800",
    "no text": lambda: None,
    "a number": lambda: 42,
    "a list": lambda: [signed(claims())],
    "bytes": lambda: signed(claims()).encode(),
}


def swap_payload(token: str, payload: dict[str, Any]) -> str:
    header, _, mac = token.split(".")
    return ".".join([header, base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode(), mac])


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_else_is_believed(wrong):
    with pytest.raises(IdentityError):
        read(WRONG[wrong]())


PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS512", "EdDSA", "hs256", "NONE", "None"])
def test_our_secret_is_never_taken_for_a_public_key(alg):
    """Signed with a public key as if it were a shared secret, under the name of an algorithm that has one."""
    for secret in (SECRET, PUBLIC_KEY):
        confused = by_hand(json.dumps({"alg": alg}), json.dumps(claims()), secret=secret)
        with pytest.raises(IdentityError):
            read(confused, secret=secret)


def test_a_site_without_a_secret_believes_nobody():
    for secret in ("", "\x00", "short"):
        with pytest.raises(IdentityError):
            read(by_hand('{"alg":"HS256"}', json.dumps(claims()), secret=secret), secret=secret)


@pytest.mark.parametrize("over", [-30, 30])
def test_clocks_may_differ_by_a_minute(over):
    assert read(signed(claims(exp=seconds(over if over < 0 else 86400 + over)))).subject == "42"
