"""The process that fetches: a thread for each mailbox, which waits for what comes (IDLE) or looks every 30 seconds.

Whoever has a mailbox's lease fetches it, so that two such processes do no harm. The database may go away and come
back, and so may any server; each mailbox has its own trouble. Where MAIL_LISTEN says so, mails are also taken here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Protocol

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts.models import Heartbeat
from mailroom.actions.fetching import (
    POLL,
    LeaseLostError,
    Looking,
    account_of,
    claim_mailbox,
    fetch_new,
    let_go,
    note_trouble,
    reconcile_open,
    renew_lease,
)
from mailroom.collecting import CollectError, Collector, ConnectionLostError, RefusedError
from mailroom.models import Access, Mailbox

ROUND_SECONDS = 10.0  # new mailboxes are seen so soon
WAIT_SECONDS = 60.0  # for IDLE: then it looks by itself, as some servers forget to tell
STEP_SECONDS = 2.0  # so soon it hears that it shall end
MOST_SECONDS = 1800.0  # of one connection
RECONCILED_EVERY = timedelta(hours=1)
RETRIED_EVERY = timedelta(minutes=15)  # what was missing
RECONCILE_SECONDS = 120.0  # within the lease
MOST_BREAKS_AT_ONCE = 4
HEARTBEAT = "fetch"

log = structlog.get_logger(__name__)


class Door(Protocol):
    """A server that takes mails; `start` raises OSError while its place is taken."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Rounds:
    """All of it. `run` returns soon after `stop` is set."""

    def __init__(self, stop: threading.Event, doors: Iterable[Door] = ()) -> None:
        self.stop = stop
        self._closed, self._open = list(doors), list[Door]()
        self._threads: dict[int, threading.Thread] = {}

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._open_doors()
                self._see_who_is_there()
                self.stop.wait(ROUND_SECONDS)
        finally:
            self.stop.set()
            for door in self._open:
                door.stop()
            end = monotonic() + 15
            for thread in self._threads.values():
                thread.join(max(0.0, end - monotonic()))

    def _open_doors(self) -> None:
        for door in list(self._closed):
            try:
                door.start()
            except (OSError, TimeoutError) as error:
                log.warning("cannot listen", place=str(door), error=str(error))
                continue
            self._closed.remove(door)
            self._open.append(door)
            log.info("taking mails", place=str(door))

    def _see_who_is_there(self) -> None:
        try:
            there = set(
                Mailbox.objects.filter(is_active=True, access=Access.IMAP).order_by().values_list("pk", flat=True)
            )
            if there or self._open:
                Heartbeat.objects.update_or_create(name=HEARTBEAT, defaults={"at": timezone.now()})
        except (OperationalError, InterfaceError) as error:
            log.warning("no database", error=str(error).strip()[:200])
            return
        finally:
            connection.close()  # one that nobody needs for seconds
        self._threads = {pk: thread for pk, thread in self._threads.items() if thread.is_alive()}
        for pk in there - set(self._threads):
            watcher = Watcher(pk, self.stop)
            thread = threading.Thread(target=watcher.run, name=f"mailbox {pk}", daemon=True)
            self._threads[pk] = thread
            thread.start()


class Watcher:
    """One mailbox, until it is gone or out of use."""

    def __init__(self, mailbox_id: int, stop: threading.Event) -> None:
        self.mailbox_id, self.stop = mailbox_id, stop
        self.looking = Looking()

    def run(self) -> None:
        while not self.stop.is_set():
            pause: float | None
            try:
                pause = self._turn()
            except (OperationalError, InterfaceError) as error:
                log.warning("no database", mailbox=self.mailbox_id, error=str(error).strip()[:200])
                pause = 5.0
            except Exception:  # whatever it is, the mails of tomorrow want to be fetched too
                log.exception("fetching failed", mailbox=self.mailbox_id)
                pause = 30.0
            finally:
                connection.close()
            if pause is None:
                return
            self.stop.wait(pause)

    def _turn(self) -> float | None:
        """Fetch as long as it goes well; the seconds until the next turn, or None if there is nothing to fetch."""
        mailbox = claim_mailbox(self.mailbox_id)
        if mailbox is None:
            return self._until_due()
        try:
            return self._fetch(mailbox)
        except LeaseLostError:
            return 1.0
        finally:
            let_go(mailbox)

    def _until_due(self) -> float | None:
        mailbox = Mailbox.objects.filter(pk=self.mailbox_id, is_active=True, access=Access.IMAP).first()
        if mailbox is None:
            return None
        seconds = (mailbox.next_at - timezone.now()).total_seconds()
        return min(max(seconds, 1.0), 5.0)  # it may be changed, and be due at once

    def _fetch(self, mailbox: Mailbox) -> float:
        for attempt in range(1, MOST_BREAKS_AT_ONCE + 1):
            had = self.looking.breaks.total()
            try:
                with Collector(account_of(mailbox)) as collector:
                    self._watch(mailbox, collector)
                return POLL.total_seconds()
            except ConnectionLostError as error:
                # At one mail: the ones behind it are waiting, so again at once.
                if self.looking.breaks.total() == had or attempt == MOST_BREAKS_AT_ONCE or self.stop.is_set():
                    return note_trouble(mailbox, error).total_seconds()
                renew_lease(mailbox)
            except CollectError as error:
                return note_trouble(mailbox, error).total_seconds()
            except RefusedError as error:
                return note_trouble(mailbox, CollectError("mail", str(error))).total_seconds()
        return POLL.total_seconds()

    def _watch(self, mailbox: Mailbox, collector: Collector) -> None:
        """Fetch what is there and what comes, over one connection."""
        end = monotonic() + MOST_SECONDS
        while not self.stop.is_set():
            fetch_new(mailbox, collector, self.looking, goes_on=lambda: not self.stop.is_set())
            self._compare(mailbox, collector)
            if not collector.can_wait or monotonic() > end:
                return
            connection.close()
            self._wait(collector)
            renew_lease(mailbox)

    def _compare(self, mailbox: Mailbox, collector: Collector) -> None:
        """Now and then: is everything here?"""
        pause = RETRIED_EVERY if mailbox.missing else RECONCILED_EVERY
        since = mailbox.reconciled_at or mailbox.created_at
        if timezone.now() - since > pause and not self.stop.is_set():
            found = reconcile_open(mailbox, collector, seconds=RECONCILE_SECONDS)
            if found.missing:
                log.warning("mails were missing", mailbox=mailbox.pk, found=found)

    def _wait(self, collector: Collector) -> None:
        end = monotonic() + WAIT_SECONDS
        with collector.waiting():
            while not self.stop.is_set() and monotonic() < end:
                if collector.heard(STEP_SECONDS):
                    return
