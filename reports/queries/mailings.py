"""Reports by mail, as pages list them."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from reports.models import Mailing, MailingQuerySet, SavedReport
from reports.pages import address_of


@dataclass(frozen=True)
class MailingRow:
    """One way in which a report goes by mail, and what the viewer can do with it."""

    mailing: Mailing
    people: list[User]
    is_mine: bool  # the viewer gets it
    is_changeable: bool

    @property
    def url(self) -> str:
        """Its page, as whoever looks may see it."""
        return address_of(self.mailing.report.page, self.mailing.report.query)


def rows_of(mailings: MailingQuerySet, viewer: User) -> list[MailingRow]:
    """Those that run, with whom they reach: who works here no more, or may see no figures, is left out."""
    found = mailings.running().select_related("report", "made_by").prefetch_related("people")
    changeable = set(SavedReport.objects.changeable_by(viewer).values_list("pk", flat=True))
    rows = []
    for one in found.order_by("report__name", "pk"):
        people = sorted(
            (user for user in one.people.all() if user.has_perm("reports.view")), key=lambda user: user.name
        )
        is_changeable = one.made_by_id == viewer.pk or one.report_id in changeable
        by_name = sorted(people, key=lambda user: user.name)
        rows.append(MailingRow(one, by_name, viewer in people, is_changeable))
    return rows
