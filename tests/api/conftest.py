"""Programs that speak for the cast."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.actions.tokens import create_token
from accounts.models import User


def program(user: User) -> APIClient:
    """A client with a token of `user`."""
    client = APIClient(raise_request_exception=True)
    client.default_format = "json"
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, by=user, name='test')[1]}")
    return client


@pytest.fixture
def as_(db) -> Callable[[User], APIClient]:
    return program


@pytest.fixture
def api(alice) -> APIClient:
    """Alice's program."""
    return program(alice)
