"""Pictures under our own Content-Security-Policy, in a real Chromium: those made anew are shown, nothing else runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import BrowserContext, Error, Page, Request

from accounts.models import User
from customers.models import Customer
from tests.browser.conftest import sign_in
from tests.hostile.test_uploads import ACTIVE
from tickets.actions import add_attachment, post_message
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.browser
SHOW = """async (src) => {
    const picture = Object.assign(document.body.appendChild(new Image()), { src })
    try { await picture.decode() } catch { return null }
    return [picture.naturalWidth, picture.naturalHeight]
}"""
WATCH = (
    "addEventListener('securitypolicyviolation', (event) => { console.error('policy: ' + event.violatedDirective) })"
)


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def bring(ticket: Ticket, carla: Customer, name: str, content: bytes) -> Attachment:
    """Carla sends a file."""
    file = add_attachment(SimpleUploadedFile(name, content), by=carla)
    post_message(ticket, by=carla, body="", attachments=(str(file.pk),))
    return file


def picture(kind: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "#0d5c49").save(content, kind)
    return content.getvalue()


@pytest.fixture
def page(live: str, alice: User, chat_ticket: Ticket, new_window: Callable[..., BrowserContext]) -> Page:
    """Alice looks at Carla's chat."""
    window = new_window(accept_downloads=True)
    window.add_init_script(WATCH)
    sign_in(window, alice, live)
    page = window.new_page()
    page.goto(f"{live}/tickets/{chat_ticket.number}/")
    return page


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_made_anew_is_shown_on_our_pages(page: Page, chat_ticket: Ticket, carla: Customer, kind: str) -> None:
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    file = bring(chat_ticket, carla, "rim", picture(kind))
    assert page.evaluate(SHOW, f"/files/{file.pk}/") == [40, 30]
    assert troubles == []
    opened = page.goto(f"{origin(page)}/files/{file.pk}/")
    assert opened is not None
    assert opened.headers["content-disposition"].startswith("inline")


def origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))


def test_whatever_else_is_sent_is_saved_and_never_runs(page: Page, chat_ticket: Ticket, carla: Customer) -> None:
    troubles: list[str] = []
    here = origin(page)

    def see(request: Request) -> None:
        if not request.url.startswith(here):
            troubles.append(request.url)

    page.context.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.context.on("request", see)
    for what, content in ACTIVE.items():
        file = bring(chat_ticket, carla, "page.html", content)
        with page.expect_download(), pytest.raises(Error, match="Download is starting|ERR_ABORTED"):
            page.goto(f"{here}/files/{file.pk}/")
        assert not page.url.startswith(f"{here}/files/"), what
    assert troubles == []
