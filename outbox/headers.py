"""What may stand in a mail's header: pure functions that clean text and addresses and name messages."""

import hashlib
import hmac
import re
import unicodedata
from base64 import b32decode, b32encode
from collections.abc import Mapping, Sequence
from email.header import Header
from email.utils import formataddr, parseaddr
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

MAX_HEADER_CHARS = 900  # RFC 5322 allows lines of 998
MAX_REFERENCES = 20
MAX_FILE_NAME_BYTES = 200
_ENCODED_WORD = re.compile(r"=\?[^?]*\?.*\?=", re.DOTALL)
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}\Z")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,90}\Z", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^\s<>]{1,250}>\Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
MAX_LOCAL_PART = 64  # RFC 5321
VERP_TAG = 26  # a UUID in base 32
_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would let a name pretend to be another
# Written by us alone.
_RESERVED = {
    "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
    "return-path", "received", "mime-version", "auto-submitted", "precedence", "x-auto-response-suppress",
    "x-makegood-loop",
}  # fmt: skip


def clean_text(value: str, *, limit: int = MAX_HEADER_CHARS) -> str:
    """The value on one line: line ends and control characters of every kind become spaces.

    Text that looks like an encoded word (RFC 2047) is broken up, or a reader would decode line ends out of it.
    """
    visible = "".join(" " if unicodedata.category(char) in _BREAKS or char in _BIDI else char for char in value)
    if _ENCODED_WORD.search(visible):
        visible = visible.replace("=?", "= ?")
    return " ".join(visible.split())[:limit].strip()


def clean_address(value: str) -> str:
    """The address in ASCII, or ValidationError. Quoted local parts are legal, never real, and refused."""
    address = value.strip()
    if len(address) > 254 or '"' in address or clean_text(address) != address:
        raise ValidationError(_("This is not an email address."), code="invalid")
    validate_email(address)
    local, _at, domain = address.rpartition("@")
    return f"{local}@{punycode(domain)}"


def clean_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Further headers with clean values, or ValidationError for a name that is malformed or ours to write."""
    for name in headers:
        if not _HEADER_NAME.match(name) or name.lower() in _RESERVED or name.lower().startswith("content-"):
            raise ValidationError(_("The header %(name)r cannot be set.") % {"name": clean_text(name)}, code="invalid")
    return {name: clean_text(str(value)) for name, value in headers.items()}


def clean_references(references: Sequence[str]) -> list[str]:
    """The well-formed Message-IDs among these: the first, which names the thread, and the newest."""
    good = list(dict.fromkeys(ref.strip() for ref in references if _MESSAGE_ID.match(ref.strip()) and ref.isascii()))
    return good if len(good) <= MAX_REFERENCES else good[:1] + good[1 - MAX_REFERENCES :]


def clean_file_name(name: str) -> str:
    """A file's name as a header can carry it: one line, no path, its ending kept.

    At most 200 bytes: percent-encoded (RFC 2231) each may take three characters of a line that cannot be folded.
    """
    shown = clean_text(name.replace("\\", "/").rpartition("/")[2])
    stem, dot, ending = shown.rpartition(".")
    if not dot or len(ending) > 20:
        stem, dot, ending = shown, "", ""
    room = MAX_FILE_NAME_BYTES - len((dot + ending).encode())
    return (stem.encode()[:room].decode(errors="ignore") + dot + ending).strip() or "file"


def clean_type(media_type: str) -> str:
    """A media type that a base64 part may have (RFC 2046 allows it neither for messages nor for multiparts)."""
    is_good = _MEDIA_TYPE.match(media_type) and not media_type.lower().startswith(("multipart/", "message/"))
    return media_type.lower() if is_good else "application/octet-stream"


def clean_content_id(content_id: str) -> str:
    """What a page calls a picture that comes with it, without brackets (RFC 2392). Errors: ValueError."""
    if not content_id.isascii() or not _MESSAGE_ID.match(f"<{content_id}>"):
        raise ValueError(f"{content_id!r} is no content id")
    return content_id


def mailbox(name: str, address: str) -> str:
    """`name <address>` in ASCII, quoted as needed."""
    if not name.isascii():
        name = Header(name, "utf-8").encode(linesep="")
    return formataddr((name, address))


def default_sender() -> tuple[str, str]:
    """Name and address of DEFAULT_FROM_EMAIL."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)


def message_id(mail_id: UUID, domain: str) -> str:
    """A Message-ID that nobody can guess, so that an answer to it can be believed."""
    return f"<{mail_id}.{_sign(f'message {mail_id}')}@{domain}>"


def own_mail_id(value: str) -> UUID | None:
    """The id of the mail that has this Message-ID, if we gave it; brackets or not, and whatever its domain says now
    (some servers on the way write another one)."""
    local = value.strip().strip("<>").rpartition("@")[0]
    name, dot, mac = local.lower().partition(".")
    if not dot or not _UUID.match(name) or not is_signed(f"message {name}", mac):
        return None
    return UUID(name)


def is_own_message_id(value: str) -> bool:
    """Whether we gave this Message-ID: it is signed, so nobody makes one up."""
    return own_mail_id(value) is not None


def verp_address(mail_id: UUID, base: str) -> str:
    """Where a mail's bounces come back, as its envelope's sender: `base` with `+<id>.<signature>` (RFC 5321 allows 64
    characters before the @: where there is no room, `base` as it is)."""
    local, _at, domain = base.rpartition("@")
    tag = b32encode(mail_id.bytes).decode().rstrip("=").lower()
    tagged = f"{local}+{tag}.{_sign(f'bounce {mail_id}')}"
    return f"{tagged}@{domain}" if len(tagged) <= MAX_LOCAL_PART else base


def read_verp(address: str) -> UUID | None:
    """The id of the mail that bounced to this address; None if we did not write it."""
    tag, dot, mac = address.rpartition("@")[0].rpartition("+")[2].lower().partition(".")
    if not dot or len(tag) != VERP_TAG or not (tag + mac).isascii():
        return None
    try:
        mail_id = UUID(bytes=b32decode(tag.upper() + "=" * (-len(tag) % 8)))
    except ValueError:
        return None
    return mail_id if is_signed(f"bounce {mail_id}", mac) else None


def loop_mark() -> str:
    """Names this installation in its automatic mail, so that it recognises its own when one comes back."""
    return _sign("loop")


def is_own_loop_mark(value: str) -> bool:
    return is_signed("loop", value.strip().lower())


def is_signed(text: str, mac: str) -> bool:
    """Whether `mac` is our signature of the text, whole, under today's key or a former one; in constant time."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(_sign(text, key).encode(), mac.encode("utf-8", "replace")) for key in keys)


def _sign(text: str, secret: str = "") -> str:
    """16 characters (80 bits) of an HMAC with the installation's key."""
    key = hashlib.sha256(b"outbox.headers" + (secret or settings.SECRET_KEY).encode()).digest()
    return b32encode(hmac.digest(key, text.encode(), "sha256"))[:16].decode().lower()
