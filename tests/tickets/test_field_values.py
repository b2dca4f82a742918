"""What the company's own fields may hold: one spelling for each value, and nothing else."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tickets.field_values import check_options, new_options, read_value, say_value

SIZES = [
    {"key": "small", "name": "Small"},
    {"key": "large", "name": "Large"},
    {"key": "old", "name": "Old", "is_gone": True},
]

KEPT = [
    ("text", " two \x00 words\n", "two words"),
    ("text", "\ud800", "?"),
    ("text", "  ", None),
    ("number", "12", "12"),
    ("number", "12,50", "12.5"),
    ("number", "-0.0", "0"),
    ("number", "+007", "7"),
    ("number", 3.25, "3.25"),
    ("number", 10**14, "1" + "0" * 14),
    ("date", "2026-11-22", "2026-11-22"),
    ("date", "1.2.2026", "2026-02-01"),
    ("yes_no", "Yes", True),
    ("yes_no", False, False),
    ("choice", "large", "large"),
    ("choice", "LARGE", "large"),
    ("choices", ["Large", "small", "small"], ["small", "large"]),
    ("choices", "small, Large", ["small", "large"]),
    ("choices", [""], None),
    ("link", "https://shop.example/a?b=1#c", "https://shop.example/a?b=1#c"),
]
REFUSED = [
    ("text", "x" * 501),
    ("text", 5),
    ("text", ["x"]),
    ("number", "1e9"),
    ("number", "twelve"),
    ("number", "1" + "0" * 15),
    ("number", 1e300),
    ("number", float("nan")),
    ("number", float("inf")),
    ("number", True),
    ("number", "0.0000001"),
    ("number", "٣"),
    ("date", "2026-02-30"),
    ("date", "tomorrow"),
    ("date", 20261122),
    ("yes_no", "perhaps"),
    ("yes_no", 1),
    ("choice", "old"),
    ("choice", "Medium"),
    ("choice", ["small"]),
    ("choices", ["small", 3]),
    ("choices", {"small": 1}),
    ("link", "javascript:alert(1)"),
    ("link", "//shop.example"),
    ("link", "https://"),
    ("link", "https://a b"),
    ("link", 'https://a/"onload='),
    ("link", "http://[::1"),
    ("link", "data:text/html,x"),
]


@pytest.mark.parametrize(("kind", "raw", "kept"), KEPT)
def test_what_is_right_is_kept_in_one_spelling(kind, raw, kept):
    assert read_value(kind, SIZES, raw) == kept
    if kept is not None:
        assert read_value(kind, SIZES, kept) == kept


@pytest.mark.parametrize(("kind", "raw"), REFUSED)
def test_what_is_wrong_is_refused(kind, raw):
    with pytest.raises(ValidationError):
        read_value(kind, SIZES, raw)


@pytest.mark.parametrize("kind", ["text", "number", "date", "yes_no", "choice", "choices", "link"])
@pytest.mark.parametrize("raw", [None, "", []])
def test_nothing_is_nothing(kind, raw):
    assert read_value(kind, SIZES, raw) is None


def test_what_is_kept_is_said_in_words():
    assert say_value("yes_no", [], False) == "No"
    assert say_value("choices", SIZES, ["old", "small", "gone"]) == "Old, Small, gone"
    assert say_value("number", [], "12.5") == "12.5"


def test_a_key_is_never_used_twice():
    had = new_options(["Red", "red!", "مرحبا"], [])
    assert [option["key"] for option in had] == ["red", "red-2", "option"]
    assert new_options(["Red"], had)[0]["key"] == "red-3"


@pytest.mark.parametrize("names", [["Red", "RED"], ["x" * 61], [str(number) for number in range(51)]])
def test_choices_can_be_told_apart_and_are_not_too_many(names):
    with pytest.raises(ValidationError):
        check_options([{"key": str(place), "name": name} for place, name in enumerate(names)])
