"""What can come of offering a mail to whoever carries it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from outbox.models import Mail


class Verdict(Enum):
    TAKEN = auto()  # the server has it and answers for it
    LATER = auto()  # surely not taken; may be tried again
    NEVER = auto()  # refused for good
    DOUBT = auto()  # the text was handed over and no answer came back


@dataclass(frozen=True)
class Result:
    verdict: Verdict
    reply: str
    is_hard_bounce: bool = False


class NoServerError(Exception):
    """No session could be had: unreachable, no TLS, sign-in refused."""


class LeaseLostError(Exception):
    """`before_data` said no: the mail is no longer ours to send, or none is to leave."""


BeforeData = Callable[[list[str]], bool]


class Carrier(Protocol):
    """A way by which mails leave: a mail server, or a provider's API."""

    def carry(self, mail: Mail, recipients: list[str], *, before_data: BeforeData) -> dict[str, Result]:
        """Offer a mail for these recipients; the verdict for each. NoServerError when nobody is there to offer it to.

        `before_data` gets the recipients it leaves for, just before it does; if it says no, nothing is handed over
        and LeaseLostError is raised.
        """

    def close(self) -> None:
        """End the connection, if there is one."""
