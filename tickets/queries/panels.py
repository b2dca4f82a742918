"""What a panel shows of the company's own system, and what that is told: a signed token (RFC 7519), for a minute."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import jwt
from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from accounts.tokens import digest
from tickets.fetching import FetchError, fetch_json
from tickets.models import Panel, Ticket
from tickets.panel_data import ShapeError, Shown, read_panel

GOOD_FOR = timedelta(seconds=60)
PARAMETER = "token"
KEPT_SECONDS, TROUBLE_SECONDS = 60, 10


def panels_of(ticket: Ticket) -> QuerySet[Panel]:
    """Those that stand beside a ticket: everybody's and its team's."""
    return Panel.objects.filter(Q(team=None) | Q(team=ticket.team_id), is_shown=True)


def look(panel: Panel, ticket: Ticket, agent: User) -> Shown:
    """What a panel's system says of a ticket, to this agent. Kept for a minute, for nobody else: their system may
    show them something else. Errors: FetchError, ShapeError, each in words."""
    what = digest(f"{panel.pk} {panel.url} {panel.secret}")[:32]
    key = f"panel:{what}:{ticket.pk}:{ticket.customer_id}:{agent.pk}:{get_language()}"
    kept = cache.get(key)
    if kept is None:
        kept = _ask(signed_url(panel, about_ticket(ticket, agent), now=timezone.now()))
        cache.set(key, kept, TROUBLE_SECONDS if isinstance(kept, str) else KEPT_SECONDS)
    if isinstance(kept, str):
        raise FetchError(kept)
    return read_panel(kept)


def try_out(panel: Panel, agent: User) -> Shown:
    """What its system says of a made-up customer. Errors: FetchError, ShapeError."""
    return read_panel(fetch_json(signed_url(panel, about_nobody(agent), now=timezone.now())))


def _ask(url: str) -> Any:
    """What was answered; words, if it is nothing that can be shown."""
    try:
        found = fetch_json(url)
        read_panel(found)
    except (FetchError, ShapeError) as error:
        return str(error)
    return found


def signed_url(panel: Panel, about: dict[str, Any], *, now: datetime) -> str:
    """The panel's address with a token that says what it is about."""
    parts = urlsplit(panel.url)
    claims = {
        "iss": settings.SITE_URL,
        "aud": parts.hostname,
        "iat": int(now.timestamp()),
        "exp": int((now + GOOD_FOR).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }
    token = jwt.encode(claims | about, panel.secret, algorithm="HS256")
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*query, (PARAMETER, token)]), fragment=""))


def about_ticket(ticket: Ticket, agent: User) -> dict[str, Any]:
    """Whose ticket it is, and who looks at it. An address counts as theirs only if `is_verified`."""
    customer = ticket.customer
    address = customer.address
    return {
        "sub": f"agent:{agent.pk}",
        "agent": {"id": agent.pk, "email": agent.email},
        "ticket": ticket.reference,
        "customer": {
            "id": customer.pk,
            "external_ids": sorted(identity.subject for identity in customer.identities.all()),
            "email": address.email if address else None,
            "is_verified": bool(address and address.is_verified),
        },
    }


def about_nobody(agent: User) -> dict[str, Any]:
    """A made-up customer, for trying a panel out."""
    customer = {"id": 0, "external_ids": ["example"], "email": "carla@example.org", "is_verified": True}
    agent_said = {"id": agent.pk, "email": agent.email}
    return {"sub": f"agent:{agent.pk}", "agent": agent_said, "ticket": "0000000000000", "customer": customer}
