"""What a message that came by mail has besides its words, on a ticket's page."""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from outbox.headers import clean_text
from tickets.models import Attachment, Letter, Message, Ticket

register = template.Library()

# It was cleaned when the mail came in. This is a second wall, nearer to the reader, and it knows fewer elements.
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "div", "dl", "dt", "em",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s",
    "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href"},
    "img": {"alt", "data-cid"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
MOST_OFFERED = 5
_NO_NAME = str.maketrans("", "", '<>,;"')
_SHOWN = 32  # letters whose HTML is remembered; a page is drawn anew with each news
_PICTURE = re.compile(r' data-cid="picture:(\d+)"')
Picture = tuple[str, int, int]  # its address, which is also how a letter names it, width and height


@register.filter
def letter_of(message: Message) -> Letter | None:
    """The mail that it was, if it was one."""
    letter: Letter | None = getattr(message, "letter", None)
    return letter


@register.filter
def letter_words(message: Message) -> SafeString | None:
    """The letter as it was formatted, safe; None if it had no form."""
    letter = letter_of(message)
    return _cleaned(letter.html, _pictures(message)) if letter and letter.html else None


@register.filter
def files_beside(message: Message) -> list[Attachment]:
    """The files of a message without the pictures that stand among its words."""
    files: list[Attachment] = message.files  # type: ignore[attr-defined]  # as the timeline reads them
    words = letter_words(message) if files else None
    return [file for file in files if not words or f'src="{_address(file)}"' not in words]


@register.filter
def from_elsewhere(letter: Letter, ticket: Ticket) -> str:
    """The address that it was sent from, if that is not the one by which its customer is known."""
    email = ticket.customer.email or ""
    return letter.from_email if letter.from_email.lower() != email.lower() else ""


@register.filter
def people_named(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(what is shown, address) of each: the name, or the address where there is none."""
    return [(name or email, email) for name, email in pairs]


@register.filter
def to_be_copied(letter: Letter) -> list[dict[str, str]]:
    """Whom it names besides us, each as one press copies them in: nobody is by being named (invariant E8)."""
    named = {email: name for name, email in (*letter.to, *letter.cc) if email != letter.from_email}
    shown = [(name or email, clean_text(name).translate(_NO_NAME), email) for email, name in named.items()]
    return [{"name": said, "to": f"{name} <{email}>".strip()} for said, name, email in shown[:MOST_OFFERED]]


@register.filter
def said_of_mail(note: str) -> str:
    """What is noted of a mail, "sentence" or "sentence: detail"; the sentence is ours and is translated."""
    said = gettext(note)
    head, colon, detail = note.partition(": ")
    words = said if said != note or not colon else f"{gettext(head)}: {detail}"
    return words if words.endswith(".") else f"{words}."


def _pictures(message: Message) -> tuple[Picture, ...]:
    files: list[Attachment] = getattr(message, "files", [])
    shown = [(file, size) for file in files if (size := file.shown_size)]
    return tuple((_address(file), *size) for file, size in shown)


def _address(file: Attachment) -> str:
    return reverse("tickets:file", args=[file.pk])


@lru_cache(_SHOWN)
def _cleaned(html: str, pictures: tuple[Picture, ...]) -> SafeString:
    """With nothing in it but the elements above; a picture is one of the message's own files or none."""
    numbers = {address: number for number, (address, _width, _height) in enumerate(pictures)}

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag != "img" or name != "data-cid":
            return value
        number = numbers.get(value)
        return None if number is None else f"picture:{number}"

    made = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"loading": "lazy"}},
    )

    def picture(found: re.Match[str]) -> str:
        """An attribute's quotes are escaped within its value: this can only be the attribute itself, or mere text."""
        number = int(found[1])
        if number >= len(pictures):
            return ""
        address, width, height = pictures[number]
        return f' src="{address}" width="{width}" height="{height}"'

    return mark_safe(_PICTURE.sub(picture, made))  # noqa: S308 - this is the place that makes it safe
