"""Doors wide open: no limits, so that everything gets as far as it can, and files that nobody keeps."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiToken, User
from accounts.tokens import digest, new_secret
from tests.hostile.payloads import FEW, PAYLOADS

FORM = "application/x-www-form-urlencoded"


def is_daily(config: pytest.Config) -> bool:
    return "not long" in (config.option.markexpr or "")


@pytest.fixture(autouse=True, scope="session")
def one_of_each_kind(request) -> None:
    """Each door takes every payload in the long runs; else those few that each kind stands for."""
    if is_daily(request.config):
        for name in PAYLOADS.keys() - FEW.keys():
            del PAYLOADS[name]


@pytest.fixture(autouse=True)
def no_limits(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tickets.actions.promises.MOST", 10**6)
    settings.GUEST_LIMITS = dict.fromkeys(settings.GUEST_LIMITS, (10**6, 60))
    settings.API_REQUESTS_PER_MINUTE = 10**6
    settings.ACCOUNT_RATE_LIMITS = False
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def nobody_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither bells nor nudges: here only what is stored and shown counts."""
    monkeypatch.setattr("tickets.events._ring", lambda heads: None)
    monkeypatch.setattr("outbox.tasks.hand_over", lambda send: None)


def browser_of(user: User | None) -> Client:
    """A browser that answers 500 where the desk breaks, instead of raising."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


def percent(text: str) -> str:
    """As text travels in an address or a form; half a letter becomes bytes that only a hostile client sends."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def submit(browser: Client, url: str, fields: dict[str, str]) -> HttpResponse:
    body = "&".join(f"{name}={percent(value)}" for name, value in fields.items())
    return browser.post(url, body, content_type=FORM)


@pytest.fixture
def token_of() -> Callable[[User], str]:
    def make(user: User) -> str:
        raw = new_secret("mg_")
        ApiToken.objects.create(user=user, name="hostile", digest=digest(raw), hint=raw[:8])
        return raw

    return make
