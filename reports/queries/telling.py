"""What has changed, in words, in the language of whoever reads it."""

from __future__ import annotations

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import formatting
from reports.measures import How
from reports.queries.figures import Total

TIMES_FROM = 2  # times as much; below, in percent

# By measure: what is said of more, and of less.
SENTENCES: dict[str, tuple[str | Lazy, str | Lazy]] = {
    "opened": (
        gettext_lazy("More new conversations: %(now)s instead of %(before)s"),
        gettext_lazy("Fewer new conversations: %(now)s instead of %(before)s"),
    ),
    "first_answer": (
        gettext_lazy("The first answer takes longer: %(now)s instead of %(before)s (median)"),
        gettext_lazy("The first answer comes sooner: %(now)s instead of %(before)s (median)"),
    ),
    "solved": (
        gettext_lazy("More was solved: %(now)s instead of %(before)s"),
        gettext_lazy("Less was solved: %(now)s instead of %(before)s"),
    ),
    "resolution": (
        gettext_lazy("It takes longer until it is solved: %(now)s instead of %(before)s (median)"),
        gettext_lazy("It is solved sooner: %(now)s instead of %(before)s (median)"),
    ),
    "one_answer": (
        gettext_lazy("More is solved with one answer: %(now)s instead of %(before)s"),
        gettext_lazy("Less is solved with one answer: %(now)s instead of %(before)s"),
    ),
    "reopened": (
        gettext_lazy("More comes back after it was solved: %(now)s instead of %(before)s"),
        gettext_lazy("Less comes back after it was solved: %(now)s instead of %(before)s"),
    ),
    "handed_on": (
        gettext_lazy("More is handed from team to team: %(now)s instead of %(before)s"),
        gettext_lazy("Less is handed from team to team: %(now)s instead of %(before)s"),
    ),
    "kept": (
        gettext_lazy("Kept more often: %(now)s instead of %(before)s"),
        gettext_lazy("Kept less often: %(now)s instead of %(before)s"),
    ),
    "csat": (
        gettext_lazy("Customers are more content: %(now)s gave a 4 or a 5, instead of %(before)s"),
        gettext_lazy("Customers are less content: %(now)s gave a 4 or a 5, instead of %(before)s"),
    ),
}
# And of a piece, where it is said in other words.
OF_PIECES: dict[tuple[str, str], tuple[str | Lazy, str | Lazy]] = {
    ("solved", "cause"): (
        gettext_lazy("More often the reason: %(now)s solved instead of %(before)s"),
        gettext_lazy("Less often the reason: %(now)s solved instead of %(before)s"),
    ),
    ("kept", ""): (
        gettext_lazy("Promises are kept more often: %(now)s instead of %(before)s"),
        gettext_lazy("Promises are kept less often: %(now)s instead of %(before)s"),
    ),
}


def sentence(total: Total, *, by: str = "", by_clock: bool = False) -> str:
    """More new conversations: 210 instead of 160."""
    pair = OF_PIECES.get((total.measure.key, by)) or SENTENCES[total.measure.key]
    now, before = (
        str(formatting.said_of(total.measure, found.value, by_clock=by_clock)) for found in (total.now, total.before)
    )
    return str(pair[0] if (total.change or 0) > 0 else pair[1]) % {"now": now, "before": before}


def effect_words(total: Total) -> str:
    """+31 %, 3.4 times as many, −4 points; empty where it was nothing before."""
    if total.measure.how is How.SHARE:
        return formatting.change(How.SHARE, total.change)
    now, before = total.now.value, total.before.value
    if now is None or not before:
        return ""
    if now >= TIMES_FROM * before:
        words = _("%(times)s times as long") if total.measure.how.is_length else _("%(times)s times as many")
        return words % {"times": formatting.number(now / before, 1)}
    more = round((now / before - 1) * 100)
    return f"{'+' if more > 0 else '−' if more < 0 else '±'}{formatting.number(abs(more))}{formatting.TIGHT}%"
