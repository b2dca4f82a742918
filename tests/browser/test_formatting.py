"""Writing with formatting in a real Chromium: by button, key, list and paste; undone, looked at, and sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from tests.browser.conftest import sign_in
from tests.browser.looking import serious_findings
from tickets.actions import create_article
from tickets.models import Message, Ticket

pytestmark = pytest.mark.browser
PASTE = """([html, text]) => {
    const data = new DataTransfer();
    if (html) data.setData("text/html", html);
    data.setData("text/plain", text);
    const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(paste);
}"""


@pytest.fixture
def page(new_window: Callable[..., BrowserContext], live: str, alice: User, ticket: Ticket) -> Page:
    window = new_window(base_url=live)
    sign_in(window, alice, live)
    page = window.new_page()
    page.goto(f"/tickets/{ticket.number}/?view=all")
    expect(page.locator("[data-composer][data-ready]")).to_be_visible()
    return page


def test_words_are_formatted_undone_looked_at_and_sent(page: Page, ticket: Ticket) -> None:
    field = page.get_by_role("textbox", name="Your words")
    tools = page.get_by_role("group", name="Format")
    field.fill("Hello Carla")
    field.press("ControlOrMeta+a")
    tools.get_by_role("button", name="Bold").click()
    expect(field).to_have_value("**Hello Carla**")
    field.press("ControlOrMeta+i")
    expect(field).to_have_value("***Hello Carla***")
    field.press("ControlOrMeta+b")
    expect(field).to_have_value("*Hello Carla*")
    field.press("ControlOrMeta+z")
    expect(field).to_have_value("***Hello Carla***")

    field.fill("one")
    tools.get_by_role("button", name="Numbered list").click()
    expect(field).to_have_value("1. one")
    field.press("End")
    field.press("Enter")
    field.press_sequentially("two")
    field.press("Enter")
    expect(field).to_have_value("1. one\n2. two\n3. ")
    field.press("Enter")
    expect(field).to_have_value("1. one\n2. two\n")

    field.fill("our guide")
    field.press("ControlOrMeta+a")
    page.evaluate(PASTE, ["", "https://help.example/a"])
    expect(field).to_have_value("[our guide](https://help.example/a)")
    field.fill("")
    html = '<p>Take <b>care</b> of <a href="https://x.example/">this</a>:</p><ul><li>a_b</li><li><i>c</i></li></ul>'
    page.evaluate(PASTE, [html + "<script>window.__pwned = 1</script>", "Take care"])
    expect(field).to_have_value("Take **care** of [this](https://x.example/):\n\n- a_b\n- *c*")

    tools.get_by_role("button", name="Preview").click()
    shown = page.get_by_role("region", name="Preview")
    expect(shown.get_by_role("listitem")).to_have_text(["a_b", "c"])
    expect(field).to_be_hidden()
    assert serious_findings(page) == []
    shown.press("Escape")
    expect(field).to_be_focused()
    field.press("ControlOrMeta+Enter")
    said = page.locator("#timeline .words.rich")
    expect(said.get_by_role("link", name="this")).to_have_attribute("rel", "noopener nofollow")
    expect(said.locator("strong")).to_have_text("care")
    assert Message.objects.get(ticket=ticket, by_user__isnull=False).format == "markdown"
    assert page.evaluate("window.__pwned") is None


def test_an_article_is_found_and_put_in(page: Page, lea: User) -> None:
    create_article(by=lea, title="Reading a tyre size", url="https://help.example/tyres")
    create_article(by=lea, title="Bells and lamps", url="https://help.example/bells")
    field = page.get_by_role("textbox", name="Your words")
    field.fill("See")
    page.get_by_role("button", name="Articles").click()
    chooser = page.get_by_role("dialog", name="Articles")
    expect(chooser.get_by_role("option", selected=True)).to_contain_text("Reading a tyre size")
    expect(chooser.get_by_text("May answer what they wrote")).to_be_visible()
    assert serious_findings(page) == []
    chooser.get_by_role("combobox").fill("bells")
    expect(chooser.get_by_role("option")).to_have_count(1)
    chooser.get_by_role("combobox").press("Enter")
    expect(field).to_have_value("See [Bells and lamps](https://help.example/bells)")
    expect(field).to_be_focused()
