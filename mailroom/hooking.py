"""What mail providers post to us, read by django-anymail's parsers; each request must prove where it comes from.

A provider proves itself by its signature, or by the name and password that the address it calls was given with (HTTP
Basic). Anymail checks that, and builds mails from what comes in pieces. Where the whole mail is in the request, it is
taken as it is: signatures (DKIM) hold for those bytes only.
"""

from __future__ import annotations

import json
import re
import warnings
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from email.encoders import encode_base64
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.mailersend import MailerSendInboundWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mailjet import MailjetInboundWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sendgrid import SendGridInboundWebhookView
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

MOST_REQUEST_BYTES = 40 * 1024 * 1024  # a mail of 25 MB in base64, and what is around it
MOST_FIELDS = 500
_NAME = re.compile(rb'[; ]name="([^"\r\n]*)"', re.IGNORECASE)
_FILENAME = re.compile(rb'[; ]filename="([^"\r\n]*)"', re.IGNORECASE)
_TYPE = re.compile(rb"^Content-Type: *([^\r\n;]+)", re.IGNORECASE | re.MULTILINE)


class NotTheProviderError(Exception):
    """The request does not prove where it comes from."""


class UnreadableRequestError(Exception):
    """The request is not what this provider posts for a mail."""


@dataclass(frozen=True)
class Handed:
    """One mail, and for whom the provider took it."""

    raw: bytes
    envelope_from: str | None
    envelope_to: tuple[str, ...]


@dataclass(frozen=True)
class Provider:
    """A provider: the parser for it, the option that takes the secret, and where a whole mail is in its request."""

    title: str
    view: type[AnymailBaseWebhookView]
    option: str
    whole: Callable[[HttpRequest], list[str | bytes]]

    def check_secret(self, secret: str) -> None:
        """ValueError, in words for an administrator, if this cannot be the secret."""
        if self.option == "webhook_secret" and not re.fullmatch(r"[^:\s]+:\S{8,}", secret):
            raise ValueError(
                _("Think of a name and a password of at least 8 characters and write them as name:password. ")
                + _("The provider gets them within the address: https://name:password@….")
            )
        if not secret.isascii():
            raise ValueError(_("That is no key of this provider."))
        if self.view is PostalInboundWebhookView:
            try:
                load_pem_public_key(f"-----BEGIN PUBLIC KEY-----\n{secret}\n-----END PUBLIC KEY-----".encode())
            except Exception as error:  # whatever the library finds wrong with it
                raise ValueError(_("That is no public key: paste only the letters between its two lines.")) from error

    def read(self, request: HttpRequest, secret: str) -> list[Handed]:
        """The mails in a request. Errors: NotTheProviderError; UnreadableRequestError."""
        options = {self.option: secret}
        if self.view is MandrillCombinedWebhookView:
            options["webhook_url"] = request.build_absolute_uri()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Anymail's advice to its own users
            view = self.view(**options)
        try:
            view.run_validators(request)
        except AnymailWebhookValidationFailure as error:
            raise NotTheProviderError(str(error)[:200]) from error
        except Exception as error:  # a signature may be anything
            raise NotTheProviderError(type(error).__name__) from error
        return self._mails(view, request)

    def _mails(self, view: AnymailBaseWebhookView, request: HttpRequest) -> list[Handed]:
        try:
            whole = [raw if isinstance(raw, bytes) else _encoded(raw) for raw in self.whole(request) if raw]
        except Exception:  # noqa: BLE001  (what is posted may have any shape)
            whole = []
        try:
            messages = [event.message for event in view.parse_events(request)]
            envelopes = [(message.envelope_sender, message.envelope_recipient) for message in messages]
            if not whole:
                whole = [_put_together(message) for message in messages]
        except Exception as error:  # a mail may be so broken that only its bytes can be kept
            if not whole:
                raise UnreadableRequestError(type(error).__name__) from error
            envelopes = []
        return [
            Handed(raw, *_envelope(*(envelopes[place] if place < len(envelopes) else (None, None))))
            for place, raw in enumerate(whole)
        ]


def _put_together(message: EmailMessage) -> bytes:
    """A mail that was posted in pieces. Files go in base64: written as they are, their line ends would be mended."""
    for part in message.walk():
        if not part.is_multipart() and part.get_content_maintype() != "text":
            content = part.get_payload(decode=True)
            del part["Content-Transfer-Encoding"]
            part.set_payload(content)
            encode_base64(part)
    return message.as_bytes(policy=SMTP.clone(utf8=True))


def _envelope(sender: Any, recipient: Any) -> tuple[str | None, tuple[str, ...]]:
    return (
        str(sender)[:320] if sender is not None else None,
        tuple(part.strip()[:320] for part in str(recipient or "").split(",") if part.strip())[:100],
    )


def _encoded(raw: str) -> bytes:
    return raw.encode("utf-8", "surrogateescape" if _has_surrogates(raw) else "strict")


def _has_surrogates(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def _posted(name: str) -> Callable[[HttpRequest], list[str | bytes]]:
    return lambda request: [request.POST[name]] if name in request.POST else []


def _postmark(request: HttpRequest) -> list[str | bytes]:
    return [json.loads(request.body)["RawEmail"]]


def _mailersend(request: HttpRequest) -> list[str | bytes]:
    return [json.loads(request.body)["data"]["raw"]]


def _mandrill(request: HttpRequest) -> list[str | bytes]:
    events = json.loads(request.POST["mandrill_events"])
    return [event["msg"]["raw_msg"] for event in events if event.get("event") == "inbound"]


def _postal(request: HttpRequest) -> list[str | bytes]:
    event = json.loads(request.body)
    return [b64decode(event["message"]) if event.get("base64") is True else event["message"]]


def _sparkpost(request: HttpRequest) -> list[str | bytes]:
    contents = [event["msys"]["relay_message"]["content"] for event in json.loads(request.body)]
    return [
        b64decode(content["email_rfc822"]) if content["email_rfc822_is_base64"] else content["email_rfc822"]
        for content in contents
    ]


def _in_pieces(_request: HttpRequest) -> list[str | bytes]:
    return []


PROVIDERS = {
    "mailersend": Provider("MailerSend", MailerSendInboundWebhookView, "inbound_secret", _mailersend),
    "mailgun": Provider("Mailgun", MailgunInboundWebhookView, "webhook_signing_key", _posted("body-mime")),
    "mailjet": Provider("Mailjet", MailjetInboundWebhookView, "webhook_secret", _in_pieces),
    "mandrill": Provider("Mandrill", MandrillCombinedWebhookView, "webhook_key", _mandrill),
    "postal": Provider("Postal", PostalInboundWebhookView, "webhook_key", _postal),
    "postmark": Provider("Postmark", PostmarkInboundWebhookView, "webhook_secret", _postmark),
    "sendgrid": Provider("SendGrid", SendGridInboundWebhookView, "webhook_secret", _posted("email")),
    "sparkpost": Provider("SparkPost", SparkPostInboundWebhookView, "webhook_secret", _sparkpost),
}


# --- Large requests ----------------------------------------------------------------------
def read_body(request: HttpRequest) -> bool:
    """Read the whole request, and its form, beyond what other pages may be sent; False if it is too much even so.

    The limits of Django's settings protect all pages; here a mail of 25 MB must come through.
    """
    body = request.read(MOST_REQUEST_BYTES + 1)
    if len(body) > MOST_REQUEST_BYTES:
        return False
    request._body = body
    if request.content_type == "multipart/form-data":
        post, files = _parts(body, (request.content_params or {}).get("boundary", ""))
        request._post, request._files = post, files  # type: ignore[attr-defined]
    return True


def _parts(body: bytes, boundary: str) -> tuple[QueryDict, MultiValueDict[str, SimpleUploadedFile]]:
    """Fields and files of a form (RFC 7578)."""
    post, files = QueryDict(mutable=True), MultiValueDict[str, SimpleUploadedFile]()
    if not boundary.isascii() or not 0 < len(boundary) <= 200:
        return post, files
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1 : MOST_FIELDS + 1]:
        head, found, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not found or name is None:
            continue
        field, filename = name[1].decode("utf-8", "replace"), _FILENAME.search(head)
        if filename is None:
            post.appendlist(field, content.decode("utf-8", "surrogateescape"))
            continue
        kind = _TYPE.search(head.lstrip())
        shown = filename[1].decode("utf-8", "replace").rpartition("/")[2] or "file"
        files.appendlist(
            field, SimpleUploadedFile(shown, content, kind[1].decode("ascii", "replace").strip() if kind else "")
        )
    return post, files
