"""How the tests of pages look at them: a browser, and what a checker of accessibility finds."""

from __future__ import annotations

import os

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium_path() -> str:
    return os.environ.get("CHROME", "/usr/bin/chromium")


def serious_findings(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is now, one line each."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{found['id']}: {node['html'][:120]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def open_and_hear(page: Page, address: str, kind: str, seconds: float = 30) -> None:
    """Open a page; returns once its socket has brought a frame of this kind, however soon that came."""
    heard: list[str] = []
    page.once("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto(address)
    for _ in range(int(seconds * 50)):
        if any(f'"type":"{kind}"' in frame for frame in heard):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"No {kind} came to {address}: {heard}")
