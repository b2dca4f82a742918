"""Articles are kept: something to read that answers a question, sent as a link. They are put away, never deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import clean_line, require
from tickets.models import Article, Message

TITLE_CHARS, URL_CHARS, SUMMARY_CHARS = 200, 500, 500
_ADDRESS = re.compile(r"https?://[^\s<>\[\]\"']{3,500}")
_MOST_COUNTED = 20
_is_address = URLValidator(schemes=["http", "https"])


@transaction.atomic
def create_article(*, by: User, title: str, url: str, summary: str = "") -> Article:
    """Keep an article. Errors: PermissionDenied; ValidationError with code `empty`, `too_long`, `invalid` or `conflict`
    (its address is kept already)."""
    require(by, "tickets.share")
    return Article.objects.create(**_checked(title, url, summary, known=None))


@transaction.atomic
def change_article(article: Article, *, by: User, title: str, url: str, summary: str = "") -> Article:
    """Say anew what an article is called, where it is, and what it is about. Errors as in `create_article`."""
    article = _lock(article, by)
    for name, value in _checked(title, url, summary, known=article).items():
        setattr(article, name, value)
    article.save(update_fields=["title", "url", "summary"])
    return article


@transaction.atomic
def archive_article(article: Article, *, by: User) -> Article:
    """Offer it no more; links that were sent go on leading there. Twice is harmless. Errors: PermissionDenied."""
    article = _lock(article, by)
    article.archived_at = article.archived_at or timezone.now()
    article.save(update_fields=["archived_at"])
    return article


@transaction.atomic
def restore_article(article: Article, *, by: User) -> Article:
    """Offer it again. Errors: PermissionDenied."""
    article = _lock(article, by)
    article.archived_at = None
    article.save(update_fields=["archived_at"])
    return article


def _lock(article: Article, by: User) -> Article:
    require(by, "tickets.share")
    return Article.objects.select_for_update().get(pk=article.pk)


def _checked(title: str, url: str, summary: str, *, known: Article | None) -> dict[str, str]:
    values = {"title": clean_line(title, len(title)), "url": clean_line(url, len(url)), "summary": ""}
    values["summary"] = clean_line(summary, len(summary))
    if not values["title"]:
        raise _refused("title", _("Give it a title."), "empty")
    for name, most in (("title", TITLE_CHARS), ("url", URL_CHARS), ("summary", SUMMARY_CHARS)):
        if len(values[name]) > most:
            raise _refused(name, _("%(count)s characters at most.") % {"count": most}, "too_long")
    try:
        _is_address(values["url"])
    except ValidationError:
        raise _refused("url", _("Give a whole address, with https://."), "invalid") from None
    same = Article.objects.filter(url=values["url"]).first()
    if same is not None and same != known:
        words = _("“%(title)s” has this address already.")
        if same.archived_at:
            words = _("“%(title)s” has this address already. It is put away: bring it back.")
        raise _refused("url", words % {"title": same.title}, "conflict")
    return values


def _refused(field: str, words: str, code: str) -> ValidationError:
    return ValidationError({field: ValidationError(words, code=code)})


def count_sent(messages: Iterable[Message]) -> None:
    """Count the articles that our people have just sent, once the messages are stored. Fails alone."""
    said = [message.body for message in messages if message.is_markdown and message.by_user_id and not message.is_note]
    addresses = {address for body in said for address in _addresses(body)}
    if addresses:
        wanted = sorted(addresses)[:_MOST_COUNTED]
        transaction.on_commit(lambda: _count(wanted), robust=True)


def _addresses(body: str) -> Iterable[str]:
    for found in _ADDRESS.findall(body):
        yield found.rstrip(").,;:!?*_~")


def _count(addresses: list[str]) -> None:
    Article.objects.filter(url__in=addresses).update(used=F("used") + 1)
