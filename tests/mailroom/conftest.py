"""A mailbox of the workshop, and mails that come into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Desk, Team
from mailroom.actions import handle, take_in
from mailroom.models import Access, Mailbox, RawMail, Source
from tests.mailroom.letters import SERVER, SUPPORT

Arrive = Callable[..., RawMail]


@pytest.fixture
def support(workshop: Team, desk_row: Desk) -> Mailbox:
    return Mailbox.objects.create(
        name="Support", email=SUPPORT, team=workshop, access=Access.HANDED, authserv_id=SERVER
    )


@pytest.fixture
def arrive(support: Mailbox) -> Arrive:
    """Let a mail come in, and see it through."""

    def arrived(raw: bytes, **options: Any) -> RawMail:
        return handle(take_in(raw, **{"source": Source.PIPE, "mailbox": support} | options))

    return arrived
