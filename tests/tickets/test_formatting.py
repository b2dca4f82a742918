"""What our people write becomes the few things that a message may have, and nothing else; and no text takes long."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from django.conf import settings

from accounts.models import User
from outbox.models import Mail
from tests.hostile.payloads import PAYLOADS, SCRIPTS
from tickets.actions import post_message
from tickets.formatting import SCHEMES, TAGS, escape, to_html, to_text
from tickets.jobs import run_due_follow_ups
from tickets.models import Ticket
from tickets.templatetags.words import breakable

LINK = 'target="_blank" rel="noopener nofollow"'


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("**b** *i* _i_ ~~s~~", "<p><strong>b</strong> <em>i</em> <em>i</em> <s>s</s></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\n\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```\n<b>\n  x\n```", "<pre><code>&lt;b&gt;\n  x\n</code></pre>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
        ("Look:\n- a", "<p>Look:</p>\n<ul>\n<li>a</li>\n</ul>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("# Loud", "<p><strong>Loud</strong></p>"),
        ("[our guide](https://x.example/a)", f'<p><a href="https://x.example/a" {LINK}>our guide</a></p>'),
        ("https://x.example/a_b_c.", f'<p><a href="https://x.example/a_b_c" {LINK}>https://x.example/a_b_c</a>.</p>'),
        ("(www.x.example)", f'<p>(<a href="https://www.x.example" {LINK}>www.x.example</a>)</p>'),
        ("me@x.example", "<p>me@x.example</p>"),
        ("me@x.org", f'<p><a href="mailto:me@x.org" {LINK}>me@x.org</a></p>'),
    ],
)
def test_what_is_meant_is_shown(typed, shown):
    assert to_html(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "snake_case_words and 2 * 3 * 4",
        "#1042 is the number",
        "setup.py, e.g. this",
        "a &amp; b &lt;",
        "| a | b |\n|---|---|",
        "[x]: https://",
        "[x](/relative)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,y)",
        "\\*not bold\\*",
        "Alice\n---\nBellwether",
    ],
)
def test_what_is_not_meant_stays_text(typed):
    shown = to_html(typed)
    assert re.findall(r"<(?!/?p>|br>)", shown) == []


def test_no_picture_is_ever_fetched():
    assert "<img" not in to_html("![x](https://x.example/x.png)")


@pytest.mark.parametrize("payload", tuple(PAYLOADS.values()), ids=tuple(PAYLOADS))
def test_nothing_hostile_gets_through(payload):
    for text in (payload, f"[{payload}]({payload})", f"**{payload}**", f"<{payload}>"):
        shown = to_html(text)
        for name, attributes in re.findall(r"<\s*/?\s*([^\s/>]+)([^>]*)>", shown):
            assert name in TAGS
            assert re.fullmatch(
                r'( (href="(https?|mailto):[^"]*"|target="_blank"|rel="noopener nofollow"|start="\d+"))*',
                attributes,
                re.I,
            ), shown


@pytest.mark.parametrize("payload", tuple(SCRIPTS.values()), ids=tuple(SCRIPTS))
def test_others_words_between_ours_mean_only_themselves(payload):
    name = " ".join(payload.split())
    assert "<strong" not in to_html(f"Dear {escape(name)}, hello")


def test_a_name_makes_no_link():
    shown = to_html(f"Dear {escape('[your refund](https://evil.example) **now**')},")
    assert ">your refund</a>" not in shown
    assert "<strong>" not in shown


PARTS = [
    ">", "> ", "> - ", "- - ", "\n>", "  - ", "*a ", "**a*", "*_a", "_*", "a**b_", "*a **b ~~c ", "[", "](", "[a](",
    "![", "[[a]",
    "`", "``a", "~~", "<", "<http://", "http://a.", "https://a.b/(", "://", "//", "www.", "www.a.", "a@", "a@b.",
    "a.b.",
    "[a](https://b.c ", "\\", "&", "\n", "\n\n- a\n", "```\n", "\n```", "1. ", "(", "#", "\t",
]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_no_text_takes_long(part):
    text = (part * settings.MESSAGE_MAX_CHARS)[: settings.MESSAGE_MAX_CHARS]
    begun = time.process_time()
    to_html(text)
    to_text(text)
    assert time.process_time() - begun < 5  # seconds of this process alone; measured: at most 0.3


def test_many_addresses_are_links_up_to_a_point():
    assert to_html("https://x.example " * 200).count("<a ") == 200
    assert to_html("https://x.example " * 201).count("<a ") == 0


def test_plain_mails_read_well():
    typed = (
        "# Hello **Carla**\nsee [our guide](https://x.example/guide), https://x.example or [me](mailto:me@x.org)\n\n"
        "- take it out\n  slowly\n- read the *size*\n  1. front\n  2. back\n\n> said\n> - before\n\n```\na  b\n```\nBye"
    )
    assert to_text(typed) == (
        "Hello Carla\n\nsee our guide (https://x.example/guide), https://x.example or me (me@x.org)\n\n"
        "- take it out\n  slowly\n- read the size\n  1. front\n  2. back\n\n> said\n> - before\n\na  b\n\nBye"
    )


def test_plain_mails_keep_what_looks_like_html():
    assert to_text("<b>1 < 2</b> & `x`") == "<b>1 < 2</b> & x"


# --- In mails ---


def mailed(ticket: Ticket, by: User, body: str) -> Mail:
    post_message(ticket, by=by, body=body, format="markdown")
    assert run_due_follow_ups() == 1
    return Mail.objects.get(kind="reply")


def test_a_mail_says_it_in_both_of_its_parts(ticket, alice):
    body = "Dear **Carla**, see [our guide](https://x.example/a):\n\n- one\n- two"
    mail = mailed(ticket, alice, body)
    assert "<strong>Carla</strong>" in mail.html
    assert re.search(r'<a href="https://x.example/a"[^>]*>our guide</a>', mail.html)
    assert re.search(r"<li[^>]*>one</li>", mail.html)
    assert "Dear Carla, see our guide (https://x.example/a):\n\n- one\n- two\n" in mail.text


class Elements(HTMLParser):
    """What a browser would make of a text: its elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_no_script_reaches_a_mail(ticket, alice):
    body = "\n\n".join(f"**{text}** [{text}](https://x.example)" for text in SCRIPTS.values())
    words = mailed(ticket, alice, body).html.partition('class="said"')[2].partition("</td>")[0]
    found = Elements(words).found
    assert len(found) > len(SCRIPTS)
    for tag, attributes in found:
        assert tag in TAGS
        assert set(attributes) <= {"href", "target", "rel", "style", "start"}
        assert (attributes.get("href") or "https:").partition(":")[0] in SCHEMES


def test_an_address_may_break_behind_its_at_sign_and_nowhere_else():
    assert breakable("carla@example.org") == "carla@<wbr>example.org"
    assert breakable("<b>@x") == "&lt;b&gt;@<wbr>x"
