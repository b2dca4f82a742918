"""Whom a note mentions, by examples and for whatever one may write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.mentioning import fold, mentioned, pieces

NAMES = ["Alice Arden", "Alice", "Bob Bakker", "Workshop", "Workshop North", "Zoë O'Brien", "J. R. (Jim) Smith", "李"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Alice Arden, please look.", ["alice arden"]),
        ("@alice arden and @ALICE", ["alice arden", "alice"]),
        ("(@Alice) or @Alice.", ["alice"]),
        ("@Workshop North has it", ["workshop north"]),
        ("@Workshop Northern has it", ["workshop"]),
        ("@Alice  Arden over\n@Bob\nBakker", ["alice arden", "bob bakker"]),
        ("@Zoë O'Brien @J. R. (Jim) Smith @李", ["zoë o'brien", "j. r. (jim) smith", "李"]),
        ("Alice Arden without the sign", []),
        ("mail bob@Alice or x.@Alice", []),
        ("https://example.org/@Alice", []),
        ("@Alicent and @Alice_2", []),
        ("@Nobody", []),
        ("@", []),
    ],
)
def test_names_are_found_as_whole_words_the_longest_first(text, found):
    assert mentioned(text, NAMES) == found


NAME = st.text(min_size=1, max_size=12).filter(lambda name: name.strip() != "")


@given(st.text(max_size=200), st.lists(NAME, max_size=6))
def test_the_pieces_are_the_text_and_a_mention_is_one_of_the_names(text, names):
    parts = pieces(text, names)
    assert "".join(part.text for part in parts) == text
    found = mentioned(text, names)
    assert set(found) <= {fold(name) for name in names}
    assert any(part.is_mention for part in parts) == bool(found)
    assert all(part.text.startswith("@") for part in parts if part.is_mention)


@given(st.lists(NAME, min_size=1, max_size=6), st.data())
def test_whoever_is_named_alone_is_found(names, data):
    name = data.draw(st.sampled_from(names))
    folds = [fold(one) for one in names]
    found = mentioned(f"@{' '.join(name.split())} ", names)
    # The longest that fits; a name that ends in no letter may be followed by anything.
    assert len(found) == 1
    assert found[0] in folds
    assert len(found[0]) >= len(fold(name)) or fold(name) == found[0]


def test_many_names_and_a_long_text_are_quick():
    names = [f"Person {number} of the long name" for number in range(3000)]
    text = "@Person " * 2000 + "@Person 2999 of the long name"
    assert mentioned(text, names) == ["person 2999 of the long name"]
