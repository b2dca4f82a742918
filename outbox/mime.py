"""A mail row as the bytes that leave: the same ones at every try, but for the date."""

from datetime import datetime
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.message import Message
from email.utils import format_datetime
from io import BytesIO

from django.core.mail import EmailMultiAlternatives

from outbox.headers import loop_mark, mailbox
from outbox.models import Mail

# Seven bits on the wire: not every server on the way takes eight.
UTF8 = Charset("utf-8")
UTF8.body_encoding = QP


def to_bytes(mail: Mail, now: datetime) -> bytes:
    """The whole message with CRLF line ends. Who gets it is the envelope's matter; To names all recipients."""
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=mailbox(mail.from_name, mail.from_email),
        to=[mailbox(person.name, person.email) for person in mail.recipients.all()],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, "Date": format_datetime(now), **_headers(mail)},
    )
    message.encoding = UTF8
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return _flatten(message.message())


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
    return headers
