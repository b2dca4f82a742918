"""Door-bells: short words over the channel layer that something is worth looking at. They carry no content.

Whatever they say can be lost without losing anything: heartbeats and reads from Postgres find out for themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)
STAFF_GROUP = "staff"  # the sockets of everybody who works here

Bell = tuple[str, dict[str, Any]]  # group, what to say


def customer_group(customer_id: int) -> str:
    """The sockets of one customer."""
    return f"customer.{customer_id}"


def ring(bells: list[Bell]) -> None:
    """Hand bells to the ringer and go on: nobody waits for Redis, alive or dead."""
    _ringer_of(os.getpid()).call(_ring_all(bells))


def recheck_person(user_id: int) -> None:
    """After commit, let every socket of someone who works here ask anew whether it still may listen."""
    transaction.on_commit(lambda: ring([(STAFF_GROUP, {"type": "recheck", "user": user_id})]), robust=True)


def recheck_customer(customer_id: int) -> None:
    """After commit, let every socket of a customer ask anew whether it still may listen."""
    transaction.on_commit(lambda: ring([(customer_group(customer_id), {"type": "recheck"})]), robust=True)


async def _ring_all(bells: list[Bell]) -> None:
    layer = get_channel_layer()
    try:
        await asyncio.gather(*(layer.group_send(group, words) for group, words in bells))
    except Exception as error:  # noqa: BLE001  (whatever the layer raises, what happened is stored)
        log.warning("could not ring: %s: %s", type(error).__name__, error)


class _Ringer:
    """A thread with an event loop of its own, so that its connection to Redis lasts.

    Ringing from each thread that commits would open a connection per bell, and hold up the commit's thread.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="ringer", daemon=True).start()

    def call(self, bells: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(bells, self.loop)


@cache
def _ringer_of(pid: int) -> _Ringer:
    """A process's ringer; a forked child does not inherit its parent's thread."""
    return _Ringer()
