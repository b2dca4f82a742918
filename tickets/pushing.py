"""Notes for browsers that are not looking (Web Push): our key, and what only the browser can read.

The key (VAPID, RFC 8292) is derived from SECRET_KEY, so that there is nothing to set up and nothing to store. With a
new SECRET_KEY browsers are no longer reached; each says so on its settings page and is switched on again there.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from webpush import WebPush, WebPushSubscription
from webpush.types import WebPushKeys
from webpush.vapid import VAPID

from tickets.models import PushSubscription

CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
KEPT_SECONDS = 4 * 3600  # by the push service for a browser that is off: later it is no news
VALID_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Note:
    """What a browser shows. It names the ticket, and never what was written."""

    title: str
    body: str
    url: str
    tag: str  # a later one of the same tag takes its place

    def as_json(self) -> bytes:
        return json.dumps(self.__dict__, ensure_ascii=False).encode()


def public_key() -> str:
    """What browsers are told to expect notes from: base64url, 65 bytes."""
    return VAPID.get_application_server_key(_key(settings.SECRET_KEY).public_key())


def sealed(note: Note, subscription: PushSubscription, *, is_urgent: bool) -> tuple[dict[str, str], bytes]:
    """Headers and body of the request to the browser's push service. Errors: ValueError for keys that are none."""
    keys = WebPushKeys(p256dh=subscription.p256dh, auth=subscription.auth)
    # pydantic makes an address of the text
    there = WebPushSubscription(endpoint=subscription.endpoint, keys=keys)
    message = _sender(settings.SECRET_KEY, settings.DEFAULT_FROM_EMAIL).get(note.as_json(), there)
    headers = {name: str(value) for name, value in message.headers.items()}
    headers |= {"content-type": "application/octet-stream", "urgency": "high" if is_urgent else "normal"}
    return headers | {"topic": note.tag}, message.encrypted


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether these are what a browser gives: a point of the curve, and 16 secret bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(p256dh))
        return len(decoded(auth)) == 16
    except ValueError:
        return False


def decoded(text: str) -> bytes:
    """base64url, with or without its end. Errors: ValueError."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


@cache
def _key(secret: str) -> ec.EllipticCurvePrivateKey:
    made = HKDF(hashes.SHA256(), length=48, salt=None, info=b"makegood web push").derive(secret.encode())
    return ec.derive_private_key(int.from_bytes(made) % (CURVE_ORDER - 1) + 1, ec.SECP256R1())


@cache
def _sender(secret: str, address: str) -> WebPush:
    key = _key(secret)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return WebPush(private, public, subscriber=address, ttl=KEPT_SECONDS, expiration=VALID_SECONDS)
