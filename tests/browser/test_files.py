"""Files from the agent's composer to the customer's disk, in two windows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tests.browser.test_first_day import say, shop  # noqa: F401  (the customer's way in)
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.browser
# Bytes that no careless way survives: every value, line ends of all kinds, more than one chunk.
BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 600 + b"\r\n.\r\n\n\r"
NAME = "Größe & Rim “42”.png"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def conversation(
    live: str,
    shop: str,  # noqa: F811
    alice: User,
    new_window: Callable[..., BrowserContext],
) -> tuple[Page, Page, FrameLocator]:
    """Alice's page with the ticket open, the customer's page, and the chat on it."""
    page = new_window(accept_downloads=True).new_page()
    page.goto(f"{shop}/tyres")
    page.get_by_role("button", name="Chat with us").click()
    panel = page.frame_locator("iframe")
    say(panel, "Which rim do you mean?")
    expect(panel.get_by_text("Sent ")).to_be_visible()
    desk = new_window()
    sign_in(desk, alice, live)
    ours = desk.new_page()
    ours.goto(f"{live}/tickets/{Ticket.objects.get().number}/")
    return ours, page, panel


def attach(ours: Page, name: str, content: bytes) -> None:
    ours.locator("[data-attach]").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
    expect(ours.locator("[data-files] .file", has_text=name).locator("input[name=attachments]")).to_be_attached()


def send(ours: Page, words: str = "") -> None:
    ours.get_by_role("textbox", name="Your words").fill(words)
    ours.locator("[data-send=reply]").click()
    expect(ours.locator("[data-files] .file")).to_have_count(0)


def test_what_the_agent_attaches_is_what_the_customer_saves(
    conversation: tuple[Page, Page, FrameLocator], tmp_path: Path
) -> None:
    ours, page, panel = conversation
    attach(ours, NAME, BYTES)
    attach(ours, "bill.txt", b"47 mm\n")
    send(ours, "This one, and the bill for it.")

    # Alice sees them in the conversation, the customer under the words.
    expect(ours.locator("#conversation .message .file")).to_have_count(2)
    expect(panel.locator(".bubble").last).to_contain_text("This one, and the bill for it.")
    expect(panel.locator(".bubble .file-name")).to_have_text([NAME, "bill.txt"])
    expect(panel.locator(".bubble .file-size")).to_have_text(["154 kB", "1 kB"])
    with page.expect_download() as saving:
        panel.get_by_role("button", name=f"Save {NAME}, 154 kB").click()
    saved = saving.value
    saved.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == BYTES
    assert saved.suggested_filename.endswith(".png")
    assert "Größe & Rim" in saved.suggested_filename
    expect(panel.locator(".file-size").first).to_have_text("154 kB")

    # A file without words is a message too, also in the list and after coming back.
    attach(ours, "rim.png", BYTES[:2000])
    send(ours)
    expect(panel.locator(".bubble.wordless .file-name")).to_have_text("rim.png")
    expect(ours.locator(".row").filter(has_text="A file")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Chat with us").click()
    expect(panel.locator(".file-name")).to_have_text([NAME, "bill.txt", "rim.png"])
    panel.get_by_role("button", name="Save rim.png").focus()
    with page.expect_download() as saving:
        page.keyboard.press("Enter")
    saving.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == BYTES[:2000]
    assert serious_findings(page) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert serious_findings(page) == []
        if folder := os.environ.get("SHOTS"):
            page.locator("makegood-widget iframe").screenshot(path=f"{folder}/files-{scheme}.png")
            ours.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            ours.screenshot(path=f"{folder}/files-desk-{scheme}.png")


def test_a_file_that_cannot_be_had_says_so_in_words(conversation: tuple[Page, Page, FrameLocator]) -> None:
    ours, page, panel = conversation
    attach(ours, "rim.png", BYTES)
    send(ours)
    button = panel.get_by_role("button", name="Save rim.png")
    expect(button).to_be_visible()
    page.context.set_offline(True)
    button.click()
    expect(panel.get_by_role("alert").filter(has_text="It could not be loaded. Please try again.")).to_be_visible()
    page.context.set_offline(False)
    kept = Attachment.objects.get()
    kept.file.storage.delete(kept.file.name)
    button.click()
    expect(panel.get_by_role("alert").filter(has_text="This file is not there any more.")).to_be_visible()
    assert serious_findings(page) == []
    if folder := os.environ.get("SHOTS"):
        page.locator("makegood-widget iframe").screenshot(path=f"{folder}/files-gone.png")


def test_files_of_a_note_stay_with_the_team(conversation: tuple[Page, Page, FrameLocator]) -> None:
    ours, _, panel = conversation
    ours.locator(".composer .kinds label", has_text="Note").click()
    attach(ours, "canary.png", BYTES)
    ours.get_by_role("textbox", name="Your words").fill("Between us")
    ours.locator("[data-send=note]").click()
    expect(ours.locator(".message.note .file")).to_have_count(1)
    ours.locator(".composer .kinds label", has_text="Reply").click()
    send(ours, "A moment.")
    expect(panel.locator(".bubble").last).to_have_text("A moment.")
    expect(panel.locator(".file")).to_have_count(0)
