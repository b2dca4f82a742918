import re

import pytest
from django.core import mail
from django.test import Client

from tests.conftest import PASSWORD


@pytest.fixture
def browser():
    """A way to open browsers: `browser(alice)` is signed in, through the door."""

    def open_browser(user=None, password=PASSWORD) -> Client:
        client = Client()
        if user is not None:
            answer = client.post("/accounts/login/", {"login": user.email, "password": password, "remember": "on"})
            assert answer.status_code == 302, answer.content
        return client

    return open_browser


@pytest.fixture
def link_in_mail():
    """The path of the one link in the newest mail."""

    def find() -> str:
        return re.search(r"http://[^/\s]+(/\S+)", mail.outbox[-1].body)[1]

    return find
