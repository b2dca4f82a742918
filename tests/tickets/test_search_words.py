"""What a text in the search box asks for, and how words are compared and shown."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.search_words import MAX_CHARS, MAX_PARTS, Marker, Search, days, fold, parse

TODAY = date(2026, 11, 22)
# The language's own words and signs, so that chance meets them.
SIGNS = st.lists(
    st.sampled_from(
        ["is:", "open", "from:", "-", '"', "“", ":", "before:", "2026-11-01", "#", "4711", "*", "&", "|", "!", "(", ")",
         "<->", "'", "\\", "\x00", "é", "日本", " ", "tag:vip", "a@b.co", "ß", "\ud800", "\u0301", "file:", "9999d"]
    ) | st.text(max_size=8),
    max_size=40,
).map("".join)  # fmt: skip


def ask(text: str) -> Search:
    return parse(text, TODAY)


def read(text: str) -> list[tuple[str, str]]:
    return [(part.key, part.value) for part in ask(text).parts]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café CRÈME", "cafe creme"),
        ("Straße", "strasse"),
        ("Łódź, Ærø & Þórr", "lodz aero thorr"),
        ("don't   stop—now", "don t stop now"),
        ("carla@example.org", "carla example org"),
        ("AB-4711/7 (x²)", "ab 4711 7 x2"),
        ("cafe\u0301 co\u00adoperate", "cafe cooperate"),
        ("Привет", "привет"),
        ("自転車が好き", "自 転 車 が 好 き"),
        ("ﬁne ＡＢＣ", "fine abc"),
        ("سَلَام", "سلام"),
        ("हिन्दी", "हिन्दी"),
        ("%_\\\x00\n", ""),
    ],
)
def test_words_are_compared_without_case_accents_and_signs(text, words):
    assert fold(text) == words


@given(st.text())
def test_folding_twice_changes_nothing_and_leaves_no_sign_of_the_query_language(text):
    once = fold(text)
    assert fold(once) == once
    assert not set(once) & set("&|!()<>:*'\\\"\x00")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("wrong tyre", [("", "wrong"), ("", "tyre")]),
        ('"wrong  tyre" rim', [("", "wrong tyre"), ("", "rim")]),
        ("“wrong tyre”", [("", "wrong tyre")]),
        ('"never closed', [("", "never closed")]),
        ("is:open from:carla", [("is", "open"), ("from", "carla")]),
        ("IS:On-Hold", [("is", "on_hold")]),
        ("is:me is:nobody", [("is", "mine"), ("is", "unassigned")]),
        ('team:"Night shift"', [("team", "Night shift")]),
        ("has:attachments has:files", [("has", "attachment")]),
        ("assignee:NONE", [("assignee", "nobody")]),
        ("customer:carla", [("from", "carla")]),
        ("before:2026-02-30", [("", "before:2026-02-30")]),
        ("before:2026-02-28", [("before", "2026-02-28")]),
        ("is:flying", [("", "is:flying")]),
        ("https://example.org/a", [("", "https://example.org/a")]),
        ("from: carla", [("", "from:"), ("", "carla")]),
        ("tag:% - %", [("", "tag:%")]),
    ],
)
def test_what_is_asked_for(text, parts):
    assert read(text) == parts


def test_what_is_no_filter_is_words():
    part = ask("order:4711").parts[0]
    assert (part.key, part.words) == ("", ("order", "4711"))
    assert part.tsquery == "(order <-> 4711)"


def test_every_part_can_be_taken_out():
    search = ask('tyre -is:solved "flat  twice" from:carla')
    assert [part.label for part in search.parts] == ["tyre", "not: Solved", "“flat twice”", "From “carla”"]
    assert search.without(search.parts[1]) == 'tyre "flat twice" from:carla'
    assert search.text == 'tyre -is:solved "flat twice" from:carla'


@pytest.mark.parametrize(
    ("text", "tsquery"),
    [
        ("refund", "(refund:*)"),
        ("of", "(of)"),
        ("4711", "(4711)"),
        ("4711a", "(4711a:*)"),
        ('"refund"', "(refund)"),
        ("o'brien", "(o <-> brien:*)"),
        ("-spam", "!(spam:*)"),
        ("file:invoice.pdf", "(0file0invoice <-> 0file0pdf:*)"),
        ("自転車", "(自 <-> 転 <-> 車)"),
    ],
)
def test_what_the_index_is_asked(text, tsquery):
    assert ask(text).parts[0].tsquery == tsquery


@pytest.mark.parametrize(
    ("text", "is_of_unsolved"),
    [("is:open", True), ("is:open is:pending tyre", True), ("is:waiting", True), ("-is:solved", True),
     ("is:snoozed", True), ("is:open is:solved", False), ("tyre", False), ("is:solved", False), ("-is:open", False),
     ("is:mine", False), ("-is:waiting", False)],
)  # fmt: skip
def test_what_can_hold_no_solved_ticket_is_known(text, is_of_unsolved):
    assert ask(text).is_of_unsolved is is_of_unsolved


@pytest.mark.parametrize(
    ("text", "number", "reference", "email"),
    [
        ("4711", 4711, "", ""),
        (" #4711 ", 4711, "", ""),
        ("4711 tyre", None, "", ""),
        ('"4711"', None, "", ""),
        ("-4711", None, "", ""),
        ("9" * 30, None, "", ""),
        ("٣", None, "", ""),
        ("0123456789ABC", None, "0123456789abc", ""),
        ("Carla@Example.org", None, "", "carla@example.org"),
        ("carla@example", None, "", ""),
    ],
)
def test_a_number_a_reference_or_an_address_alone_is_known(text, number, reference, email):
    search = ask(text)
    assert (search.number, search.reference, search.email) == (number, reference, email)


@pytest.mark.parametrize(
    ("text", "first", "beyond"),
    [
        ("2026-11-01", date(2026, 11, 1), date(2026, 11, 2)),
        ("1.11.2026", date(2026, 11, 1), date(2026, 11, 2)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("today", TODAY, date(2026, 11, 23)),
        ("yesterday", date(2026, 11, 21), TODAY),
        ("gestern", date(2026, 11, 21), TODAY),
        ("2w", date(2026, 11, 8), date(2026, 11, 9)),
    ],
)
def test_days_months_and_years(text, first, beyond):
    assert days(text, TODAY) == (first, beyond)


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-13", "2026-00-01", "31.4.2026", "0000", "9999-12-31", "99999", "-1d", "2026-11-01T10", "٢٠٢٦"],
)
def test_what_is_no_day(text):
    assert days(text, TODAY) is None


@given(SIGNS)
def test_no_text_is_an_error_and_none_is_endless(text):
    search = ask(text)
    assert len(search.parts) <= MAX_PARTS
    assert len(search.text) <= 3 * MAX_CHARS
    for part in search.parts:
        assert part.label
        assert part.words
        assert max(len(word) for word in part.words) <= 100
        search.without(part)
    assert ask(search.text).parts == search.parts or len(search.text) > MAX_CHARS, "typed again it means the same"
    _ = (search.number, search.reference, search.email, search.plain_words, search.is_of_unsolved)


def test_a_very_long_text_is_cut():
    assert len(ask("word " * 10_000).parts) == 1
    assert len(ask(" ".join(f"w{n}" for n in range(1000))).parts) == MAX_PARTS
    assert ask("x" * 10_000).parts[0].words == ("x" * 100,)


# --- What is shown of a hit ---


def marked(query: str, text: str, width: int = 150) -> str:
    pieces = Marker(ask(query).wanted).excerpt(text, width)
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("tyre", "The wrong TYRES came", "The wrong [TYRES] came"),
        ('"tyre"', "The wrong tyres came", ""),
        ("cafe", "Im Café\u0301 Krone", "Im [Café\u0301] Krone"),
        ("strasse", "Lange Straße 7", "Lange [Straße] 7"),
        ("4711", "order AB-4711, not 47112", "order AB-[4711], not 47112"),
        ('"wrong tyre"', "a wrong\n tyre", "a [wrong tyre]"),
        ("転車", "自転車です", "自[転車]です"),
        ("script", "<script>alert(1)</script>", "<[script]>alert(1)</[script]>"),
        ("yre", "tyre", ""),
    ],
)
def test_hits_are_marked_in_the_words_as_they_were_written(query, text, shown):
    assert marked(query, text) == shown


def test_an_excerpt_is_the_stretch_around_the_first_hit():
    text = "word " * 100 + "the needle lies here " + "more " * 100
    shown = marked("needle", text, 60)
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert "[needle] lies here" in shown
    assert len(shown) < 70


@given(SIGNS, SIGNS)
def test_marking_never_fails_and_loses_nothing(query, text):
    marker = Marker(ask(query).wanted)
    pieces = marker.excerpt(text, 10_000)
    assert not pieces or "".join(piece.text for piece in pieces) == " ".join(text.split())
    assert bool(pieces) == marker.has(" ".join(text.split()))
