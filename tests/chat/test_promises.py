"""What a site's chat says of the company's promises, and how often they were kept."""

from __future__ import annotations

import pytest

from accounts.models import Team
from chat.presence import presence
from tests.tickets.test_views_promises import tell
from tickets.actions.promises import Terms, give_promise

pytestmark = pytest.mark.django_db


def given(words: str, *, is_public: bool = True, **terms):
    return give_promise(by=None, words=words, terms=Terms("next_answer", 10, **terms), is_public=is_public)


def test_nothing_is_said_where_nothing_is_promised_to_all(site):
    given("Ours alone", is_public=False)
    assert "promises" not in presence(site)


def test_what_holds_there_is_said_with_how_often_it_was_kept(site, ticket, workshop, shop):
    new = given("Ten minutes", team=workshop)
    given("By mail", channel="email")
    given("In the shop", team=shop)
    given("When it burns", priority=4)
    old = given("Half an hour", channel="chat")
    tell(old, ticket, kept=19, void=9)
    assert presence(site)["promises"] == [
        {"words": "Ten minutes", "kept": None, "of": None},
        {"words": "Half an hour", "kept": None, "of": None},
    ]
    tell(old, ticket, broken=2)
    assert presence(site)["promises"][1] == {"words": "Half an hour", "kept": 19, "of": 21}
    tell(new, ticket, broken=20)
    assert presence(site)["promises"][0] == {"words": "Ten minutes", "kept": 0, "of": 20}


def test_a_chat_has_room_for_three(site):
    for number in range(5):
        given(f"Promise {number}")
    assert [one["words"] for one in presence(site)["promises"]] == ["Promise 0", "Promise 1", "Promise 2"]


def test_a_site_of_no_team_says_what_holds_everywhere(site):
    given("Workshop", team=Team.objects.get(pk=site.team_id))
    given("Everywhere")
    site.team = None
    assert [one["words"] for one in presence(site)["promises"]] == ["Everywhere"]
