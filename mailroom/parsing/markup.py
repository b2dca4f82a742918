"""HTML of strangers: made harmless, cut into tokens, read as text.

Twice through nh3: first to well-formed HTML that still has the classes by which quotes are told; then, what is shown,
to a short list of elements. A picture that is attached becomes `<img data-cid="ID" alt="…">` (ID as in
`File.content_id`): whoever shows it puts the attachment's address in. Pictures kept elsewhere are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import unquote

import nh3

from mailroom.parsing.charsets import clean as clean_text

TAGS = {
    *("a", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4"),
    *("h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}
SCHEMES = {"http", "https", "mailto", "tel"}
_WITHOUT_CONTENT = {
    *("applet", "audio", "embed", "frame", "frameset", "iframe", "math", "noembed", "noframes", "object", "script"),
    *("select", "style", "svg", "template", "title", "video", "xml"),
}
_TURNED = {"dir": {"ltr", "rtl", "auto"}}
_FIRST_TAGS = TAGS | {"center", "font", "strike", "tt", "section", "article", "header", "footer", "address"}
_FIRST_ATTRIBUTES = {
    "*": {"class", "id", "name", "type", "style", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "data-cid"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"data-cid", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_MAY_TURN = {"p", "div", "span", "td", "th", "li", "ul", "ol", "blockquote", "table", "h1", "h2", "h3", "h4"}
_DEEPEST = 60  # elements within each other; deeper ones are their words only
_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [^\s="<>/]+="[^"]*")*)\s*/?>|([^<]+|<)')
_ATTRIBUTE = re.compile(r' ([^\s="<>/]+)="([^"]*)"')
_VOID = {"br", "hr", "img"}
_BLOCKS = {
    *("blockquote", "caption", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol"),
    *("p", "pre", "table", "tbody", "tfoot", "thead", "tr", "ul", "section", "article", "header", "footer", "address"),
}
_AIRY = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "blockquote", "table", "dl"}  # a line apart
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|mso-hide\s*:\s*all)", re.I)
_SHORT_LINK = 200  # characters of an address that is written behind its words
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_LEADS_OUT = re.compile(r"https?://|mailto:|tel:", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
MOST_TOKENS = 40_000  # that are read; the rest is cut off
_MOST_TANGLED = 300  # elements that are open at once
_MOST_FORMATS = 30  # of those that go on in the next paragraph when nobody closes them
_FORMATS = set("a b big code em font i nobr s small strike strong tt u".split())  # noqa: SIM905  (easier to read)
_CLOSE_BY_THEMSELVES = {
    *("area", "base", "br", "col", "colgroup", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "option", "p"),
    *("source", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr"),
}


@dataclass(slots=True)
class Token:
    """A start (`tag`), an end (`/tag`) or a text (no tag)."""

    tag: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    end: int = -1  # of a start: where its end is

    def attribute(self, name: str) -> str:
        return self.attributes.get(name, "")


@dataclass(frozen=True)
class Line:
    """A line of text and the token that it begins with."""

    text: str
    token: int


def is_tangled(html: str) -> bool:
    """Whether so many elements are open at once that a browser's way to read it, which nh3 goes, takes for ever."""
    deep = formats = 0
    for found in _TAG.finditer(html):
        tag, step = found[2].lower(), -1 if found[1] else 1
        if tag not in _CLOSE_BY_THEMSELVES:
            deep = max(0, deep + step)
            formats = max(0, formats + step) if tag in _FORMATS else formats
            if deep > _MOST_TANGLED or formats > _MOST_FORMATS:
                return True
    return False


def without_tags(html: str) -> str:
    """The words of HTML that is not taken apart."""
    begin, *others = re.split(r"(?i)<(?:script|style|title)\b", html)
    html = begin + "".join(re.split(r"(?i)</(?:script|style|title)\b", other, maxsplit=1)[-1] for other in others)
    html = re.sub(r"(?i)<(?:br|p|div|tr|li|h[1-6])\b[^<>]*>", "\n", html)
    return re.sub(r"[ \t]+", " ", clean_text(unescape(re.sub(r"<[^<>]*>?", "", html))))


def tokens_of(html: str) -> tuple[list[Token], int]:
    """What is in the HTML, without what does harm and what is hidden; and how many pictures are kept elsewhere."""
    first = nh3.clean(
        html.replace("\0", ""),
        tags=_FIRST_TAGS,
        clean_content_tags=_WITHOUT_CONTENT,
        attributes=_FIRST_ATTRIBUTES,
        link_rel=None,
        url_schemes=SCHEMES | {"cid"},
        url_relative="deny",
    )
    tokens: list[Token] = []
    elsewhere = 0
    open_at: list[int] = []
    skipped: list[str] = []  # elements that are open and too deep, or hidden
    hidden = preformatted = 0
    for found in _TOKEN.finditer(first):
        if len(tokens) >= MOST_TOKENS:
            break
        closes, tag, attributes, text = found.groups()
        if text is not None:
            if not hidden:
                words = unescape(text)
                tokens.append(Token("", words if preformatted else _BLANKS.sub(" ", words)))
        elif closes:
            if skipped:
                hidden -= skipped.pop() == "hidden"
            elif open_at:
                preformatted -= tag == "pre"
                tokens[open_at[-1]].end = len(tokens)
                tokens.append(Token("/" + tokens[open_at.pop()].tag))
        else:
            said = _ATTRIBUTE.findall(attributes) if attributes else ()
            token = Token(tag, attributes={name: unescape(value) for name, value in said})
            is_hidden = bool(said and _HIDDEN.search(token.attribute("style")))
            if tag in _VOID:
                elsewhere += tag == "img" and token.attribute("src").lower().startswith(("http:", "https:"))
                if not hidden and not is_hidden and (tag != "img" or _keep_picture(token)):
                    token.end = len(tokens)
                    tokens.append(token)
            elif hidden or is_hidden or skipped or len(open_at) >= _DEEPEST:
                skipped.append("hidden" if is_hidden else "deep")
                hidden += is_hidden
            else:
                preformatted += tag == "pre"
                open_at.append(len(tokens))
                tokens.append(token)
    for at in reversed(open_at):
        tokens[at].end = len(tokens)
        tokens.append(Token("/" + tokens[at].tag))
    return tokens, elsewhere


def _keep_picture(token: Token) -> bool:
    """Whether something of it is shown: what is attached, or the words for what is not."""
    source, kept = token.attribute("src").strip(), token.attribute("data-cid")
    alt = " ".join(token.attribute("alt").split())[:200]
    if source.lower().startswith("cid:"):
        kept = unquote(source[4:]).strip().strip("<>")
    token.attributes = {"data-cid": kept, "alt": alt} if kept else {"alt": alt}
    return bool(kept or alt)


def to_html(tokens: Sequence[Token]) -> str:
    """What is shown, as HTML that may stand on any page. To clean it again changes nothing."""
    return clean("".join(map(_written, tokens)))


def _written(token: Token) -> str:
    if not token.tag:
        return escape(token.text, quote=False)
    if token.tag.startswith("/"):
        return f"<{token.tag}>"
    if token.tag == "img" and not token.attribute("data-cid"):
        return escape(token.attribute("alt"), quote=False)
    said = "".join(f' {name}="{escape(value)}"' for name, value in token.attributes.items())
    return f"<{token.tag}{said}>"


def clean(html: str) -> str:
    """The second wall: nothing but a short list of elements passes, links lead out and say nothing of us."""
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=_WITHOUT_CONTENT,
        attributes=_ATTRIBUTES,
        tag_attribute_values=dict.fromkeys(_MAY_TURN, _TURNED),
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer",
        url_schemes=SCHEMES,
        url_relative="deny",
    ).strip()


def lines_of(tokens: Sequence[Token], kept: Sequence[bool] | None = None) -> list[Line]:
    """The text as one would type it: `>` before quotes, `-` before list items, a link's address behind its words."""
    reader = _Reader()
    for index, token in enumerate(tokens):
        if kept is None or kept[index]:
            reader.read(index, token)
    return reader.lines()


class _Reader:
    """Puts the words of tokens into lines."""

    def __init__(self) -> None:
        self.done: list[Line] = []
        self.line: list[str] = []
        self.begun = 0
        self.quotes = 0
        self.lists: list[int | None] = []
        self.preformatted = 0
        self.item = ""
        self.links: list[tuple[str, int]] = []

    def read(self, index: int, token: Token) -> None:
        tag = token.tag.removeprefix("/")
        if not token.tag:
            self._text(index, token.text)
        elif token.tag == "br":
            self._end_line(index, is_forced=True)
        elif token.tag == "img":
            self._text(index, f" [{alt}] " if (alt := token.attribute("alt")) else "")
        elif tag in ("td", "th"):
            self._text(index, " ")
        elif tag == "a":
            self._link(index, token)
        elif tag in _BLOCKS:
            self._block(index, tag, opens=not token.tag.startswith("/"))

    def _block(self, index: int, tag: str, *, opens: bool) -> None:
        self._end_line(index)
        if tag in _AIRY and not (tag in ("ul", "ol") and len(self.lists) > opens):
            self._space(index)
        step = 1 if opens else -1
        if tag == "blockquote":
            self.quotes = max(0, self.quotes + step)
        elif tag == "pre":
            self.preformatted = max(0, self.preformatted + step)
        elif tag in ("ul", "ol") and opens:
            self.lists.append(1 if tag == "ol" else None)
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag == "li" and opens:
            number = self.lists[-1] if self.lists else None
            self.item = "  " * max(0, len(self.lists) - 1) + ("- " if number is None else f"{number}. ")
            if number is not None:
                self.lists[-1] = number + 1

    def _link(self, index: int, token: Token) -> None:
        if token.tag == "a":
            self.links.append((token.attribute("href"), len(self.line)))
            return
        address, begun = self.links.pop() if self.links else ("", 0)
        known = _LEADS_OUT.match(address.strip())
        bare = address.strip()[known.end() :].rstrip("/") if known else ""
        said = "".join(self.line[begun:]).strip()
        shown = re.sub(r"\A(?:https?://|mailto:)", "", said).rstrip("/")
        if bare and said and shown.lower() != bare.lower() and len(address) <= _SHORT_LINK:
            self._text(index, f" ({address.removeprefix('mailto:')})")

    def _text(self, index: int, text: str) -> None:
        if self.preformatted:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._end_line(index, is_forced=True)
                self._append(index, line)
        else:
            self._append(index, text)

    def _append(self, index: int, text: str) -> None:
        if not self.line and not self.preformatted:
            text = text.lstrip(" ")
        if not text:
            return
        if not self.line:
            self.begun = index
            if self.item:
                self.line.append(self.item)
                self.item = ""
        self.line.append(text)

    def _end_line(self, index: int, *, is_forced: bool = False) -> None:
        if not self.line and not is_forced:
            return
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.preformatted else re.sub(r"(?<=\S) {2,}", " ", text).rstrip()
        if text or is_forced:
            marks = "> " * min(self.quotes, 10)
            self.done.append(Line((marks + text).rstrip() if text else marks.rstrip(), self.begun if text else index))
        self.line, self.links = [], [(address, 0) for address, _ in self.links]

    def _space(self, index: int) -> None:
        if self.done and self.done[-1].text.strip("> "):
            self.done.append(Line("", index))

    def lines(self) -> list[Line]:
        self._end_line(self.begun)
        return self.done


def text_of(lines: Iterator[str] | Sequence[str]) -> str:
    """Lines as one text, without empty ones at its ends and more than one at once."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")


def from_text(text: str) -> str:
    """Plain text as HTML, to stand beside a part that is HTML."""
    blocks = re.split(r"\n{2,}", text.strip("\n"))
    return "".join(f"<p>{escape(block, quote=False).replace(chr(10), '<br>')}</p>" for block in blocks if block)
