from __future__ import annotations

import pytest

from demo.company import CAUSES, CUSTOMERS, PEOPLE, TEAMS
from demo.history import facts
from demo.stories import read_stories, span
from tickets.models import Channel

STORIES = {story.name: story for name in ("past", "today") for story in read_stories(name)}
KNOWN = {"me", "yesterday", "tomorrow", "later", "before", "depot"}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_story_names_only_what_there_is(story):
    causes = {slug for children in CAUSES.values() for slug in children}
    assert story.channels
    assert set(story.channels) <= set(Channel.values)
    assert story.team in {*TEAMS, ""}
    assert story.cause in {*causes, ""}
    assert story.who in {name for name, *_ in CUSTOMERS} | {"", "guest"}
    assert story.by in {name for _, name, *_ in PEOPLE} | {""}
    assert story.subjects or story.channels == ["chat"]
    begins = next(step.verb for step in story.steps if step.verb != "ago")
    assert (begins == "agent") == (story.channels == ["phone"]), "we open only what we write down after a call"


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_every_blank_in_a_story_can_be_filled(story):
    from random import Random

    from customers.models import Customer

    words = facts(Customer(name="Carla Cortez"), Random(1)) | dict.fromkeys(KNOWN, "x")
    for text in [*story.subjects, *(text for step in story.steps for text in step.texts)]:
        text.format_map(words)


def test_a_story_that_cannot_be_read_says_where():
    from demo.stories import _story

    with pytest.raises(ValueError, match="odd: what is 'costumer'"):
        _story("odd\ncostumer: hello")


def test_a_span_is_minutes_hours_or_days():
    assert span("90m").total_seconds() == 5400
    assert span("3h").total_seconds() == 10800
    assert span("2d").days == 2
