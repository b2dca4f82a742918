"""The filters of a page of figures: a form that is sent with GET and says what its address says."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from reports.periods import DAYS
from reports.queries.asking import CLOCK, OTHER_DAYS, teams_of
from reports.queries.question import Question
from tickets.models import Channel


class QuestionForm(forms.Form):
    """Shows a question; `reports.queries.asking.asked` reads what it sends: with `span=days` `first` and `last`, too."""

    span = forms.ChoiceField(label=gettext_lazy("Days"))
    first = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}))
    team = forms.ChoiceField(label=gettext_lazy("Team"))
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=50)
    company = forms.ChoiceField(label=pgettext_lazy("of a customer", "Company"))
    hours = forms.ChoiceField(label=gettext_lazy("Times"))

    def __init__(self, question: Question) -> None:
        super().__init__(initial=_said(question), auto_id="ask-%s", use_required_attribute=False)
        everything = ("", _("All"))
        self._offer("span", [*_spans(), (OTHER_DAYS[0], _("From … to …"))])
        self._offer("team", [everything, *((team.slug, team.name) for team in teams_of(question.viewer))])
        self._offer("channel", [everything, *Channel.choices])
        company = question.company
        self._offer("company", [everything, *([(str(company.pk), company.name)] if company else [])])
        self._offer("hours", [("", _("In opening hours")), (CLOCK, _("By the clock on the wall"))])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def _spans() -> list[tuple[str, str | Lazy]]:
    return [
        *((str(days), _("Last %(days)s days") % {"days": days}) for days in DAYS),
        ("month", pgettext("of a calendar", "This month")),
        ("last-month", pgettext("of a calendar", "Last month")),
    ]


def _said(question: Question) -> dict[str, Any]:
    period = question.period
    is_named = question.span in dict(_spans())
    return {
        "span": question.span if is_named else OTHER_DAYS[0],
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "team": question.team.slug if question.team else "",
        "channel": question.channel,
        "tag": question.tag.name if question.tag else "",
        "company": str(question.company.pk) if question.company else "",
        "hours": CLOCK if question.by_clock else "",
    }
