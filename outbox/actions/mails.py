"""Promise a mail, take it back, try it again: the only writers besides the sender itself."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from outbox import headers as clean
from outbox.blackout import black_out, black_out_html
from outbox.models import END_STATES, Block, Mail, MailState, Recipient, RecipientState, Sender, Suppression
from outbox.policy import BLOCKED, Why, is_free, kind_named, may_get
from outbox.tasks import nudge

RETRIABLE = (RecipientState.FAILED, RecipientState.UNKNOWN)


@transaction.atomic
def queue_mail(
    *,
    kind: str,
    to: Sequence[tuple[str, str]] | str,
    subject: str,
    text: str,
    html: str = "",
    about: str = "",
    dedupe_key: str,
    sender: Sender | None = None,
    from_name: str = "",
    reply_to: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    files: Sequence[tuple[str, str, str]] = (),
    pictures: Sequence[tuple[str, str, str]] = (),
    shown_to: Sequence[tuple[str, str]] = (),
    shown_cc: Sequence[tuple[str, str]] = (),
    is_automatic: bool = False,
    is_secret: bool = False,
    is_at_most_once: bool | None = None,
    send_at: datetime | None = None,
) -> Mail:
    """Promise a mail in the caller's transaction. `to` is an address or (name, address) pairs, `files` are
    (name in the default storage, shown name, media type) and are read when the mail leaves; `pictures` are PNG files
    that its page shows: (name in the storage, shown name, content id, as in `cid:…`). `shown_to` and `shown_cc` are
    whom its header names beside or instead of `to`: people who get mails of their own. Without a `sender` it comes
    from DEFAULT_FROM_EMAIL, whose domain all Message-IDs have. Its language is the one that is spoken now.

    The same `dedupe_key` again answers the first mail, unchanged. Suppressed and blocked recipients are recorded as
    such; with nobody left the mail is cancelled at birth. ValidationError for an address or header that cannot be.
    """
    now = timezone.now()
    people = _recipients(to)
    refused = _suppressed([email for _, email in people], kind)
    rules = kind_named(kind)
    next_at = send_at or now
    usual_name, usual_sender = clean.default_sender()
    sender_name, sender_email = (sender.name, sender.email) if sender else (usual_name, usual_sender)
    mail_id = uuid.uuid4()
    content: dict[str, object] = {
        "id": mail_id,
        "kind": kind,
        "about": about,
        "message_id": clean.message_id(mail_id, usual_sender.rpartition("@")[2]),
        "sender": sender,
        "from_name": clean.clean_text(from_name, limit=200) or sender_name,
        "from_email": sender_email,
        "reply_to": clean.clean_address(reply_to) if reply_to else "",
        "subject": clean.clean_text(subject),
        "text": _without_nul(text),
        "html": _without_nul(html),
        "language": translation.get_language() or "en",
        "headers": clean.clean_headers(headers or {}),
        "in_reply_to": "".join(clean.clean_references([in_reply_to])),
        "references": clean.clean_references(references),
        "files": [
            *((stored, clean.clean_file_name(name), clean.clean_type(media)) for stored, name, media in files),
            *(
                (stored, clean.clean_file_name(name), "image/png", clean.clean_content_id(content_id))
                for stored, name, content_id in pictures
            ),
        ],
        "shown_to": _recipients(shown_to) if shown_to else [],
        "shown_cc": _recipients(shown_cc) if shown_cc else [],
        "is_automatic": is_automatic,
        "is_secret": is_secret,
        "is_at_most_once": rules.is_at_most_once if is_at_most_once is None else is_at_most_once,
        "next_at": next_at,
        "give_up_at": next_at + rules.patience,
    }
    mail, is_new = Mail.objects.get_or_create(dedupe_key=dedupe_key, defaults=content)
    if not is_new:
        return mail
    Recipient.objects.bulk_create(
        Recipient(
            mail=mail,
            name=name,
            email=email,
            state=RecipientState.SUPPRESSED if email.lower() in refused else RecipientState.PENDING,
            smtp_reply=refused.get(email.lower(), ""),
        )
        for name, email in people
    )
    if len(refused) == len(people):
        Mail.objects.filter(pk=mail.pk).cancel(reason=gettext_noop("Every recipient is suppressed."))
        mail.refresh_from_db()
    elif next_at <= now:
        transaction.on_commit(lambda: nudge(mail.pk), robust=True)
    return mail


@transaction.atomic
def cancel_mails(*, about: str, kinds: Sequence[str] | None = None, reason: str) -> int:
    """Take back what is still waiting; their number. What a sender has claimed already leaves."""
    mails = Mail.objects.about(about).pending()
    if kinds is not None:
        mails = mails.of_kinds(list(kinds))
    keys = list(mails.select_for_update().order_by("pk").values_list("pk", flat=True))
    Recipient.objects.filter(mail__in=keys, state=RecipientState.PENDING).update(state=RecipientState.CANCELLED)
    return Mail.objects.filter(pk__in=keys).cancel(reason=reason[:300])


@transaction.atomic
def cancel_mail(mail_id: uuid.UUID, *, reason: str) -> bool:
    """Take back one mail; False if it has left, or a sender has claimed it already."""
    if Mail.objects.pending().select_for_update().filter(pk=mail_id).first() is None:
        return False
    Recipient.objects.filter(mail=mail_id, state=RecipientState.PENDING).update(state=RecipientState.CANCELLED)
    return bool(Mail.objects.filter(pk=mail_id).cancel(reason=reason[:300]))


@transaction.atomic
def black_out_mails(*, about: Sequence[str], passages: Sequence[str], since: datetime) -> int:
    """Black passages out of the kept words of mails about these things, and of what people were told by mail `since`;
    the number of mails that held one. What has left has left: only our copy of it is changed."""
    count = 0
    told = Q(kind="notification", created_at__gte=since)
    for mail in Mail.objects.filter(Q(about__in=about) | told).select_for_update(of=("self",)).order_by("pk"):
        html = mail.html and black_out_html(mail.html, passages)
        words = (black_out(mail.subject, passages), black_out(mail.text, passages), html)
        if words != (mail.subject, mail.text, mail.html):
            mail.subject, mail.text, mail.html = words
            mail.save(update_fields=["subject", "text", "html"])
            count += 1
    return count


@transaction.atomic
def take_out_file(*, about: Sequence[str], stored: str) -> int:
    """Let mails about these things carry a file no more, by its name in the storage; the number of mails."""
    count = 0
    for mail in Mail.objects.filter(about__in=about).exclude(files=[]).select_for_update().order_by("pk"):
        left = [file for file in mail.files if file[0] != stored]
        if left != mail.files:
            mail.files = left
            mail.save(update_fields=["files"])
            count += 1
    return count


@transaction.atomic
def retry_mail(mail: Mail, *, by: User | None) -> Mail:
    """Send again to those who did not get it, or perhaps did not: a person's decision, never an automatic one."""
    mail = Mail.objects.select_for_update().get(pk=mail.pk)
    if by is not None and not by.has_perm("outbox.view"):
        raise PermissionDenied
    if mail.state not in END_STATES or mail.is_secret:
        raise ValidationError(_("This mail cannot be sent again."), code="not_retriable")
    lost = mail.recipients.filter(state__in=RETRIABLE)
    if not lost.update(state=RecipientState.PENDING, smtp_reply=""):
        raise ValidationError(_("Nobody is left to send it to."), code="not_retriable")
    mail.state, mail.reason, mail.doubts, mail.data_started_at = MailState.PENDING, "", 0, None
    mail.next_at = timezone.now()
    mail.give_up_at = mail.next_at + kind_named(mail.kind).patience
    mail.save(update_fields=["state", "reason", "doubts", "data_started_at", "next_at", "give_up_at"])
    transaction.on_commit(lambda: nudge(mail.pk), robust=True)
    return mail


def suppress(email: str, *, reason: Why) -> Suppression:
    """Send nothing more to this address or, to one that unsubscribed, nothing unasked for."""
    return Suppression.objects.add(clean.clean_address(email), reason)


def subscribe_again(email: str) -> None:
    """Take back an unsubscription; graver reasons stay."""
    Suppression.objects.filter(email=email.lower(), reason=Why.UNSUBSCRIBED).delete()


def _recipients(to: Sequence[tuple[str, str]] | str) -> list[tuple[str, str]]:
    """Clean (name, address) pairs, each address once."""
    pairs = [("", to)] if isinstance(to, str) else to
    people: dict[str, tuple[str, str]] = {}
    for name, email in pairs:
        address = clean.clean_address(email)
        people.setdefault(address.lower(), (clean.clean_text(name, limit=200), address))
    if not people:
        raise ValidationError(_("A mail needs a recipient."), code="required")
    return list(people.values())


def _suppressed(emails: list[str], kind: str) -> dict[str, str]:
    """Those who do not get this kind of mail, in lower case, and why."""
    reasons = Suppression.objects.reasons_for(emails)
    blocked = set() if is_free(kind) else Block.objects.among(emails)
    return dict.fromkeys(blocked, BLOCKED) | {email: why for email, why in reasons.items() if not may_get(why, kind)}


def _without_nul(text: str) -> str:
    """Postgres cannot store NUL, and mail cannot carry lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
