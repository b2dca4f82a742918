"""Which articles there are, and which of them may answer what a customer has asked."""

from __future__ import annotations

from collections import Counter
from math import log

from django.db.models import Q, QuerySet

from tickets.models import Article, Message, Ticket
from tickets.search_words import fold

MOST_WORDS = 6
_SUGGESTED = 3
_READ = 500  # articles that are looked through, the most used ones
_MESSAGES, _CHARS = 3, 2000  # of the customer, and of each
_STEM, _SHORTEST = 6, 4  # letters: `tyres` and `tyre` are told apart by fewer
_IN_TITLE = 2.0
_COMMON = 0.3  # a word in more articles than this says nothing


def find_articles(words: str, *, archived: bool = False) -> QuerySet[Article]:
    """Those with all of these words in them, the most used first."""
    found = Article.objects.filter(archived_at__isnull=not archived)
    for word in words.split()[:MOST_WORDS]:
        found = found.filter(Q(title__icontains=word) | Q(summary__icontains=word) | Q(url__icontains=word))
    return found.order_by("-used", "title", "pk")


def suggest_articles(ticket: Ticket) -> list[Article]:
    """At most three that share rare words with what the customer wrote lately; a title's words count double.

    Two queries.
    """
    said = Message.objects.filter(ticket=ticket, by_customer__isnull=False).order_by("-pk")
    asked = _stems(
        " ".join([ticket.subject, *(body[:_CHARS] for body in said.values_list("body", flat=True)[:_MESSAGES])])
    )
    articles = list(find_articles("")[:_READ]) if asked else []
    words = [(_stems(article.title), _stems(article.summary)) for article in articles]
    holders = Counter(stem for title, summary in words for stem in title | summary)
    common = max(2, _COMMON * len(articles))
    rare = {stem: log(1 + len(articles) / holders[stem]) for stem in asked if 0 < holders[stem] <= common}
    scores = [
        sum(weight * (_IN_TITLE if stem in title else 1) for stem, weight in rare.items() if stem in title | summary)
        for title, summary in words
    ]
    best = sorted(range(len(articles)), key=lambda place: -scores[place])[:_SUGGESTED]
    return [articles[place] for place in best if scores[place] > 0]


def _stems(text: str) -> set[str]:
    return {word[:_STEM].removesuffix("s") for word in fold(text).split() if len(word) >= _SHORTEST}
