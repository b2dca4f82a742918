"""Mails that providers post to us: only with their proof, whole, and however large a mail may be."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from mailroom.actions.mailboxes import change_mailbox, save_mailbox
from mailroom.hooking import PROVIDERS
from mailroom.models import Mailbox, RawMail

pytestmark = pytest.mark.django_db

RAW = b"From: carla@example.org\r\nTo: support@example.com\r\nSubject: Tyre\r\n\r\nIt is wr\xc3\xb6ng.\r\n"
NOT_UTF8 = RAW.replace(b"\xc3\xb6", b"\xf6")
PASSWORD = "desk:a-long-password"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SECRETS = {
    "mailersend": "a-signing-secret",
    "mailgun": "a-signing-key",
    "mandrill": "a-webhook-key",
    "postal": "".join(PUBLIC.splitlines()[1:-1]),
}


def make_mailbox(provider: str) -> Mailbox:
    values = {
        "name": "Support", "email": "support@example.com", "access": "hook", "provider": provider,
        "provider_secret": SECRETS.get(provider, PASSWORD),
    }  # fmt: skip
    return save_mailbox(None, by=None, values=values)


def address(mailbox: Mailbox) -> str:
    return reverse("mailroom:hook", args=[mailbox.hook_key])


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}


def post(client: Client, mailbox: Mailbox, *, raw: bytes = RAW, secret: str = "") -> Any:
    """As the provider of this mailbox posts a mail, signed with this secret."""
    secret = secret or SECRETS.get(mailbox.provider, PASSWORD)
    return _POSTS[mailbox.provider](client, address(mailbox), raw, secret)


def _json(client: Client, url: str, data: Any, headers: dict[str, str]) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return client.post(url, body, content_type="application/json", headers=headers)


def _mailgun(client: Client, url: str, raw: bytes, secret: str) -> Any:
    signature = hmac.new(secret.encode(), b"1234567token", hashlib.sha256).hexdigest()
    fields = {
        "token": "token", "timestamp": "1234567", "signature": signature, "sender": "carla@example.org",
        "recipient": "support@example.com", "body-mime": raw.decode(),
    }  # fmt: skip
    return client.post(url, fields)


def _mailersend(client: Client, url: str, raw: bytes, secret: str) -> Any:
    data = {"type": "inbound.message", "data": {
        "id": "1", "raw": raw.decode(), "sender": {"email": "carla@example.org"},
        "recipients": {"rcptTo": [{"email": "support@example.com"}]},
    }}  # fmt: skip
    body = json.dumps(data).encode()
    return _json(client, url, body, {"Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})


def _mandrill(client: Client, url: str, raw: bytes, secret: str) -> Any:
    message = {"raw_msg": raw.decode(), "email": "support@example.com", "spam_report": {"score": 1}}
    events = json.dumps([{"event": "inbound", "ts": 1, "msg": message}])
    signed = f"http://testserver{url}mandrill_events{events}"
    signature = base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return client.post(url, {"mandrill_events": events}, headers={"X-Mandrill-Signature": signature})


def _postal(client: Client, url: str, raw: bytes, secret: str) -> Any:
    body = json.dumps({
        "id": 1, "rcpt_to": "support@example.com", "mail_from": "carla@example.org", "base64": True,
        "message": base64.b64encode(raw).decode(),
    }).encode()  # fmt: skip
    key = RSA_KEY if secret == SECRETS["postal"] else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = base64.b64encode(key.sign(body, padding.PKCS1v15(), SHA1())).decode()
    return _json(client, url, body, {"X-Postal-Signature": signature})


def _postmark(client: Client, url: str, raw: bytes, secret: str) -> Any:
    data = {
        "RawEmail": raw.decode(), "OriginalRecipient": "support@example.com",
        "Headers": [{"Name": "Return-Path", "Value": "<carla@example.org>"}],
    }  # fmt: skip
    return _json(client, url, data, basic(secret))


def _sparkpost(client: Client, url: str, raw: bytes, secret: str) -> Any:
    content = {"email_rfc822": base64.b64encode(raw).decode(), "email_rfc822_is_base64": True}
    message = {
        "content": content, "msg_from": "carla@example.org", "rcpt_to": "support@example.com", "protocol": "smtp",
    }  # fmt: skip
    return _json(client, url, [{"msys": {"relay_message": message}}], basic(secret))


def _sendgrid(client: Client, url: str, raw: bytes, secret: str) -> Any:
    envelope = json.dumps({"to": ["support@example.com"], "from": "carla@example.org"})
    return client.post(url, {"email": raw.decode(), "envelope": envelope}, headers=basic(secret))


def _mailjet(client: Client, url: str, raw: bytes, secret: str) -> Any:
    data = {
        "Sender": "carla@example.org", "Recipient": "support@example.com", "Text-part": "It is wröng.\n",
        "Headers": {"From": "carla@example.org", "To": "support@example.com", "Subject": "Tyre"}, "Parts": [],
    }  # fmt: skip
    return _json(client, url, data, basic(secret))


_POSTS = {
    "mailersend": _mailersend, "mailgun": _mailgun, "mailjet": _mailjet, "mandrill": _mandrill, "postal": _postal,
    "postmark": _postmark, "sendgrid": _sendgrid, "sparkpost": _sparkpost,
}  # fmt: skip


def test_every_provider_that_can_be_chosen_is_tried_here():
    assert set(_POSTS) == set(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_mail_with_its_proof_is_kept(client, provider):
    mailbox = make_mailbox(provider)
    answer = post(client, mailbox)
    assert answer.status_code == 200, answer.content
    row = RawMail.objects.get()
    assert (row.mailbox, row.source) == (mailbox, "hook")
    assert row.envelope_from == ("carla@example.org" if provider != "mandrill" else None)
    assert row.envelope_to == ["support@example.com"]
    if provider != "mailjet":  # which posts mails in pieces
        assert row.text.data.replace(b"\r\n", b"\n") == RAW.replace(b"\r\n", b"\n")
    assert b"Subject: Tyre" in row.text.data


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_the_proof_nothing_is_kept(client, provider):
    mailbox = make_mailbox(provider)
    assert post(client, mailbox, secret="desk:another-password").status_code == 403
    assert client.post(address(mailbox), b"{}", content_type="application/json").status_code == 403
    assert client.post(address(mailbox), {}).status_code == 403
    assert not RawMail.objects.exists()


def test_an_unknown_key_looks_like_no_address_at_all(client):
    mailbox = make_mailbox("postmark")
    assert client.post("/hooks/mail/no-such-key/").status_code == 404
    change_mailbox(mailbox, by=None, is_active=False)
    assert post(client, mailbox).status_code == 404
    Mailbox.objects.update(is_active=True, access="handed")
    assert post(client, mailbox).status_code == 404


def test_a_provider_may_ask_whether_somebody_is_there(client):
    assert client.head(address(make_mailbox("mandrill"))).status_code == 200
    assert client.get(address(Mailbox.objects.get())).status_code == 405


@pytest.mark.parametrize("provider", ["postal", "sparkpost"])
def test_bytes_that_are_no_text_come_through(client, provider):
    assert post(client, make_mailbox(provider), raw=NOT_UTF8).status_code == 200
    assert RawMail.objects.get().text.data == NOT_UTF8


@pytest.mark.parametrize("provider", ["sendgrid", "postmark"])
def test_a_mail_larger_than_any_page_comes_through(client, provider):
    raw = RAW + b"Tyre and tyre\r\n" * 400_000  # 6 MB
    assert post(client, make_mailbox(provider), raw=raw).status_code == 200
    assert RawMail.objects.get().size == len(raw)


def test_what_is_too_much_is_refused(client, monkeypatch):
    monkeypatch.setattr("mailroom.hooking.MOST_REQUEST_BYTES", 1000)
    assert post(client, make_mailbox("postmark"), raw=RAW + b"x" * 2000).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"RawEmail": 3}', b"\xff\xfe", b"[" * 50_000, b'{"RawEmail": ""}']
)
def test_what_holds_no_mail_is_said_and_nothing_breaks(client, body):
    mailbox = make_mailbox("postmark")
    answer = _json(client, address(mailbox), body, basic(PASSWORD))
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or RawMail.objects.count() == 1


def test_a_mail_that_the_parser_chokes_on_is_kept_as_it_is(client, monkeypatch):
    def choke(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(PROVIDERS["postmark"].view, "parse_events", choke)
    assert post(client, make_mailbox("postmark")).status_code == 200
    assert RawMail.objects.get().envelope_from is None


def test_a_form_with_files_is_read(client):
    mailbox = make_mailbox("mailgun")
    signature = hmac.new(b"a-signing-key", b"1token", hashlib.sha256).hexdigest()
    headers = [["From", "carla@example.org"], ["To", "support@example.com"], ["Subject", "With a picture"]]
    boundary = "xx"
    fields = {
        "token": "token", "timestamp": "1", "signature": signature, "recipient": "support@example.com",
        "sender": "carla@example.org", "message-headers": json.dumps(headers), "body-plain": "See.",
        "attachment-count": "1",
    }  # fmt: skip
    body = "".join(f'--xx\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    body += '--xx\r\nContent-Disposition: form-data; name="attachment-1"; filename="../tyre.gif"\r\n'
    body += "Content-Type: image/gif\r\n\r\nGIF89a\x00\n\r\r\n\r\n--xx--\r\n"
    kind = f"multipart/form-data; boundary={boundary}"
    assert client.post(address(mailbox), body.encode(), content_type=kind).status_code == 200
    raw = RawMail.objects.get().text.data
    assert b"image/gif" in raw
    assert b'filename="tyre.gif"' in raw
    assert base64.b64encode(b"GIF89a\x00\n\r\r\n") in raw


@pytest.mark.parametrize(
    ("provider", "secret"),
    [("postmark", "nopassword"), ("postmark", "desk:short"), ("mailgun", "schlüssel"), ("postal", "AAAA")],
)
def test_what_cannot_be_the_secret_is_refused_when_it_is_set(provider, secret):
    values = {
        "name": "x", "email": "x@example.com", "access": "hook", "provider": provider, "provider_secret": secret,
    }  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        save_mailbox(None, by=None, values=values)
    assert set(caught.value.message_dict) == {"provider_secret"}


@pytest.mark.django_db(transaction=True)
def test_a_large_mail_comes_through_the_real_server(live):
    mailbox = make_mailbox("postmark")
    raw = RAW + b"Tyre and tyre\r\n" * 1_400_000  # 21 MB
    body = json.dumps({"RawEmail": raw.decode(), "Headers": []}).encode()
    request = urllib.request.Request(
        live + address(mailbox), body, {"Content-Type": "application/json"} | basic(PASSWORD)
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    assert RawMail.objects.get().size == len(raw)
