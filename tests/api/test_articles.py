"""Articles through the API: listed for everybody here, kept and changed by those who share."""

from __future__ import annotations

import pytest

from tickets.actions import create_article
from tickets.models import Article

URL = "/api/v1/articles/"


@pytest.fixture
def sizes(lea) -> Article:
    return create_article(by=lea, title="Tyre sizes", url="https://help.example/sizes")


def test_an_agent_reads_and_a_lead_keeps(api, as_, lea, sizes):
    assert [row["title"] for row in api.get(f"{URL}?q=tyre").json()["results"]] == ["Tyre sizes"]
    words = {"title": "Bells", "url": "https://help.example/bells"}
    assert api.post(URL, words).status_code == 403
    made = as_(lea).post(URL, words)
    assert (made.status_code, made.json()["title"], made.json()["used"]) == (201, "Bells", 0)
    for wrong in (words, words | {"url": "bells"}):
        refused = as_(lea).post(URL, wrong)
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["url"])


def test_an_article_is_changed_and_put_away(api, as_, lea, sizes):
    one = f"{URL}{sizes.pk}/"
    assert api.patch(one, {"archived": True}).status_code == 403
    away = as_(lea).patch(one, {"archived": True, "summary": "Old"}).json()
    assert (away["summary"], away["title"], bool(away["archived_at"])) == ("Old", "Tyre sizes", True)
    assert api.get(URL).json()["results"] == []
    assert [row["id"] for row in api.get(f"{URL}?archived=true").json()["results"]] == [sizes.pk]
    assert as_(lea).patch(one, {"archived": False}).json()["archived_at"] is None
    assert as_(lea).patch(one, {}).status_code == 400
    assert api.get(f"{URL}999999/").status_code == 404
