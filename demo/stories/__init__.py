"""The stories that the demo company's conversations tell, read from the text files beside this one.

    ### wrong-tyre                    a name, unique
    weight: 5                         how often it happens, against the others
    channels: chat, email             one of them is drawn
    team: workshop
    cause: tyre-size                  named when it is solved; left out: none
    tags: tyre, order
    who: Nadia Okafor                 only where it must be this customer, or a `guest`
    by: Jonas Reuter                  only where it must be this agent who answers
    subject: The tyre is wrong        several lines: one is drawn; a chat has none
    customer: …                       what the customer writes; the first line opens the ticket
    or: …                             another way to put the line before
    agent: …                          what whoever has the ticket answers
    note: …   colleague: …            a note of theirs, a note by someone else of the team
    move: workshop                    handed to another team
    priority: high   pending:   hold: how it stands from here on
    wait: 2d                          nothing happens for minutes (m), hours (h) or days (d)
    ago: 26m                          (the stories of today) the next line happened that long ago
    ago: 40m open                     the same, counted in opening hours
    solve: Refunded.                  with the cause above; the words may be left out

` // ` begins a new paragraph. {first}, {me}, {order} and the like are filled in by `history.facts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

VERBS = {"customer", "agent", "note", "colleague", "move", "priority", "pending", "hold", "wait", "ago", "solve"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Step:
    """One thing that happens; `texts` are different ways to put it."""

    verb: str
    texts: tuple[str, ...]


@dataclass
class Story:
    name: str
    weight: int = 0
    channels: list[str] = field(default_factory=list)
    team: str = ""
    cause: str = ""
    who: str = ""
    by: str = ""
    tags: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def read_stories(name: str) -> list[Story]:
    """The stories of one file; ValueError names what it cannot read."""
    text = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")
    return [_story(part) for part in text.split("### ")[1:]]


def span(text: str) -> timedelta:
    """`90m`, `3h`, `2d`."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def _story(part: str) -> Story:
    title, *lines = part.splitlines()
    story = Story(title.strip())
    for line in filter(str.strip, lines):
        word, _, value = line.partition(":")
        _take(story, word, value.strip().replace(" // ", "\n\n"))
    return story


def _take(story: Story, word: str, value: str) -> None:
    if word in VERBS:
        story.steps.append(Step(word, (value,)))
    elif word == "or":
        last = story.steps.pop()
        story.steps.append(Step(last.verb, (*last.texts, value)))
    elif word == "subject":
        story.subjects.append(value)
    elif word in ("channels", "tags"):
        setattr(story, word, [item.strip() for item in value.split(",")])
    elif word == "weight":
        story.weight = int(value)
    elif word in ("team", "cause", "who", "by"):
        setattr(story, word, value)
    else:
        raise ValueError(f"{story.name}: what is {word!r}?")
