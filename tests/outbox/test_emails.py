from pathlib import Path
from typing import Any

import pytest

from accounts.models import Desk
from outbox.emails import ink_on, render

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def letter(tmp_path: Path, settings: Any) -> None:
    """A template of a higher app."""
    Desk.objects.create(name="Bellwether & Co")
    folder = tmp_path / "shop" / "mail"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text(
        '{% extends "outbox/layout.txt" %}{% block content %}Hello {{ name }},\n\n\n\n{{ words }}{% endblock %}'
    )
    (folder / "letter.html").write_text(
        '{% extends "outbox/layout.html" %}{% block content %}<p>Hello {{ name }},</p>'
        "<blockquote>{{ words|linebreaksbr }}</blockquote>{% endblock %}"
    )
    engine = dict(settings.TEMPLATES[0])
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], tmp_path]}]


def letter_with(**context: Any) -> Any:
    return render("shop/mail/letter", {"name": "Zoë <b>", "words": "1 < 2 & 3", **context})


def test_text_is_plain_and_html_is_escaped() -> None:
    mail = letter_with()
    assert mail.text == "Hello Zoë <b>,\n\n1 < 2 & 3\n\n-- \nBellwether & Co\n"
    assert "Hello Zoë &lt;b&gt;," in mail.html
    assert "1 &lt; 2 &amp; 3" in mail.html
    assert "Bellwether &amp; Co" in mail.html


def test_there_is_one_button_and_the_text_has_its_address() -> None:
    mail = letter_with(action_url="https://desk.example/r/1?a=1&b=2", action_label="Open it")
    assert "Open it:\nhttps://desk.example/r/1?a=1&b=2\n" in mail.text
    assert mail.html.count("<a ") == 1
    assert 'href="https://desk.example/r/1?a=1&amp;b=2"' in mail.html
    assert "<a " not in letter_with().html


def test_styles_are_inline_and_only_the_dark_ones_stay_above() -> None:
    mail = letter_with(color="#AA3300", action_url="https://desk.example/", action_label="Open")
    assert 'class="band" bgcolor="#aa3300"' in mail.html
    assert mail.html.count("background-color: #aa3300") >= 2
    assert "prefers-color-scheme: dark" in mail.html
    assert "font-size: 16px" in mail.html.partition("<body")[2]
    assert len(mail.html) < 12_000


def test_nothing_is_fetched_when_it_is_read() -> None:
    html = letter_with(color="#0d5c49").html
    for word in ("<img", "<link", "<script", "url(", "@import", "@font-face"):
        assert word not in html


@pytest.mark.parametrize("color", ["", None, "red", "#fff", "#0d5c49;} body{display:none", '"><script>'])
def test_what_is_no_colour_falls_back_to_ours(color: Any) -> None:
    html = letter_with(color=color).html
    assert 'bgcolor="#0d5c49"' in html
    assert "display:none" not in html


@pytest.mark.parametrize(
    ("color", "ink"),
    [("#0d5c49", "#ffffff"), ("#ffe600", "#1f1d1a"), ("#ffffff", "#1f1d1a"), ("#000000", "#ffffff")],
)
def test_the_words_on_the_button_can_be_read(color: str, ink: str) -> None:
    assert ink_on(color) == ink
