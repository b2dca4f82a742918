"""The mail that brings a report: its numbers in words, its charts as pictures, and where it is looked into."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.actions import queue_mail
from outbox.emails import render
from outbox.headers import default_sender
from outbox.models import Mail
from reports.charts import Bars, Strips
from reports.measures import MEASURES
from reports.models import Mailing
from reports.pages import PAGES, Page, Shape, address_of
from reports.pictures import as_picture
from reports.queries.answers import answer
from reports.queries.asking import Asked, asked
from reports.queries.changes import USUAL_SPAN, review
from reports.queries.counting import counted_until
from reports.queries.drawing import Drawn, Figure, Piece, Row, draw, figure_of
from reports.queries.figures import totals
from reports.queries.question import Question
from reports.replica import from_replica, has_replica
from reports.when import end_of_yesterday
from tickets.models import Channel

log = logging.getLogger(__name__)
PICTURES = "reports"  # the folder that they are kept in, by day
WIDTH = 504  # pixels: of the words of a mail
LAST_MONTH = "last-month"
USUAL_PAGE = "trends"
MOST_CHANGES, MOST_ROWS, MOST_NUMBERS = 6, 12, 3  # the page has the others
# Numbers stand on top already; what customers wrote does not leave the house in copies.
LEFT_OUT = (Shape.TOTALS, Shape.COMMENTS)


@dataclass(frozen=True)
class Picture:
    """A drawing as a file. `content_id` is what the mail's page calls it; `name` says which, of several."""

    stored: str
    content_id: str
    height: int
    name: str | Lazy = ""

    width = WIDTH


@dataclass(frozen=True)
class Section:
    """A chart of the mail. `lines` say it in words."""

    title: str | Lazy
    say: str
    lines: list[str]
    pictures: list[Picture]
    rows: list[Row]


@dataclass(frozen=True)
class Letter:
    """A report as it is written to one reader; the pictures are (name in the storage, shown name, content id)."""

    language: str
    subject: str
    text: str
    html: str
    pictures: list[tuple[str, str, str]] = field(default_factory=list)


def report_letter(mailing: Mailing, user: User, now: datetime) -> Letter:
    """What this reader may see of it, in their language and on their clock; the days end with yesterday."""
    with translation.override(user.reads), timezone.override(user.zone):
        try:
            with from_replica():
                return _report_letter(mailing, user, now)
        except (OperationalError, InterfaceError):
            if not has_replica():
                raise
            log.warning("reports: the replica cannot be read, the database is asked instead", exc_info=True)
            return _report_letter(mailing, user, now)


def post_letter(letter: Letter, mailing: Mailing, user: User, *, dedupe_key: str) -> Mail:
    """Promise it, in the caller's transaction."""
    with translation.override(letter.language):
        return queue_mail(
            kind="report",
            to=[(user.name, user.email)],
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            pictures=letter.pictures,
            about=f"mailing:{mailing.pk}",
            dedupe_key=dedupe_key,
            is_automatic=True,
        )


def _report_letter(mailing: Mailing, user: User, now: datetime) -> Letter:
    report = mailing.report
    page = PAGES.get(report.page)  # none for the page that says in words what changed
    found = _asked(report.query if page else f"span={USUAL_SPAN}&{report.query}", user, now)
    question = found.question
    days = _days(question)
    sections = _sections(page, question, now) if page else []
    words = {
        "name": report.name,
        "page": page.title if page else _("Changes"),
        "days": days,
        "narrowed": _narrowed(question),
        "against": _("against the %(days)s days before") % {"days": question.period.days},
        "problems": found.problems.values(),
        "counted_until": counted_until(),
        "is_of_changes": page is None,
        "figures": _figures(page or PAGES[USUAL_PAGE], question),
        "sections": sections,
        "changes": _changes(question, now) if page is None or mailing.every != Mailing.Every.DAY else None,
        "maker": mailing.made_by.name,
        "every": mailing.get_every_display(),
        "settings_url": f"{settings.SITE_URL}{reverse('reports:all_mailings')}",
        "action_url": f"{settings.SITE_URL}{address_of(report.page, _exact(question).query)}",
        "action_label": _("Open the report"),
    }
    text, html = render("reports/mail/report", words)
    pictures = {one.content_id: one for section in sections for one in section.pictures}
    return Letter(
        language=translation.get_language() or "en",
        subject=f"{report.name}: {days}",
        text=text,
        html=html,
        pictures=[(one.stored, "chart.png", one.content_id) for one in pictures.values()],
    )


def _asked(query: str, user: User, now: datetime) -> Asked:
    """What a kept query asks on this day. Days that end today end with yesterday, which is over."""
    given = dict(parse_qsl(query))
    is_past = given.get("span") == LAST_MONTH
    return asked(given, user, now if is_past else end_of_yesterday(now, user.zone))


def _days(question: Question) -> str:
    """1 November 2026, or 24 October – 22 November 2026."""
    period = question.period
    last = date_format(period.last, _("j F Y"))
    if period.days == 1:
        return last
    first = date_format(period.first, _("j F") if period.first.year == period.last.year else _("j F Y"))
    return f"{first} – {last}"


def _narrowed(question: Question) -> list[str]:
    """What it is of, if not of everything."""
    found = [
        _("team %(name)s") % {"name": question.team.name} if question.team else "",
        str(Channel(question.channel).label) if question.channel else "",
        _("tag %(name)s") % {"name": question.tag.name} if question.tag else "",
        question.company.name if question.company else "",
        _("times by the clock on the wall") if question.by_clock else "",
    ]
    return [words for words in found if words]


def _exact(question: Question) -> Question:
    """The very days, whenever one follows the link."""
    return replace(question, span=f"{question.period.first}..{question.period.last}")


def _figures(page: Page, question: Question) -> list[Figure]:
    """Every number of the page that is made of facts, once."""
    keys = dict.fromkeys(key for chart in page.charts for key in chart.numbers if key in MEASURES)
    return [figure_of(one, question) for one in totals([MEASURES[key] for key in keys], question).values()]


def _changes(question: Question, now: datetime) -> list[str] | None:
    """What changed, in sentences; None if there is too little to compare. From one day to the next nothing is said."""
    found = review(question, now=now)
    if found is None or not found.compared:
        return None
    told = found.changes[:MOST_CHANGES]
    return [f"{one.label}: {one.sentence}" if one.label else one.sentence for one in told]


def _sections(page: Page, question: Question, now: datetime) -> list[Section]:
    """The charts of the page that have something to show."""
    charts = [chart for chart in page.charts if chart.shape not in LEFT_OUT]
    drawn = draw(answer(charts, question, now), now, fixed=WIDTH)
    return [_section(one, now) for one in drawn if not one.is_empty]


def _section(drawn: Drawn, now: datetime) -> Section:
    named = [line for piece in drawn.pieces for line in _lines(piece)]
    rows = [replace(row, numbers=row.numbers[:MOST_NUMBERS]) for row in drawn.rows[:MOST_ROWS]]
    in_rows = [f"{row.label}: {', '.join(f'{one.label} {one.said}' for one in row.numbers)}" for row in rows]
    pictures = [picture for piece in drawn.pieces if (picture := _picture(piece, now))]
    return Section(drawn.title, drawn.say, [*named, *in_rows], pictures, rows)


def _lines(piece: Piece) -> list[str]:
    """What a drawing says in words, where it is a list."""
    if isinstance(piece.chart, Bars):
        return [f"{bar.name}: {bar.said}" for bar in piece.chart.bars]
    if isinstance(piece.chart, Strips):
        return [f"{strip.name}: {strip.said}" for strip in piece.chart.strips]
    return []


def _picture(piece: Piece, now: datetime) -> Picture | None:
    """Drawn, and kept for the mail. Who sees the same on the same day gets the same file: it is drawn once.

    None if that fails: the words leave all the same.
    """
    markup = render_to_string(piece.template, {"chart": piece.chart})
    digest = sha256(markup.encode()).hexdigest()[:32]
    stored = f"{PICTURES}/{now:%Y-%m-%d}/{digest}.png"
    try:
        if not default_storage.exists(stored):
            stored = default_storage.save(stored, ContentFile(as_picture(markup, width=WIDTH)))
    except Exception:
        log.exception("a chart could not be drawn for a mail")
        return None
    domain = default_sender()[1].rpartition("@")[2]
    return Picture(stored, f"{digest}@{domain}", piece.chart.height, piece.name)
