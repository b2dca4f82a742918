"""What of a mail is written now, and what is only quoted. Nothing is thrown away, no answer between quotes is hidden.

Mail programs mark quotes in HTML; in text there are `>`, a line such as "On Monday Carla wrote:", and Outlook's block
of From, Sent, To and Subject (`quote_words` has them by language). Lines are looked at one by one, and no longer than
anybody's program writes them, so that no text makes this slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailroom.parsing.markup import Line, Token
from mailroom.parsing.quote_words import (
    FORWARD_CLASSES,
    FORWARD_SUBJECT,
    FORWARDED,
    FROM_LABELS,
    INTRODUCTIONS,
    LABEL,
    ORIGINAL,
    OTHER_LABELS,
    QUOTE_CLASSES,
    REST_CLASSES,
    REST_IDS,
    STARTER,
    WHEN,
    WROTE,
)

Range = tuple[int, int]

_MOST_LINES = 5_000  # that are looked at
_MOST_CANDIDATES = 200  # lines that might say "… wrote:"
_MOST_QUOTES = 50  # marked ones; who has more talks point by point
_LONGEST_ATTRIBUTION = 300  # characters
_WORD = re.compile(r"\w")


def is_forward_subject(subject: str) -> bool:
    return bool(FORWARD_SUBJECT.match(subject))


def has_words(texts: Sequence[str]) -> bool:
    return any(_WORD.search(text) for text in texts)


def fold_lines(lines: Sequence[str]) -> list[Range]:
    """Which lines of a text are quoted. Empty if nothing is, or if nothing else would be left."""
    lines = lines[:_MOST_LINES]
    reader = _Lines(lines)
    rest = reader.rest()
    if rest is None:
        return []
    found = reader.blocks(until=rest)
    if rest < len(lines):
        found.append((rest, 1 << 31))
    kept = _without(lines, found)
    return found if found and has_words(kept) else []


def _without(lines: Sequence[str], ranges: Sequence[Range]) -> list[str]:
    return [line for index, line in enumerate(lines) if not any(a <= index < b for a, b in ranges)]


class _Lines:
    """Finds the quotes among lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.is_quoted = [line.lstrip().startswith(">") for line in lines]
        self.candidates = 0

    def rest(self) -> int | None:
        """From which line on all is quoted; the number of lines, if none; None, if something is forwarded there."""
        for index, line in enumerate(self.lines):
            if self.is_quoted[index] or not line.strip():
                continue
            if FORWARDED.match(line[:200]):
                return None
            if ORIGINAL.match(line[:200]) or self._is_header(index):
                return self._with_rule(index)
            span = self._attribution(index)
            if span and not self._is_quote_next(index + span):
                return index
        return len(self.lines)

    def blocks(self, *, until: int) -> list[Range]:
        """The one block of `>` lines that is a quote. Several with words between are a talk point by point."""
        blocks = self._runs(until)
        if not blocks:
            return []
        is_talk = len(blocks) > 1 and has_words(self.lines[blocks[0][1] : blocks[-1][0]])
        begin, end = blocks[0][0], blocks[-1][1]
        introduced = self._introduced(begin)
        if is_talk or (introduced == begin and has_words(self.lines[end:until])):
            return []
        return [(introduced, end)]

    def _runs(self, until: int) -> list[Range]:
        runs: list[Range] = []
        for index in range(min(until, len(self.lines))):
            if not self.is_quoted[index]:
                continue
            if runs and not has_words(self.lines[runs[-1][1] : index]):
                runs[-1] = (runs[-1][0], index + 1)
            else:
                runs.append((index, index + 1))
        return runs

    def _introduced(self, begin: int) -> int:
        """Where the line that introduces a quote begins: one to three lines before it."""
        last = begin - 1
        while last >= 0 and not self.lines[last].strip():
            last -= 1
        for first in range(last, max(-1, last - 3), -1):
            if not self.lines[first].strip() or self.is_quoted[first]:
                break
            if is_attribution(" ".join(self.lines[first : last + 1])):
                return self._wrapped(first)
        return begin

    def _wrapped(self, first: int) -> int:
        """Long ones are broken into two lines or three; the first begins like one."""
        for above in range(first, max(-1, first - 3), -1):
            if not self.lines[above].strip() or self.is_quoted[above]:
                break
            if STARTER.match(self.lines[above]):
                return above
        return first

    def _attribution(self, index: int) -> int:
        """How many lines from here say when somebody wrote something; 0 if they do not."""
        joined = ""
        for span in range(1, 4):
            line = self.lines[index + span - 1].strip() if index + span <= len(self.lines) else ""
            if not line or len(joined) > _LONGEST_ATTRIBUTION:
                return 0
            joined = f"{joined} {line}".strip()
            if joined[-1] in ":：" and self.candidates < _MOST_CANDIDATES:
                self.candidates += 1
                begins = span == 1 or bool(STARTER.match(self.lines[index]))
                return span if begins and is_attribution(joined) and WHEN.search(joined) else 0
        return 0

    def _is_quote_next(self, index: int) -> bool:
        while index < len(self.lines) and not self.lines[index].strip():
            index += 1
        return index < len(self.lines) and self.is_quoted[index]

    def _is_header(self, index: int) -> bool:
        """Whether From, and two of Sent, To and Subject, stand here below each other."""
        if _label(self.lines[index]) not in FROM_LABELS:
            return False
        labels = {_label(line) for line in self.lines[index + 1 : index + 12]}
        return sum(bool(words & labels) for words in OTHER_LABELS) >= 2

    def _with_rule(self, index: int) -> int:
        """The line drawn above belongs to it."""
        above = index - 1
        while above >= 0 and not self.lines[above].strip():
            above -= 1
        is_rule = above >= 0 and (
            re.fullmatch(r"[-_*=\u2500 ]{3,}", self.lines[above][:200]) or ORIGINAL.match(self.lines[above][:200])
        )
        return above if is_rule else index


def _label(line: str) -> str:
    found = LABEL.match(line[:80])
    return " ".join(found[1].lower().split()) if found else ""


def is_attribution(text: str) -> bool:
    """Whether a line says who wrote, and when or with which address, what follows."""
    text = " ".join(text.replace("\xa0", " ").replace("\u202f", " ").split()).strip("*_ ")
    if len(text) > _LONGEST_ATTRIBUTION or text[-1:] not in (":", "："):
        return False
    if not re.search(r"\d|@", text):
        return False
    return bool(WROTE.search(text)) or any(pattern.fullmatch(text) for pattern in INTRODUCTIONS)


def fold_tokens(tokens: Sequence[Token], lines: Sequence[Line]) -> list[Range]:
    """Which tokens of HTML are quoted: by the marks of mail programs, or else by what its lines say."""
    found = _marked(tokens, lines)
    if found is None:
        return []
    if not found:
        texts = [line.text for line in lines]
        found = [
            (_widened(tokens, lines[begin].token, stop), stop)
            for begin, end in fold_lines(texts)
            for stop in [lines[end].token if end < len(lines) else len(tokens)]
        ]
    if not found or not _is_seen(tokens, [(0, len(tokens))], found):
        return []
    return found


def _marked(tokens: Sequence[Token], lines: Sequence[Line]) -> list[Range] | None:
    """By marks; None if something is forwarded, which is news and no quote."""
    found: list[Range] = []
    until = 0
    for index, token in enumerate(tokens):
        if index < until or not token.tag or token.tag.startswith("/"):
            continue
        names = _names(token)
        if names & FORWARD_CLASSES:
            return None
        if names & REST_IDS or names & REST_CLASSES or ("appendonsend" in names and _is_header_near(tokens, index)):
            found.append((_with_line_above(tokens, index), len(tokens)))
            break
        if _is_quote(token, names):
            found.append((index, token.end + 1))
            until = token.end + 1
    if any(_is_forwarded_inside(tokens, span) for span in found):
        return None
    if not found or len(found) > _MOST_QUOTES or _is_talk(tokens, found):
        return []
    return [(_introduced(tokens, lines, begin, end), end) for begin, end in found]


def _names(token: Token) -> set[str]:
    names = {*token.attribute("class").lower().split(), token.attribute("id").lower()}
    return {name.removeprefix("x_") for name in names}


def _is_quote(token: Token, names: set[str]) -> bool:
    is_cited = token.tag == "blockquote" and token.attribute("type").lower() == "cite"
    is_named = token.tag == "div" and token.attribute("name").lower() == "quote"  # GMX and WEB.DE
    is_yahoo = any(name.startswith("yahoo_quoted") for name in names)
    return is_cited or is_named or is_yahoo or bool(names & QUOTE_CLASSES)


def _is_header_near(tokens: Sequence[Token], index: int) -> bool:
    near = tokens[index + 1 : index + 12]
    return any(token.tag == "hr" or "divrplyfwdmsg" in _names(token) for token in near)


def _with_line_above(tokens: Sequence[Token], index: int) -> int:
    """The rule, and the empty elements, right above belong to it."""
    at = index
    for back in range(index - 1, max(-1, index - 12), -1):
        token = tokens[back]
        if token.tag in ("hr", "br") or (not token.tag and not token.text.strip()):
            at = back if token.tag == "hr" else at
        elif not token.tag or (not token.tag.startswith("/") and not 0 <= token.end <= index):
            break
    return at


def _is_forwarded_inside(tokens: Sequence[Token], span: Range) -> bool:
    first = [token.text for token in tokens[span[0] : span[1]] if not token.tag and token.text.strip()][:2]
    return any(FORWARDED.match(text[:200]) for text in first)


def _is_talk(tokens: Sequence[Token], found: Sequence[Range]) -> bool:
    """Whether somebody answers between the quotes, or within what their program has marked as one."""
    if len(found) > 1 and any(
        _is_seen(tokens, [(found[n][1], found[n + 1][0])], []) and not _is_prefix(tokens[found[n][0]])
        for n in range(len(found) - 1)
    ):
        return True
    return any(_is_answered_inside(tokens, span) for span in found)


def _is_prefix(token: Token) -> bool:
    return "moz-cite-prefix" in _names(token)


def _is_answered_inside(tokens: Sequence[Token], span: Range) -> bool:
    """Gmail's `div` holds who wrote and a `blockquote`; words behind that are the answer."""
    begin, end = span
    if tokens[begin].tag == "blockquote":
        return False
    quotes = []
    at = begin + 1
    while at < end:
        if tokens[at].tag == "blockquote":
            quotes.append((at, tokens[at].end + 1))
            at = tokens[at].end
        at += 1
    return len(quotes) > _MOST_QUOTES or bool(quotes) and _is_seen(tokens, [(quotes[0][1], end)], quotes)


def _is_seen(tokens: Sequence[Token], spans: Sequence[Range], without: Sequence[Range]) -> bool:
    """Whether there are words in the spans beyond what is left out."""
    return any(
        not tokens[index].tag and _WORD.search(tokens[index].text)
        for begin, end in spans
        for index in range(begin, min(end, len(tokens)))
        if not any(a <= index < b for a, b in without)
    )


def _introduced(tokens: Sequence[Token], lines: Sequence[Line], begin: int, end: int) -> int:
    """With the line above that says who wrote."""
    before = [line for line in lines if line.token < begin and line.text.strip()][-3:]
    for count in range(1, len(before) + 1):
        if is_attribution(" ".join(line.text for line in before[-count:])):
            return _widened(tokens, before[-count].token, end)
    return begin


def _widened(tokens: Sequence[Token], begin: int, end: int) -> int:
    """With the elements that begin right before and hold nothing else."""
    while begin > 0:
        before = tokens[begin - 1]
        is_blank = not before.tag and not before.text.strip()
        if not is_blank and (not before.tag or before.tag.startswith("/") or not 0 <= before.end < end):
            return begin
        begin -= 1
    return begin
