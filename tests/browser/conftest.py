"""One real Chromium for all tests that need it, and windows of people who are signed in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from accounts.models import User
from tests.browser.looking import ARGS, chromium_path
from tests.outbox.conftest import smtp  # noqa: F401  (the mail server that journeys end at)

expect.set_options(timeout=15_000)  # what is there is there in a moment; a busy machine may take longer


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop lives in this thread; the database does not mind
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), headless=True, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_window(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Windows that share nothing with each other, as on different machines; closed at the end."""
    windows: list[BrowserContext] = []

    def open_window(**options: Any) -> BrowserContext:
        wide = {"width": 1440, "height": 900}
        defaults = {"viewport": wide, "locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}
        windows.append(chromium.new_context(**defaults | options))
        windows[-1].set_default_timeout(20_000)
        return windows[-1]

    yield open_window
    for window in windows:
        window.close()


def sign_in(window: BrowserContext, user: User, url: str) -> None:
    """Give a window the session of someone who works here."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    window.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
