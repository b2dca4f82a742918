"""Ways onto the two sockets of a live server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Site, User
from chat.actions import rotate_secret, start_visit
from chat.models import Visitor
from customers.models import Customer
from tests.live import Socket


@pytest.fixture
def carlas_token(carla: Customer, site: Site) -> str:
    """The token of a browser that Carla chats from."""
    visit = start_visit(site)
    Visitor.objects.filter(pk=visit.visitor.pk).update(customer=carla)
    return visit.token


@pytest.fixture
def dora_token(dora: Customer, site: Site) -> str:
    visit = start_visit(site)
    Visitor.objects.filter(pk=visit.visitor.pk).update(customer=dora)
    return visit.token


Sign = Callable[..., str]


@pytest.fixture
def sign(site: Site) -> Sign:
    return signer(site)


def signer(site: Site) -> Sign:
    """The site's signature about `sub`; whatever is wrong with it is said by keyword."""
    secret = rotate_secret(site, by=None).secret

    def make(sub: str | None = "42", *, key: str = secret, lasts: float = 3600, **said: Any) -> str:
        exp = (timezone.now() + timedelta(seconds=lasts)).timestamp()
        claims = {"sub": sub, "aud": site.key, "exp": int(exp)} | said
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm="HS256")

    return make


def arrive(site: Site, customer: Customer | None = None) -> tuple[Visitor, str]:
    """A browser and its token; of a customer who is known already, if one is given."""
    visit = start_visit(site)
    Visitor.objects.filter(pk=visit.visitor.pk).update(customer=customer)
    visit.visitor.customer = customer
    return visit.visitor, visit.token


@pytest.fixture
def guest_token(site: Site) -> str:
    """The token of a browser that has not said anything yet."""
    return start_visit(site).token


def websocket(live: str, path: str) -> str:
    return live.replace("http", "ws", 1) + path


def guest_socket(live: str) -> Socket:
    return Socket(websocket(live, "/ws/widget/"), origin=live)


async def say_hello(socket: Socket, token: str | None = None, after: dict[str, int] | None = None) -> dict[str, Any]:
    await socket.send({"type": "hello", "after": after or {}} | ({"token": token} if token else {}))
    return await socket.wait_for("ready")


async def cookie_of(user: User) -> str:
    """A Cookie header with a session of this person."""

    def sign_in() -> str:
        client = Client()
        client.force_login(user)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    return await sync_to_async(sign_in)()


async def agent_socket(live: str, user: User, origin: str | None = None) -> Socket:
    headers = {"Cookie": await cookie_of(user)}
    return Socket(websocket(live, "/ws/inbox/"), origin=origin or live, additional_headers=headers)
