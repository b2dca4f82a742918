"""Send one claimed mail: guards, SMTP, outcome. Celery only hurries it; `jobs.send_due` is the guarantee."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import cache
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from outbox import claims
from outbox.models import Mail
from outbox.policy import NotYet
from outbox.transport import LeaseLostError, NoServerError, Ways

log = logging.getLogger(__name__)
WARN_EVERY = 60.0  # seconds
NUDGES_AT_ONCE = 100  # more than these wait only for a broker that is away, and then they are dropped


def nudge(mail_id: UUID) -> None:
    """Ask a worker to send this mail now. If the broker is away, the next tick finds it."""
    send = deliver.apply_async
    hand_over(lambda: send((str(mail_id),), retry=False))


def hand_over(send: Callable[[], object]) -> None:
    """Let a thread of its own talk to the broker: no page waits for one that is dead or hangs."""
    try:
        _courier().waiting.put_nowait(send)
    except queue.Full:
        _courier().tell_of_drop()


class _Courier:
    """The thread that brings nudges to the broker, one after the other."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Callable[[], object]] = queue.Queue(NUDGES_AT_ONCE)
        self.told_at = -WARN_EVERY
        threading.Thread(target=self._bring, name="courier", daemon=True).start()

    def tell_of_drop(self) -> None:
        """Say that nudges are dropped, once in a while: under load they are many, and the ticks find the rows."""
        now = time.monotonic()
        if now - self.told_at >= WARN_EVERY:
            self.told_at = now
            log.warning("a nudge was dropped: the broker takes none")

    def _bring(self) -> None:
        while True:
            send = self.waiting.get()
            try:
                send()
            except Exception as error:  # noqa: BLE001  (a dead broker only makes it later: the tick finds the row)
                log.warning("could not nudge: %s", error)
            self.waiting.task_done()


def _courier() -> _Courier:
    return _courier_of(os.getpid())


@cache
def _courier_of(pid: int) -> _Courier:
    """A process's courier; a forked child does not inherit its parent's thread."""
    return _Courier()


@shared_task(ignore_result=True)
def deliver(mail_id: str) -> None:
    """Send one mail, if it is still due."""
    mail = claims.claim(Mail.objects.filter(pk=mail_id))
    if mail:
        with Ways() as ways:
            send_claimed(mail, ways)


def send_claimed(mail: Mail, ways: Ways) -> bool:
    """See a claimed mail through to whatever comes of it; False if there was no server to send it to."""
    try:
        reason = forbidden(mail)
    except Exception:
        log.exception("The guard of mail %s failed; it stays in the outbox.", mail.pk)
        claims.put_back(mail, reason=gettext_noop("Its guard failed."))
        return True
    if isinstance(reason, NotYet):
        claims.postpone(mail, until=reason.until, reason=reason.reason)
        return True
    if reason:
        claims.cancel_claimed(mail, reason=reason)
        return True
    emails = claims.screen(mail)
    if isinstance(emails, NotYet):
        claims.postpone(mail, until=emails.until, reason=emails.reason)
        return True
    if not emails:
        claims.put_back(mail, reason="")  # nobody is left, so that ends it
        return True
    try:
        results = ways.carrier_of(mail).carry(mail, emails, before_data=lambda wanted: claims.begin_data(mail, wanted))
    except NoServerError as error:
        log.warning("No mail server: %s", error)
        ways.give_up(mail)
        claims.put_back(mail, reason=str(error), server_answered=False)
        return False
    except LeaseLostError:
        log.warning("Mail %s took longer than its lease, or none leaves now: it was left alone.", mail.pk)
        return True
    claims.record(mail, results)
    return True


def forbidden(mail: Mail) -> str | NotYet | None:
    """Why the guard of this kind of mail will not have it sent, or not yet; None if it may leave."""
    path = settings.OUTBOX_GUARDS.get(mail.kind)
    return import_string(path)(mail) if path else None
