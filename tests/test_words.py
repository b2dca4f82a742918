"""Whatever the interface says is marked for translation, and each language says all of it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po
from django.template.base import Lexer, Token, TokenType

from accounts.languages import DESK_LANGUAGES
from runner.commands import MARKS
from tests.test_conventions import TEMPLATES, called, calls, modules, name_of

ROOT = Path(__file__).resolve().parent.parent
CATALOGS = [(code, domain) for code in DESK_LANGUAGES if code != "en" for domain in ("django", "djangojs")]
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(MARKS.split())
# Nobody who works here reads them, or they speak for themselves: what only developers see, and the widget, which has
# words of its own in static/widget/texts/.
UNMARKED = {
    "styleguide.html",
    "chat/demo.html",
    "chat/frame.html",
    "outbox/mail.html",
    "outbox/mails.html",
    "api/docs.html",
}
SAID = {"title", "aria-label", "aria-description", "placeholder", "alt", "label", "summary", "hx-confirm"}
NAMES = re.compile(r"\b(Makegood|API|JSON|CSV|HTML|URL|https?|Esc|Enter|Ctrl|MB|kB|B)\b")
SILENT = {"code", "kbd", "pre", "script", "style"}
LITERAL = re.compile(r"""\|(default|default_if_none|yesno|add|date|time):(?P<text>"[^"]*"|'[^']*')""")
MACHINE_WORDS = {"ltr"}
MACHINE_DATES = {"c", "U", "Y-m-d", r"Y-m-d\TH:i", "H:i"}
HANDED_IN = re.compile(r"""\b\w+=(?P<text>"[^"]*"|'[^']*')""")


class Said(HTMLParser):
    """The words of a page that are not marked."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        for name, value in attrs:
            if name in SAID:
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)

    def note(self, text: str) -> None:
        if re.search(r"[^\W\d_]", NAMES.sub("", text)):
            self.found.append(" ".join(text.split()))


def outside_of_marks(path: Path) -> Iterator[Token]:
    """The parts of a template, without what stands in a `blocktranslate` or a `comment`, or in a block
    that fills an attribute which nobody reads."""
    until = ""
    for token in Lexer(path.read_text()).tokenize():
        tag = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        if until:
            until = "" if tag == until else until
        elif tag in {"blocktranslate", "blocktrans", "comment"}:
            until = f"end{tag}"
        elif tag == "block" and re.fullmatch(r"skip_to|\w+_class", token.contents.split()[1]):
            until = "endblock"
        else:
            yield token


def unmarked_arguments(token: Token) -> list[str]:
    """Texts that a tag or a variable brings: `{{ x|default:"nobody" }}`, `{% include … with title="New" %}`."""
    if token.contents.startswith("lucide "):  # names of pictures
        return []
    found = [
        match["text"]
        for match in LITERAL.finditer(token.contents)
        if re.search(r"[^\W\d_]", NAMES.sub("", match["text"]))
        and match["text"][1:-1] not in (MACHINE_DATES if match[1] in {"date", "time"} else MACHINE_WORDS)
    ]
    if token.contents.startswith(("include ", "with ")):
        found += [m["text"] for m in HANDED_IN.finditer(token.contents) if re.match(r".[A-Z]|.*\w \w", m["text"])]
    if "|pluralize" in token.contents:
        found.append("pluralize")
    return found


def unmarked(path: Path) -> list[str]:
    page, found = "", []
    for token in outside_of_marks(path):
        if token.token_type == TokenType.TEXT:
            page += token.contents
        elif token.token_type == TokenType.VAR:
            page += "·"  # what it says is data, or was marked
            found += unmarked_arguments(token)
        elif token.token_type == TokenType.BLOCK:
            found += unmarked_arguments(token)
    said = Said()
    said.feed(page)
    said.close()
    return found + said.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_word_of_a_template_is_marked(path):
    if str(path.relative_to(ROOT / "templates")) not in UNMARKED:
        assert unmarked(path) == [], "translate, blocktranslate, or _() around an argument"


# --- Python ----------------------------------------------------------------------------------

# Programs are spoken to in English, and what only who installs it can do wrong.
NOT_FOR_PEOPLE = ("api/", "demo/", "helpdesk/styleguide", "chat/frames", "helpdesk/settings")
OF_DEVELOPERS = {
    "CollectError",  # its first value is a step's name
    "ConnectionLostError",
    "PermError",
    "TempError",
    "TimeoutError",
    "UnreadableSecretError",
    "TypeError",
    "ValueError",
    "RuntimeError",
    "KeyError",
    "LookupError",
    "ImproperlyConfigured",
    "CommandError",
    "AssertionError",
    "ConnectionError",
    "OSError",
    "Error",  # of Django's system checks
    "IntegrityError",
    # For programs at the other end of a socket, and for the log.
    "FrameError",
    "ForbiddenAddressError",
    "IdentityError",
    "RedisGoneError",
    "UnreachableError",
}
LABELS = {"label", "help_text", "empty_label", "verbose_name", "violation_error_message", "initial_label"}


# No form is made from these models; what helps with their fields is read in the API's schema.
NO_FORMS = tuple(f"{app}/models" for app in ("tickets", "customers", "mailroom", "outbox", "recovery", "reports"))


def is_plain(node: ast.AST) -> bool:
    """A text with words in it that nothing translates."""
    if isinstance(node, ast.Dict):
        return any(is_plain(value) for value in node.values)
    if isinstance(node, ast.List | ast.Tuple):
        return any(is_plain(value) for value in node.elts)
    if isinstance(node, ast.JoinedStr):
        return any(is_plain(value) for value in node.values)
    if isinstance(node, ast.BinOp):
        return is_plain(node.left)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(re.search(r"[^\W\d_]", node.value))


def plain_texts(path: Path) -> Iterator[int]:
    """The lines where a person is told something in one language only."""
    labels = LABELS - {"help_text"} if name_of(path).startswith(NO_FORMS) else LABELS
    for call in calls(path):
        name = called(call)
        is_refusal = name == "PermissionDenied" or (name.endswith("Error") and name not in OF_DEVELOPERS)
        is_flash = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "messages"
        said = [*call.args[:1]] if is_refusal else call.args[1:] if is_flash else []
        said += [keyword.value for keyword in call.keywords if keyword.arg in labels]
        yield from (call.lineno for text in said if is_plain(text))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and {"TextChoices", "IntegerChoices"} & {
            getattr(base, "attr", "") for base in node.bases
        }:
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Tuple) and is_plain(line.value.elts[-1]):
                    yield line.lineno


def test_whatever_python_tells_a_person_is_marked():
    found = [
        f"{name_of(path)}:{line}"
        for path in modules()
        if not name_of(path).startswith(NOT_FOR_PEOPLE) and "management" not in path.parts
        for line in sorted(set(plain_texts(path)))
    ]
    assert found == []


# --- What each language says -----------------------------------------------------------------


def collected(domain: str) -> Catalog:
    """What the source says today, as `bin/words` collects it."""
    mapping = tomllib.loads((ROOT / "locale" / f"{domain}.toml").read_text())["mappings"]
    ignored = [pattern for entry in mapping if entry["method"] == "ignore" for pattern in entry["pattern"]]
    methods = [(pattern, "ignore") for pattern in ignored]
    methods += [(entry["pattern"], entry["method"]) for entry in mapping if entry["method"] != "ignore"]
    catalog = Catalog()
    for _file, _line, text, _comments, context in extract_from_dir(ROOT, methods, keywords=KEYWORDS):
        catalog.add(text, context=context)
    return catalog


@pytest.mark.parametrize(("code", "domain"), CATALOGS)
def test_a_language_says_everything_and_nothing_else(code, domain):
    source, said = collected(domain), catalog_of(code, domain)
    wanted, there = ({(m.id, m.context) for m in catalog if m.id} for catalog in (source, said))
    assert not wanted - there, "run bin/words and translate what it adds"
    assert not there - wanted, "nothing says this any more: run bin/words"


@pytest.mark.parametrize(("code", "domain"), CATALOGS)
def test_every_translation_is_whole(code, domain):
    """Not empty, not guessed, with the same values and the same markup as the English."""
    catalog = catalog_of(code, domain)
    wrong = [message.id for message in catalog if message.id and not is_whole(message, catalog)]
    assert wrong == []


def catalog_of(code: str, domain: str) -> Catalog:
    with (ROOT / "locale" / code / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=code)


def is_whole(message: Message, catalog: Catalog) -> bool:
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    texts = [message.string] if isinstance(message.string, str) else list(message.string)
    if message.fuzzy or not all(texts) or len(texts) != (1 if len(sources) == 1 else catalog.num_plurals):
        return False
    return all(parts_of(text) == parts_of(sources[-1]) for text in texts[1:]) and parts_of(texts[0]) in map(
        parts_of, sources
    )


def parts_of(text: str) -> tuple[list[str], list[str], bool, bool]:
    """What must be alike in every language: the values, the markup, the space at both ends."""
    values = sorted(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}", text))
    return values, sorted(re.findall(r"</?\w+[^>]*>", text)), text[:1].isspace(), text[-1:].isspace()
