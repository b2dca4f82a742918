"""A real SMTP server with faults to order, and mails to send through it."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone

from outbox.actions import queue_mail
from outbox.models import Mail

Fault = Callable[[SMTP], Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Taken:
    """One acceptance: from the moment the server has the text, whatever it answers."""

    sender: str
    to: list[str]
    content: bytes


@dataclass
class Server:
    """What the server does at each step, and what it has seen."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    offers: int = 0
    at_mail: str = ""
    at_recipient: dict[str, str | Fault] = field(default_factory=dict)
    at_data_command: str = ""
    at_data: str | Fault = ""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.offers += 1
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        return "250 2.1.0 Sender ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self.at_recipient.get(address)
        if callable(fault):
            await fault(server)
        elif fault:
            return fault
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if isinstance(self.at_data, str) and self.at_data:
            return self.at_data
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        self.taken.append(Taken(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if callable(self.at_data):
            await self.at_data(server)
        return "250 2.0.0 Taken"


class FaultySMTP(SMTP):
    """Can refuse the DATA command itself, before any text."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.at_data_command:
            await self.push(self.event_handler.at_data_command)
        else:
            await super().smtp_DATA(arg)


class FaultyController(Controller):
    def factory(self) -> SMTP:
        return FaultySMTP(self.handler, **self.SMTP_kwargs)


async def hang_up(server: SMTP) -> None:
    """The connection breaks without a word."""
    assert server.transport is not None
    server.transport.abort()
    await asyncio.sleep(0.05)


async def fall_silent(server: SMTP) -> None:
    await asyncio.sleep(30)


@pytest.fixture
def smtp(settings: Any) -> Iterator[Server]:
    """The server that settings point to; each step times out after a second."""
    server = Server(port=free_port())
    settings.OUTBOX_SMTP = {
        "host": "127.0.0.1", "port": server.port, "user": "", "password": "",
        "use_tls": False, "use_ssl": False, "timeout": 1,
    }  # fmt: skip
    controller = FaultyController(server, hostname="127.0.0.1", port=server.port, ready_timeout=10)
    controller.start()
    yield server
    controller.stop()


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[UUID]:
    """The ids a worker was asked to send; no broker takes part."""
    asked: list[UUID] = []
    monkeypatch.setattr("outbox.actions.mails.nudge", asked.append)
    return asked


@pytest.fixture(autouse=True)
def plain_outbox(nudges: list[UUID], settings: Any) -> None:
    """No guards of higher apps, a known sender, and nothing that leaves by itself."""
    settings.OUTBOX_GUARDS = {}
    settings.DEFAULT_FROM_EMAIL = "Bellwether Cycles <support@bellwether.example>"


@pytest.fixture
def promise() -> Callable[..., Mail]:
    def make(**changes: Any) -> Mail:
        return queue_mail(
            **{
                "kind": "reply",
                "to": [("Carla", "carla@example.com")],
                "subject": "Your tyre",
                "text": "It leaves today.",
                "dedupe_key": str(uuid4()),
                **changes,
            }
        )

    return make


def make_due() -> None:
    """Let the waiting time of every waiting mail be over."""
    Mail.objects.pending().update(next_at=timezone.now() - timedelta(seconds=1))


def end_leases() -> None:
    Mail.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))


def again(mail: Mail) -> Mail:
    return Mail.objects.get(pk=mail.pk)


def recipient_states(mail: Mail) -> dict[str, str]:
    return dict(mail.recipients.values_list("email", "state"))
