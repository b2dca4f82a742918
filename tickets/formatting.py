"""What our people write is Markdown, a small and calm part of it; here it becomes safe HTML, or text for plain mails.

Pure. Two walls stand behind each other: the reader knows no raw HTML, no pictures and no tables, and whatever it
makes passes through a list of a dozen elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
SCHEMES = {"http", "https", "mailto"}
_DEEPEST = 8  # quotes and lists within each other; deeper ones are text
REMEMBERED = 512  # messages; a page shows about a hundred, and shows them again with each news
_MOST_ADDRESSES = 200
_OPTIONS = {"html": False, "breaks": True, "maxNesting": _DEEPEST}
_SPECIAL = re.compile(r"([\\`*_\[\]<>~#|])")
_ADDRESS = re.compile(r"[^\s<>\"'`\u200b-\u200f\u2028-\u202e\u2060-\u2069]{3,2000}")
_AFTER_ADDRESS = ".,;:!?*_~)]}"


def _is_good(address: str) -> bool:
    """Whether a link may lead there. Whatever else is in brackets stays as it is typed."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc if parts.scheme != "mailto" else parts.path)


def _www(_: object, text: str, at: int) -> int:
    """How much after `www.` is an address; 0 if nothing is. The full stop after it belongs to the sentence."""
    found = _ADDRESS.match(text, at)
    address = found[0].rstrip(_AFTER_ADDRESS) if found else ""
    return len(address) if "." in address else 0


def _with_scheme(_: object, found: Any) -> None:
    found.url = f"https://{found.text}"


class _Bold(RendererHTML):
    """Headings are bold text: a message is no page."""

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return "<p><strong>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return "</strong></p>\n"


def _reader(*, finds_links: bool) -> MarkdownIt:
    reader = MarkdownIt("zero", _OPTIONS | {"linkify": finds_links}, renderer_cls=_Bold)
    # Not: indented code (people indent), underlined headings and rules (they sign with lines), references (lines that
    # vanish), pictures, tables, HTML and its entities.
    reader.enable(["blockquote", "fence", "heading", "list"])
    reader.enable(["linkify", "newline", "escape", "backticks", "strikethrough", "emphasis", "link", "autolink"])
    reader.enable(["balance_pairs", "fragments_join", "text_join"])
    reader.validateLink = _is_good  # type: ignore[method-assign, assignment]
    if reader.linkify is not None:
        # `setup.py` and `e.g.the` are no addresses.
        reader.linkify.set({"fuzzy_link": False, "fuzzy_email": True})
        reader.linkify.add("ftp:", None).add("//", None).add("www.", {"validate": _www, "normalize": _with_scheme})
    return reader


_FINDS_LINKS, _FINDS_NONE = _reader(finds_links=True), _reader(finds_links=False)


def _reader_for(body: str) -> MarkdownIt:
    """Addresses are looked for in the text unless there are so many that looking would take long."""
    return _FINDS_LINKS if body.count("://") <= _MOST_ADDRESSES else _FINDS_NONE


@lru_cache(maxsize=REMEMBERED)
def to_html(body: str) -> SafeString:
    """Markdown as HTML that may stand on any page and in any mail. Remembered, since pages are drawn anew all day."""
    body = body.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    made = nh3.clean(
        _reader_for(body).render(body),
        tags=TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener nofollow",
        url_schemes=SCHEMES,
        url_relative="deny",
    )
    return mark_safe(made.strip())  # noqa: S308 - this is the place that makes it safe


def to_text(body: str) -> str:
    """Markdown as plain text that reads well: lists and quotes as one types them, a link's address after its words."""
    return "\n".join(_Plain(_reader_for(body).parse(body)).lines()).strip()


def escape(text: str) -> str:
    """Somebody else's words to be put between ours, so that they mean nothing there but themselves."""
    return _SPECIAL.sub(r"\\\1", text)


class _Plain:
    """The lines of one message. `marks` stand before each line: quotes, and the place of list items."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.marks: list[str] = []
        self.numbers: list[int | None] = []  # of the lists that are open: the next number, or None for dots
        self.begins = ""  # what stands before the first line of an item

    def lines(self) -> Iterator[str]:
        for token in self.tokens:
            handle = getattr(self, f"_{token.type}", None)
            if handle is not None:
                handle(token)
            if token.type in ("inline", "fence"):
                words = _words_of(token.children or []) if token.type == "inline" else token.content.rstrip("\n")
                yield from map(self._marked, words.split("\n"))
            elif token.type in _ENDS and not token.hidden and token.level == 0:
                yield ""
            if token.type == "fence" and token.level == 0:
                yield ""

    def _marked(self, line: str) -> str:
        begins, self.begins = self.begins, ""
        return ("".join(self.marks[:-1]) + begins if begins else "".join(self.marks)) + line

    def _blockquote_open(self, _: Token) -> None:
        self.marks.append("> ")

    def _blockquote_close(self, _: Token) -> None:
        self.marks.pop()

    def _bullet_list_open(self, _: Token) -> None:
        self.numbers.append(None)

    def _ordered_list_open(self, token: Token) -> None:
        self.numbers.append(int(token.attrGet("start") or 1))

    def _bullet_list_close(self, _: Token) -> None:
        self.numbers.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, _: Token) -> None:
        number = self.numbers[-1]
        self.begins = "- " if number is None else f"{number}. "
        if number is not None:
            self.numbers[-1] = number + 1
        self.marks.append(" " * len(self.begins))

    def _list_item_close(self, _: Token) -> None:
        self.marks.pop()
        self.begins = ""


_ENDS = {"paragraph_close", "heading_close", "blockquote_close", "bullet_list_close", "ordered_list_close"}


def _words_of(tokens: Sequence[Token]) -> str:
    """A paragraph's words, without the signs that made them bold, each link's address behind them."""
    said: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            said.append("\n")
        elif token.type == "link_open":
            links.append((str(token.attrGet("href")), len(said)))
        elif token.type == "link_close" and links:
            address, begun = links.pop()
            if _bare("".join(said[begun:])) != _bare(address):
                said.append(f" ({address.removeprefix('mailto:')})")
        else:
            said.append(token.content)
    return "".join(said)


def _bare(address: str) -> str:
    return re.sub(r"\A(https?://|mailto:)", "", address).rstrip("/").lower()


def link(words: str, address: str) -> str:
    """A link as it is written in Markdown, whatever the words and the address are made of."""
    return f"[{escape(words)}]({address.replace('(', '%28').replace(')', '%29').replace(' ', '%20')})"
