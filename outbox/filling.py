"""Words with a few names in them that stand for something: `{{ customer.first_name }}`. Pure.

They are never a template. A name is found by a pattern and replaced; whatever else looks like code is text, and what
is put in is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# `{{ name }}` or `{{ name | what to say if there is nothing }}`; bounded, so that no text takes long.
_NAME = re.compile(
    r"([ \t]?)\{\{[ \t]{0,9}([a-z_]{1,30}\.[a-z_]{1,30})[ \t]{0,9}(?:\|([^{}|\n]{0,80}))?\}\}(?=([,.;:!?]?))"
)


class Words(NamedTuple):
    """What a mail says: one line, and Markdown."""

    subject: str
    body: str


@dataclass(frozen=True)
class WordingKind:
    """A kind of mail whose words the company can change."""

    label: StrOrPromise
    hint: StrOrPromise  # when it leaves
    names: Mapping[str, StrOrPromise]  # what may stand in its words, with what each means
    # What it says if nobody changed it, in the language that is spoken now; whether it may repeat what they wrote.
    usual: Callable[[bool], Words]
    needs: tuple[str, ...] = ()  # names without which its body makes no sense
    has_subject: bool = True


def fill(text: str, value_of: Callable[[str], str | None]) -> str:
    """The text with what its names stand for; a name of which there is None stays as it is written.

    What has no value becomes its fallback, or nothing: "Hello {{ name }}," is "Hello," then.
    """

    def stand_in(found: re.Match[str]) -> str:
        space, name, instead, after = found.groups()
        value = value_of(name)
        if value is None:
            return found[0]
        value = value or (instead or "").strip()
        return f"{space}{value}" if value or not after else ""

    return _NAME.sub(stand_in, text)


def names_in(text: str) -> list[str]:
    """What looks like one of the names, each once, sorted."""
    return sorted({found[2] for found in _NAME.finditer(text)})


def as_written(name: str) -> str:
    """How a name stands in a text."""
    return f"{{{{ {name} }}}}"
