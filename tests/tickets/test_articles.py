"""Articles are kept by those who share, found and suggested on a ticket, and counted when they are sent."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from tickets.actions import (
    archive_article,
    change_article,
    create_article,
    post_message,
    restore_article,
)
from tickets.formatting import link, to_html
from tickets.models import Article
from tickets.queries.articles import find_articles, suggest_articles

SIZES = "https://help.example/tyre-sizes"


@pytest.fixture
def sizes(lea) -> Article:
    return create_article(by=lea, title="Reading a tyre size", url=SIZES, summary="Where the size stands on a tyre")


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


# --- Keeping ---


def test_only_who_shares_keeps_articles(alice, sizes):
    words = {"title": "X", "url": "https://x.example"}
    for act in (
        lambda: create_article(by=alice, **words),
        lambda: change_article(sizes, by=alice, **words),
        lambda: archive_article(sizes, by=alice),
        lambda: restore_article(sizes, by=alice),
    ):
        with pytest.raises(PermissionDenied):
            act()


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        ({"title": " "}, "empty", "title"),
        ({"title": "x" * 201}, "too_long", "title"),
        ({"summary": "x" * 501}, "too_long", "summary"),
        ({"url": "help.example"}, "invalid", "url"),
        ({"url": "javascript:alert(1)"}, "invalid", "url"),
        ({"url": "ftp://help.example/x"}, "invalid", "url"),
        ({"url": SIZES}, "conflict", "url"),
    ],
)
def test_what_cannot_be_kept_is_said(lea, sizes, words, code, field):
    with pytest.raises(ValidationError) as refused:
        create_article(by=lea, **({"title": "X", "url": "https://x.example"} | words))
    assert list(refused.value.error_dict) == [field]
    assert refused.value.error_dict[field][0].code == code


def test_an_article_is_put_away_and_brought_back(lea, sizes):
    archive_article(sizes, by=lea)
    archive_article(sizes, by=lea)
    assert (list(find_articles("")), list(find_articles("", archived=True))) == ([], [sizes])
    with pytest.raises(ValidationError, match="put away"):
        create_article(by=lea, title="Again", url=SIZES)
    restore_article(sizes, by=lea)
    assert list(find_articles("tyre where")) == [sizes]
    assert list(find_articles("saddle")) == []


# --- Sending ---


def test_an_article_is_counted_when_its_link_is_sent(ticket, alice, carla, sizes, django_capture_on_commit_callbacks):
    words = f"See [Reading a tyre size]({SIZES}), or {SIZES}."
    with django_capture_on_commit_callbacks(execute=True):
        post_message(ticket, by=carla, body=words)
        post_message(ticket, by=alice, body=words, kind="note", format="markdown")
        post_message(ticket, by=alice, body=words, format="markdown", client_id="once")
        post_message(ticket, by=alice, body=words, format="markdown", client_id="once")
    sizes.refresh_from_db()
    assert sizes.used == 1


@pytest.mark.parametrize("title", ["[x](https://evil.example)", "a*b*c", "`code`", "back\\slash", "<b>"])
def test_a_title_is_only_words_in_the_link(title):
    shown = to_html(link(title, "https://x.example/a_(b) c"))
    assert shown.count("<a ") == 1
    assert 'href="https://x.example/a_%28b%29%20c"' in shown
    assert "<em>" not in shown


# --- Suggesting ---


def test_what_the_customer_wrote_suggests_what_may_answer_it(ticket, lea, sizes):
    others = [
        create_article(by=lea, title=f"About our {thing}", url=f"https://help.example/{thing}", summary=f"Our {thing}.")
        for thing in ("saddles", "opening-hours", "bells", "returns", "gears", "deliveries")
    ]
    assert suggest_articles(ticket)[0] == sizes
    assert others[0] not in suggest_articles(ticket)
    assert len(suggest_articles(ticket)) <= 3


def test_suggesting_asks_twice_however_many_there_are(ticket, lea, sizes, django_assert_num_queries):
    for number in range(30):
        create_article(by=lea, title=f"Tyre {number}", url=f"https://help.example/{number}")
    with django_assert_num_queries(2):
        suggest_articles(ticket)


# --- Pages ---


def test_agents_choose_from_what_is_offered(ticket, alice, charlie, lea, sizes):
    url = f"/tickets/{ticket.pk}/articles/"
    page = browser(alice).get(url).content.decode()
    assert "May answer what they wrote" in page
    assert f"[Reading a tyre size]({SIZES})" in page
    assert "Nothing has “saddle” in it." in browser(alice).get(f"{url}?q=saddle").content.decode()
    assert browser(charlie).get(url).status_code == 404
    archive_article(sizes, by=lea)
    assert "There are no articles yet." in browser(alice).get(url).content.decode()


def test_a_lead_keeps_articles_under_settings(lea, desk_row):
    client = browser(lea)
    words = {"title": "Sizes", "url": SIZES, "summary": ""}
    assert client.post("/settings/articles/new/", words).status_code == 302
    article = Article.objects.get()
    assert client.post("/settings/articles/new/", words).status_code == 422
    again = client.post("/settings/articles/new/", words).content.decode()
    assert "has this address already" in again
    assert client.post(f"/settings/articles/{article.pk}/", words | {"title": "All sizes"}).status_code == 302
    assert "All sizes" in client.get("/settings/articles/?q=sizes").content.decode()
    client.post(f"/settings/articles/{article.pk}/archive/")
    client.get("/settings/articles/")  # says once what was done
    assert "All sizes" not in client.get("/settings/articles/").content.decode()
    assert "All sizes" in client.get("/settings/articles/?archived=1").content.decode()
    client.post(f"/settings/articles/{article.pk}/archive/", {"do": "restore"})
    article.refresh_from_db()
    assert (article.title, article.archived_at) == ("All sizes", None)


def test_what_one_writes_can_be_looked_at_first(alice):
    answer = browser(alice).post("/tickets/preview/", {"body": "**Hello**\n<script>alert(1)</script>"})
    assert answer.content.decode().strip() == "<p><strong>Hello</strong><br>\n&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    assert "Nothing is written yet." in browser(alice).post("/tickets/preview/", {"body": " \n"}).content.decode()
