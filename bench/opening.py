"""How soon the next ticket is shown in Chromium: an agent reads, moves to the next row (j) and opens it (Enter)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from bench import report
from bench.desks import Desk
from bench.serving import serving

if TYPE_CHECKING:  # the tests' packages, which only this benchmark needs
    from playwright.sync_api import Page

READS_FOR = 600  # ms with each ticket
MOVES_FOR = 120  # ms between the two keys
# From the key being pressed to the first frame after the conversation was swapped in, and whether the answer was there
# before the key.
WATCH = """
performance.setResourceTimingBufferSize(10000)
window.opened = []
let wanted = null
addEventListener("keydown", (event) => {
  const row = document.activeElement?.closest("[data-ref]")
  if (event.key !== "Enter" || !event.isTrusted || !row) return
  wanted = { ref: row.dataset.ref, url: new URL(row.getAttribute("hx-get"), location).href, at: event.timeStamp }
}, true)
function look() {
  if (!wanted || document.getElementById("conversation")?.dataset.ref !== wanted.ref) return
  const { url, at } = wanted
  wanted = null
  const isAhead = performance.getEntriesByName(url).some((entry) => entry.responseEnd > 0 && entry.responseEnd <= at)
  requestAnimationFrame(() => setTimeout(() => opened.push({ ms: performance.now() - at, isAhead })))
}
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true })
})
"""


@dataclass(frozen=True)
class Opened:
    """One ticket: seconds until it was shown, and whether the browser had fetched it before the key was pressed."""

    seconds: float
    is_ahead: bool


def measure(desk: Desk, count: int) -> list[Opened]:
    """Open so many tickets of the desk's list, one after the other."""
    environment = {"DATABASE_URL": _address_of(desk), "DEBUG": "0"}
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    root = Path(__file__).resolve().parent.parent
    subprocess.run(collect, check=True, cwd=root, env=os.environ | environment)
    session = desk.clients["agent"].cookies[settings.SESSION_COOKIE_NAME].value
    with serving("helpdesk.asgi:application", environment=environment) as server, _chromium() as page:
        url = server.url.replace("ws://", "http://")
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page.goto(f"{url}/inbox/?view=all", wait_until="networkidle")
        return [_open_next(page, place) for place in range(count + 1)][1:]  # the first one warms up


def _address_of(desk: Desk) -> str:
    """The database's address, for another process."""
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{desk.name}"


@contextmanager
def _chromium() -> Iterator[Page]:
    """A window that watches what is opened in it."""
    from playwright.sync_api import sync_playwright

    from tests.browser.looking import ARGS, chromium_path

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), headless=True, args=ARGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
        page.add_init_script(WATCH)
        yield page
        browser.close()


def _open_next(page: Page, before: int) -> Opened:
    """Read what is open, then on to the next row by key. Where the list ends, more of it is shown first."""
    page.wait_for_timeout(READS_FOR)
    if page.locator("#rows .item:not(:has(~ .item)) .row[aria-current]").count():
        _show_more(page)
    page.keyboard.press("j")
    page.wait_for_timeout(MOVES_FOR)
    page.keyboard.press("Enter")
    page.wait_for_function("before => opened.length > before", arg=before)
    found = page.evaluate("opened.at(-1)")
    return Opened(found["ms"] / 1000, found["isAhead"])


def _show_more(page: Page) -> None:
    more = page.locator("#rows .more a")
    if not more.count():
        raise SystemExit("The list has too few tickets for so many openings: fewer --openings, or a larger --large.")
    rows = page.locator("#rows .item").count()
    more.evaluate("link => link.click()")
    page.wait_for_function("rows => document.querySelectorAll('#rows .item').length > rows", arg=rows)


def tell(opened: list[Opened]) -> dict[str, Any]:
    """Print how long it took; what is to be written down, nothing if nothing was opened."""
    if not opened:
        return {}
    ahead = sum(one.is_ahead for one in opened)
    found = report.summary([one.seconds for one in opened]) | {"opened": len(opened), "ahead": ahead}
    row = [f"{found[key]:.0f}" for key in ("median_ms", "p95_ms", "opened", "ahead")]
    head = ["from key to conversation", "median ms", "p95 ms", "opened", "fetched ahead"]
    report.print_table("The next ticket in Chromium", head, [["the next ticket", *row]])
    return found
