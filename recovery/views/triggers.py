"""What opens a case by itself: switched on and off, set, and shown beforehand on what happened last month."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk
from recovery import actions
from recovery.forms.cases import TriggerForm
from recovery.models import Policy, Trigger
from recovery.queries.preview import preview as look_back
from recovery.queries.triggers import BY_EVENTS, Rule, rules
from tickets.views.acting import UNPROCESSABLE
from tickets.views.inbox import answer

HINTS = {
    Trigger.RATING: gettext_lazy("A customer rates us this badly."),
    Trigger.PROMISE: gettext_lazy("A promise that we gave is not kept."),
    Trigger.REOPENED: gettext_lazy("What we called solved comes back again."),
    Trigger.TRANSFERS: gettext_lazy("They are handed from one to the next."),
    Trigger.UNANSWERED: gettext_lazy(
        "They write again, and nobody answers. Lines of a chat in one breath count as one."
    ),
    Trigger.HASSLE: gettext_lazy("What it took them, part by part, comes to the amount in the rules of making good."),
    Trigger.ABANDONED: gettext_lazy("They wait for somebody in a chat, and leave."),
    Trigger.SECOND: gettext_lazy(
        "Another failure within 60 days, or of the same cause. A lead or a manager takes care of it, by phone first; "
        "nobody is told to wait, and nobody is held out."
    ),
}


@requires("recovery.manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def triggers(request: HttpRequest) -> HttpResponse:
    """All of them. A POST sets the one that it names."""
    found: dict[str, Rule] = rules()
    forms: dict[str, TriggerForm] = {}
    name = request.POST.get("trigger", "") if request.method == "POST" else ""
    if request.method == "POST" and name not in BY_EVENTS:
        raise Http404
    for trigger in BY_EVENTS:
        forms[trigger] = TriggerForm(request.POST if trigger == name else None, rule=found[trigger])
    if name and _saved(request, name, forms[name], found[name]):
        return redirect("recovery:triggers")
    lines = [
        {"rule": found[trigger], "label": trigger.label, "hint": HINTS[trigger], "form": forms[trigger]}
        for trigger in BY_EVENTS
    ]
    context = {"lines": lines, "policy": Policy.current(), "currency": Desk.current().currency, "section": "triggers"}
    return render(request, "recovery/triggers.html", context, status=UNPROCESSABLE if name else 200)


def _saved(request: HttpRequest, name: str, form: TriggerForm, rule: Rule) -> bool:
    if not form.is_valid():
        return False
    said: dict[str, Any] = {"cooldown_days": rule.cooldown.days} | form.cleaned_data
    try:
        actions.change_trigger(name, by=viewer(request), **said)
    except ValidationError as error:
        refuse(form, error)
        return False
    messages.success(request, _("“%(name)s” is set.") % {"name": Trigger(name).label})
    return True


@requires("recovery.manage")
@never_cache
@require_safe
def preview(request: HttpRequest, trigger: str) -> HttpResponse:
    """What it would have opened last month, as it is set or as the reader would set it. Nothing is changed."""
    if trigger not in BY_EVENTS:
        raise Http404
    policy, rule = Policy.current(), rules()[trigger]
    asked = TriggerForm(request.GET, rule=rule) if request.GET else None
    if asked is not None:
        asked.is_valid()
        rule = _as_asked(rule, asked.cleaned_data)
    context = {
        "preview": look_back(rule, now=timezone.now(), policy=policy),
        "rule": rule,
        "label": Trigger(trigger).label,
        "section": "triggers",
    }
    return answer(request, context, page="recovery/trigger_preview.html", fragment="recovery/_would.html")


def _as_asked(rule: Rule, said: dict[str, Any]) -> Rule:
    """With what was understood of what the reader has typed."""
    if said.get("threshold"):
        rule = replace(rule, threshold=Decimal(said["threshold"]))
    if said.get("cooldown_days") is not None:
        rule = replace(rule, cooldown=timedelta(days=said["cooldown_days"]))
    return rule
