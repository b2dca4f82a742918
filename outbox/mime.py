"""A mail row as the bytes that leave: the same ones at every try, but for the date."""

import logging
from datetime import datetime
from email import encoders
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.message import Message
from email.mime.base import MIMEBase
from email.utils import format_datetime
from io import BytesIO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outbox.headers import loop_mark, mailbox, verp_address
from outbox.models import Mail
from outbox.policy import kind_named
from outbox.tokens import unsubscribe_url

log = logging.getLogger(__name__)
# Seven bits on the wire: not every server on the way takes eight.
UTF8 = Charset("utf-8")
UTF8.body_encoding = QP
SIGNATURE = "\n-- \n"
# Where `outbox/layout.html` takes what there is to say about files that could not come along.
FILES_MARK = "<!-- files -->"
ANOTHER_WAY = gettext_lazy("Tell us, and we send it another way.")


class _Page(EmailMultiAlternatives):
    """What comes with it are pictures that stand in it, and nothing else (RFC 2387)."""

    mixed_subtype = "related"


def to_bytes(mail: Mail, now: datetime) -> bytes:
    """The whole message with CRLF line ends. Who gets it is the envelope's matter; To names all recipients, unless the
    mail says whom its header names."""
    return _flatten(to_message(mail, now).message())


def to_message(mail: Mail, now: datetime) -> EmailMultiAlternatives:
    """The same in its parts, for who puts them together otherwise."""
    with translation.override(mail.language):
        return _message(mail, now)


def envelope_sender(mail: Mail) -> str:
    """Where the mail comes back if it cannot be delivered; empty: nowhere, so that no loop begins (RFC 3834)."""
    if kind_named(mail.kind).has_null_sender:
        return ""
    if mail.sender is None:
        return mail.from_email
    return verp_address(mail.pk, mail.sender.answers_at) if mail.sender.has_plus else mail.sender.answers_at


def _message(mail: Mail, now: datetime) -> EmailMultiAlternatives:
    parts, left_out = _read_files(mail)
    is_page = all(content_id for *_file, content_id in _files(mail))
    message = (_Page if is_page else EmailMultiAlternatives)(
        subject=mail.subject,
        body=_text_with(mail.text, left_out),
        from_email=mailbox(mail.from_name, mail.from_email),
        to=[mailbox(name, email) for name, email in mail.shown_to or _recipients(mail)],
        cc=[mailbox(name, email) for name, email in mail.shown_cc],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, "Date": format_datetime(now), **_headers(mail)},
    )
    message.encoding = UTF8
    if mail.html:
        message.attach_alternative(_html_with(mail.html, left_out), "text/html")
    for part in parts:
        message.attach(part)
    return message


def _recipients(mail: Mail) -> list[tuple[str, str]]:
    return [(person.name, person.email) for person in mail.recipients.all()]


def _files(mail: Mail) -> list[tuple[str, str, str, str]]:
    """Name in the storage, shown name, media type, and of a picture that stands in the page its content id."""
    return [(stored, name, kind, "".join(content_id)) for stored, name, kind, *content_id in mail.files]


def _read_files(mail: Mail) -> tuple[list[MIMEBase], list[str]]:
    """The mail's files as its parts, and a line about each that cannot come along: the words leave all the same.

    A picture of the page is none of them: where it is missing, the words that describe it stand.
    """
    parts, left_out, room = [], [], settings.OUTBOX_MAX_FILES_BYTES
    for stored, name, kind, content_id in _files(mail):
        try:
            size = default_storage.size(stored)
            if size > room and content_id:
                continue
            if size > room:
                said = _("Not in this mail, because it is too large: %(name)s (%(size)s).")
                left_out.append(said % {"name": name, "size": filesizeformat(size)})
                continue
            with default_storage.open(stored) as file:
                content = file.read()
        except (OSError, SuspiciousFileOperation) as error:
            log.error("A file of mail %s could not be read: %s", mail.pk, error)
            if content_id:
                continue
            left_out.append(_("Not in this mail, because it could not be read: %(name)s.") % {"name": name})
            continue
        room -= len(content)
        parts.append(_part(content, name, kind, content_id))
    return parts, left_out


def _part(content: bytes, name: str, kind: str, content_id: str) -> MIMEBase:
    """A file in base64, so that not a byte of it changes on the way."""
    part = MIMEBase(*kind.split("/", 1))
    part.set_payload(content)
    encoders.encode_base64(part)
    if content_id:
        part.add_header("Content-ID", f"<{content_id}>")
    disposition = "inline" if content_id else "attachment"
    part.add_header("Content-Disposition", disposition, filename=name if name.isascii() else ("utf-8", "", name))
    return part


def _text_with(text: str, lines: list[str]) -> str:
    """The text with these lines at its end, but before the signature."""
    if not lines:
        return text
    words, signature, foot = text.rpartition(SIGNATURE) if SIGNATURE in text else (text, "", "")
    return "\n".join([words.rstrip(), "", *lines, str(ANOTHER_WAY), ""]) + signature + foot


def _html_with(html: str, lines: list[str]) -> str:
    """The page with these lines where its layout has a place for them, else at its end."""
    if not lines:
        return html.replace(FILES_MARK, "", 1)
    said = format_html("<p>{}{}</p>", format_html_join("", "{}<br>", ((line,) for line in lines)), ANOTHER_WAY)
    return html.replace(FILES_MARK, said, 1) if FILES_MARK in html else html + said


def _flatten(message: Message) -> bytes:
    """Lines may have 998 characters (RFC 5322); at the customary 78 a Message-ID would be parted from its name."""
    out = BytesIO()
    policy = message.policy.clone(max_line_length=998, linesep="\r\n")
    BytesGenerator(out, mangle_from_=False, policy=policy).flatten(message)
    return out.getvalue()


def _headers(mail: Mail) -> dict[str, str]:
    headers = dict(mail.headers)
    if mail.in_reply_to:
        headers["In-Reply-To"] = mail.in_reply_to
    if mail.references or mail.in_reply_to:
        headers["References"] = " ".join(dict.fromkeys([*mail.references, *filter(None, [mail.in_reply_to])]))
    if mail.is_automatic:
        headers["Auto-Submitted"] = "auto-replied" if mail.in_reply_to else "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
        headers["Precedence"] = "bulk"
        headers["X-Makegood-Loop"] = loop_mark()
    people = mail.recipients.all()
    if kind_named(mail.kind).is_optional and len(people) == 1:  # each has a link of their own (RFC 8058)
        headers["List-Unsubscribe"] = f"<{unsubscribe_url(people[0].email)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
