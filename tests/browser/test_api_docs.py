"""The API's documentation page works under the same strict policy as every other page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Page]:
    """A page on which a script error, or anything that the policy forbids, fails the test."""
    page = chromium.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    yield page
    page.close()
    assert troubles == []


@pytest.mark.browser
def test_every_operation_is_shown_and_can_be_tried_by_whoever_is_signed_in(live_server, watched, alice, ticket):
    browser = Client()
    browser.force_login(alice)
    name = settings.SESSION_COOKIE_NAME
    watched.context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": live_server.url}])
    watched.goto(f"{live_server.url}/api/v1/docs/")
    schema = yaml.safe_load(browser.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi"}).content)
    operations = sum(len(methods) for methods in schema["paths"].values())
    assert operations > 50
    expect(watched.locator(".opblock")).to_have_count(operations)
    operation = watched.locator("#operations-messages-messages_post")
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("number").fill(str(ticket.pk))
    operation.locator("textarea").first.fill('{"body": "Sorry!", "client_id": "docs-1"}')
    operation.get_by_role("button", name="Execute").click()
    operation.locator(".live-responses-table .response-col_status", has_text="201").wait_for()
    message = ticket.messages.get(client_id="docs-1")
    assert (message.body, message.by) == ("Sorry!", alice)
