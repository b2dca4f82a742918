"""What is kept of a visit, if it may be: where from, with which browser, on which pages; and that it is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.browsers import Arrival, Page
from chat.models import PageView, Visitor, WidgetSettings

TRAIL_PAGES = 20  # the newest of each visitor
KEPT_FOR = timedelta(days=30)
_PLACE: dict[str, Any] = {"page_url": "", "page_title": "", "page_at": None}
_ORIGIN: dict[str, Any] = {"user_agent": "", "network_address": None}


@transaction.atomic
def note_arrival(visitor: Visitor, *, arrival: Arrival) -> None:
    """Keep of what came with a visit what the site and the visitor allow; who refuses is forgotten.

    A page is told only by a widget that may, so where a site asks first, whoever tells one has agreed.
    """
    widget = WidgetSettings.of(visitor.site)
    if arrival.has_consented is not None:
        visitor.has_consented = arrival.has_consented
    elif widget.needs_consent and visitor.has_consented is None and arrival.page:
        visitor.has_consented = True
    visitor.last_seen_at = timezone.now()
    if _may_keep(visitor, widget):
        for name in ("user_agent", "network_address", "time_zone"):
            setattr(visitor, name, getattr(arrival, name) or getattr(visitor, name))
        _set_page(visitor, arrival.page if widget.keeps_trail else None, keeps=widget.keeps_trail)
    else:
        for name, nothing in (_PLACE | _ORIGIN | {"time_zone": ""}).items():
            setattr(visitor, name, nothing)
        visitor.pages.all().delete()
    visitor.save(update_fields=["has_consented", "last_seen_at", "time_zone", *_PLACE, *_ORIGIN])


def _may_keep(visitor: Visitor, widget: WidgetSettings) -> bool:
    return visitor.has_consented is True or (visitor.has_consented is None and not widget.needs_consent)


def _set_page(visitor: Visitor, page: Page | None, *, keeps: bool) -> None:
    if not keeps:
        for name, nothing in _PLACE.items():
            setattr(visitor, name, nothing)
    elif page:
        visitor.page_url, visitor.page_title, visitor.page_at = *page, visitor.last_seen_at
        _lengthen_trail(visitor, page)


@transaction.atomic
def note_page(visitor: Visitor, *, page: Page, user_agent: str, network_address: str | None) -> bool:
    """Note the page that a visitor went to; False if nothing of it may be kept."""
    widget = WidgetSettings.of(visitor.site)
    now = timezone.now()
    place = {"page_url": page.url, "page_title": page.title, "page_at": now, "last_seen_at": now}
    if widget.needs_consent and visitor.has_consented is None:  # as in `note_arrival`
        place |= {"has_consented": True, "user_agent": user_agent, "network_address": network_address}
    known = Visitor.objects.filter(pk=visitor.pk).exclude(has_consented=False)
    if not widget.keeps_trail or not known.update(**place):
        return False
    _lengthen_trail(visitor, page)
    return True


def _lengthen_trail(visitor: Visitor, page: Page) -> None:
    """The newest TRAIL_PAGES; the same page twice in a row, as after a reload, is one."""
    newest = visitor.pages.order_by("-at", "-pk").first()
    if newest is None or newest.url != page.url:
        PageView.objects.create(visitor=visitor, url=page.url, title=page.title, at=timezone.now())
        older = visitor.pages.order_by("-at", "-pk").values_list("pk", flat=True)[TRAIL_PAGES:]
        PageView.objects.filter(pk__in=list(older)).delete()
    elif newest.title != page.title:
        PageView.objects.filter(pk=newest.pk).update(title=page.title)


def forget_trails(*, now: datetime) -> int:
    """Delete the pages of long ago, and of those who have not come since, where they were and came from.

    Returns how many pages and visitors.
    """
    before = now - KEPT_FOR
    pages = PageView.objects.filter(at__lt=before).delete()[0]
    gone = Visitor.objects.filter(last_seen_at__lt=before)
    known = gone.exclude(page_url="", user_agent="", network_address=None)
    return pages + known.update(**_PLACE, **_ORIGIN)
