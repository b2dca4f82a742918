"""Every page of the desk, seen by somebody who reads German: no English is left on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.access_matrix import DEVELOPMENT_ONLY
from tests.test_access_matrix import ROUTES, World, people, world  # noqa: F401  (fixtures)
from tests.test_words import SAID, SILENT

pytestmark = pytest.mark.django_db

# The commonest words of English that are none of German.
ENGLISH = re.compile(
    r"(?<![\w./@#:-])"
    r"(the|of|and|to|with|your|this|are|you|it|not|is|by|what|for|from|here|nobody|who)"
    r"(?![\w/@:=-]|\.\w)",
    re.IGNORECASE,
)
# What people have written in that world, in their own language, what is a name, and what one types into the search.
WRITTEN = re.compile(
    "The tyre is wrong|Here it is|Ask the depot|Call the depot|We are on it|We are open|Waiting for parts|Thank you!"
    "|Tyre size read off the frame|We sent the wrong tyre. We are sorry."
    "|I ordered a 42 and got a 47|Port of Spain|Isle of Man|me, nobody"
)
# Not for those who work here: what programs and visitors get, what speaks for itself.
ELSEWHERE = ("api:", "api-", "chat:", "health", "styleguide")
# What else some of them can show.
QUERIES = {
    "customers:list": ["q=carla", "q=nothing"],
    "customers:same_person": ["q=dora"],
    "macros:list": ["q=nothing"],
    "tickets:bulk": ["number={number}"],
    "tickets:due": ["show=teams", "show=all"],
    "tickets:inbox": [
        *(f"view={view}" for view in ("mine", "mentions", "snoozed", "solved", "trash", "no-team", "waiting-all")),
        *("q=carla", "q=is:open", "q=nothing", "q=note:depot+from:carla+before:yesterday"),
    ],
    "tickets:notifications": ["show=unread"],
    "tickets:show": ["before=1"],
    "tickets:split": ["message={message}"],
    "tickets:when": ["words=morgen", "words=nothing"],
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Seen(HTMLParser):
    """What a page says, and what it reads aloud, but for what it says is in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[tuple[str, bool]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        is_silent = self.is_silent or tag in SILENT or (said.get("lang") or "de") != "de"
        if not is_silent:
            self.texts += [text for name in SAID if (text := said.get(name))]
        if tag not in VOID:
            self.around.append((tag, is_silent))

    def handle_endtag(self, tag: str) -> None:
        if tag in (name for name, _is_silent in self.around):
            while self.around.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.is_silent:
            self.texts.append(data)

    @property
    def is_silent(self) -> bool:
        return bool(self.around) and self.around[-1][1]


def english_on(page: str) -> Iterator[str]:
    seen = Seen()
    seen.feed(page)
    seen.close()
    for text in seen.texts:
        if ENGLISH.search(WRITTEN.sub("", text)):
            yield " ".join(text.split())


def test_a_page_is_read_as_people_read_it():
    page = '<p title="Say when">Nur <code>is it</code><kbd>of</kbd> hier<br><i lang="fr">is</i> von <a>the shop</a></p>'
    assert list(english_on(page)) == ["the shop"]
    assert list(english_on('<input placeholder="Write to them"><img alt="nobody">')) == ["Write to them", "nobody"]


def pages(world: World) -> Iterator[tuple[str, str]]:  # noqa: F811
    """Every page with its name, as an administrator who chose German gets it, or who is not signed in and wants it."""
    adam = world.people["adam"]
    adam.language = "de"
    adam.save(update_fields=["language"])
    said = world.ticket.messages.replies().first()
    assert said is not None
    for name in sorted(set(ROUTES) - DEVELOPMENT_ONLY):
        if name.startswith(ELSEWHERE):
            continue
        address = ROUTES[name].address(world.values(name))
        for who, query in [("anonymous", ""), *(("adam", query) for query in ["", *QUERIES.get(name, [])])]:
            asked = query.format(number=world.ticket.pk, message=said.pk)
            client = world.client(who, name, headers={"Accept-Language": "de-AT"})
            answer = client.get(f"{address}?{asked}")
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                yield f"{name}?{asked} for {who}", answer.content.decode()


def test_no_page_of_the_desk_says_anything_in_english(world: World):  # noqa: F811
    read = dict(pages(world))
    assert len(read) > 80
    left = {name: found for name, page in read.items() if (found := sorted(set(english_on(page))))}
    assert left == {}
