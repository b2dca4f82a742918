"""What of a browser's own words is kept, and how our people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.browsers import (
    TITLE_CHARS,
    URL_CHARS,
    browser_in_words,
    kept_url,
    known_zone,
    one_line,
    page_at,
)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("https://Shop.Example:8443/cart/2?token=secret&q=x#card", "https://shop.example:8443/cart/2"),
        ("https://user:password@shop.example/me", "https://shop.example/me"),
        ("https://shop.example/@carla", "https://shop.example/@carla"),
        ("http://[2001:db8::1]:9/a", "http://[2001:db8::1]:9/a"),
        ("https://shop.example/größe", "https://shop.example/größe"),
        ("https://shop.example/" + "a" * 900, ("https://shop.example/" + "a" * 900)[:URL_CHARS]),
    ],
)
def test_of_a_page_its_place_is_kept_and_nothing_secret(url, kept):
    assert kept_url(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "", "shop.example/a", "//shop.example/a", "/cart", "ftp://shop.example/a", "javascript:alert(1)",
        "JaVaScRiPt://shop.example/%0aalert(1)", "data:text/html,<script>", "file:///etc/passwd", "about:blank",
        "https://", "https:///a", "https://shop.example:99999/", "https://shop.example:x/", "https://[::1/",
        "https://shop.example/<b>", "https://shop.example/a b", "https://shop.example\\@evil.example/",
        "https://a b/", 'https://a"b/', "https://a<b>/", "https://a\\b/", "https://shop.example/\x00",
        "https://shop.example/\u202ea", "https://shop.example/a\nb", "https://shop.example/\ud800",
    ],
)  # fmt: skip
def test_what_is_no_page_is_not_kept(url):
    assert kept_url(url) == ""
    assert page_at(url, "Title") is None


@given(st.text(max_size=300))
def test_whatever_is_kept_is_a_plain_address_that_stays_itself(text):
    for url in (text, f"https://shop.example/{text}", f"https://{text}/a"):
        kept = kept_url(url)
        assert kept == "" or (kept.startswith(("http://", "https://")) and not set(kept) & set('?#"<>\\ \n'))
        assert len(kept) <= URL_CHARS
        assert kept_url(kept) in (kept, "")


def test_a_title_is_one_line_without_what_cannot_be_seen():
    page = page_at("https://shop.example/", " The \u202ebig\u200b\n sale\x07 " + "x" * 400)
    assert page.title.startswith("The big sale x")
    assert len(page.title) == TITLE_CHARS
    assert one_line("مرحبا 車 👍", limit=50) == "مرحبا 車 👍"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
         "Firefox 132 on Windows 10 or newer"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.5 Mobile/15E148 Safari/604.1", "Mobile Safari 17 on iPhone (iOS 17)"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.1 Safari/605.1.15", "Safari 18 on macOS"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
         "Mobile Safari/537.36", "Chrome Mobile 131 on Android 14"),
        ("curl/8.5", "curl 8"),
        ("", ""), ("(", ""), ("x" * 300, ""), ("\x00\ufffd", ""),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_words(user_agent, words):
    assert browser_in_words(user_agent) == words


def test_only_a_time_zone_is_one():
    assert known_zone("Europe/Amsterdam") == "Europe/Amsterdam"
    assert {known_zone(name) for name in ("", "Mars/Olympus", "../../etc/passwd", "\x00")} == {""}
