"""The list of keys (`?`) says exactly what the scripts and pages do."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def listed() -> set[str]:
    """The combinations that the list shows: `j`, `g i`, `Ctrl Enter`."""
    shown = set()
    for answer in re.findall(r"<dd>(.*?)</dd>", (ROOT / "templates/_keys.html").read_text()):
        for part in answer.split(" or "):
            keys = re.findall(r"<kbd>(.*?)</kbd>", part)
            shown |= set(_combined(keys))
    return shown


def _combined(keys: list[str]) -> list[str]:
    """Keys side by side are one each, but those that begin with `g`, `Ctrl` or `Shift` belong together."""
    found: list[str] = []
    while keys:
        length = 1
        while keys[length - 1] in ("g", "Ctrl", "Shift"):
            length += 1
        found.append(" ".join(keys[:length]))
        keys = keys[length:]
    return found


def handled() -> set[str]:
    """What keys.js and the pages' own `data-key` do, and what other modules listen to."""
    source = (ROOT / "static/js/keys.js").read_text()
    table = re.search(r"const ACTIONS = {(.*?)\n}", source, re.DOTALL)
    places = re.search(r"const PLACES = {(.*?)}", source)
    assert table
    assert places
    keys = set(re.findall(r'^  "?([^\s":])"?:', table[1], re.MULTILINE))
    keys |= {key for path in TEMPLATES for key in re.findall(r'data-key="(.)"', path.read_text())}
    keys = {f"Shift {key.lower()}" if key.isupper() else key for key in keys} - {"g"}
    return keys | {f"g {key}" for key in re.findall(r"(\w): \"", places[1])}


# Combinations and keys of fields: which module listens, and by what one sees it.
ELSEWHERE = {
    "Ctrl K": ("palette.js", 'event.key.toLowerCase() !== "k"'),
    "Ctrl Enter": ("composer.js", 'event.key !== "Enter"'),
    "Ctrl Shift Enter": ("sending.js", "!event.shiftKey"),
    "Enter": ("keys.js", "next.focus()"),  # a focused row is a link
    "Esc": ("selection.js", 'event.key !== "Escape"'),
    **{f"Ctrl {key}": ("formatting.js", f"Key{key}:") for key in "BIE"},
    **{f"Ctrl Shift {key}": ("formatting.js", f"Digit{key}:") for key in "789"},
    "Ctrl Shift K": ("formatting.js", "SHIFTED = { KeyK:"),
    "#": ("macros.js", '"#"'),
    "@": ("mentioning.js", "const START"),
}


def test_the_list_of_keys_is_complete_and_true():
    assert listed() - set(ELSEWHERE) == handled()
    assert set(ELSEWHERE) <= listed()


def test_what_is_listened_to_elsewhere_is_listened_to():
    for keys, (module, sign) in ELSEWHERE.items():
        assert sign in (ROOT / "static/js" / module).read_text(), f"{keys} is not in {module} any more"


def test_no_key_means_two_things_on_a_page():
    keys = re.search(r"const ACTIONS = {(.*?)\n}", (ROOT / "static/js/keys.js").read_text(), re.DOTALL)
    assert keys
    table = re.findall(r'^  "?([^\s":])"?:', keys[1], re.MULTILINE)
    assert len(table) == len(set(table))
    # `t` opens what the table presses; every other key of a button is its own.
    buttons = {key for path in TEMPLATES for key in re.findall(r'data-key="(.)"', path.read_text())}
    assert buttons & set(table) == {"t"}
