"""Send one claimed mail: guards, SMTP, outcome. Celery only hurries it; `jobs.send_due` is the guarantee."""

import logging
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from outbox import claims
from outbox.mime import to_bytes
from outbox.models import Mail
from outbox.transport import LeaseLostError, NoServerError, Session

log = logging.getLogger(__name__)


def nudge(mail_id: UUID) -> None:
    """Ask a worker to send this mail now. If the broker is away, the next tick finds it."""
    deliver.apply_async((str(mail_id),), retry=False)


@shared_task(ignore_result=True)
def deliver(mail_id: str) -> None:
    """Send one mail, if it is still due."""
    mail = claims.claim(Mail.objects.filter(pk=mail_id))
    if mail:
        with Session(settings.OUTBOX_SMTP) as session:
            send_claimed(mail, session)


def send_claimed(mail: Mail, session: Session) -> bool:
    """See a claimed mail through to whatever comes of it; False if there was no server to send it to."""
    try:
        reason = forbidden(mail)
    except Exception:
        log.exception("The guard of mail %s failed; it stays in the outbox.", mail.pk)
        claims.put_back(mail, reason="Its guard failed.")
        return True
    if reason:
        claims.cancel_claimed(mail, reason=reason)
        return True
    emails = claims.drop_suppressed(mail)
    if not emails:
        claims.put_back(mail, reason="")  # nobody is left, so that ends it
        return True
    try:
        results = session.send(
            mail.from_email,
            emails,
            to_bytes(mail, timezone.now()),
            before_data=lambda wanted: claims.begin_data(mail, wanted),
        )
    except NoServerError as error:
        log.warning("No mail server: %s", error)
        claims.put_back(mail, reason=str(error), server_answered=False)
        return False
    except LeaseLostError:
        log.warning("Mail %s took longer than its lease and was left alone.", mail.pk)
        return True
    claims.record(mail, results)
    return True


def forbidden(mail: Mail) -> str | None:
    """Why the guard of this kind of mail will not have it sent now, or None."""
    path = settings.OUTBOX_GUARDS.get(mail.kind)
    return import_string(path)(mail) if path else None
