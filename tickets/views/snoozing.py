"""A ticket is put away for a while, woken, or made unread again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url, trigger_client_event

from accounts.access import requires, viewer
from tickets import actions
from tickets.models import Ticket
from tickets.views.acting import act_on, see_other
from tickets.views.inbox import wants_fragment
from tickets.when import MAX_CHARS, Wake, read

NOT_UNDERSTOOD = gettext_lazy(
    "Say when, as in “tomorrow 9”, “friday 14:30” or “in 2 hours”, within the next two years."
)


class SnoozeForm(forms.Form):
    """When it comes back: one of the moments that are offered (`until`), or words. Times are in the viewer's zone."""

    until = forms.CharField(max_length=MAX_CHARS, required=False)
    words = forms.CharField(
        label=gettext_lazy("When"), max_length=MAX_CHARS, required=False, error_messages={"max_length": NOT_UNDERSTOOD}
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        wake = _meant(asked.get("until") or asked.get("words") or "")
        if wake is None and not self.errors:
            self.add_error("words", NOT_UNDERSTOOD)
        return asked | {"wake": wake}


@requires("tickets.set_status")
@require_POST
def snooze(request: HttpRequest, number: int) -> HttpResponse:
    """Out of the lists until then."""
    form, user = SnoozeForm(request.POST), viewer(request)
    return act_on(
        request,
        number,
        form,
        lambda ticket: actions.snooze_ticket(ticket, by=user, until=form.cleaned_data["wake"].at),
        shown_as="snooze_form",
        is_undoable=True,
    )


@requires("tickets.set_status")
@require_POST
def wake(request: HttpRequest, number: int) -> HttpResponse:
    """Back into the lists."""
    form, user = forms.Form(request.POST), viewer(request)
    return act_on(request, number, form, lambda ticket: actions.wake_ticket(ticket, by=user), is_undoable=True)


@requires("tickets.set_status")
@require_safe
def when(request: HttpRequest) -> HttpResponse:
    """What the words in the field mean, while they are typed; without any, the moments that are offered now."""
    words = request.GET.get("words")
    if words is None:
        return render(request, "tickets/_choices.html")
    return render(request, "tickets/_when.html", {"words": words.strip(), "wake": _meant(words)})


@requires("tickets.view")
@require_POST
def unread(request: HttpRequest, number: int) -> HttpResponse:
    """Back to the list, where it looks as if one had not read it. Opening it again reads it."""
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=number)
    actions.mark_unread(ticket, by=viewer(request))
    inbox = reverse("tickets:inbox") + ("?" + urlencode({"view": request.GET["view"]}) if "view" in request.GET else "")
    if not wants_fragment(request):
        messages.info(request, _("Ticket %(number)s is unread again.") % {"number": ticket.number})
        return see_other(inbox)
    # The ticket is closed on this page before anything of it can say again that it was seen.
    response = render(request, "tickets/_closed.html", {"tickets": [ticket]})
    trigger_client_event(response, "desk:changed", {"refs": [ticket.reference]}, after="settle")
    return push_url(response, inbox)


def _meant(words: str) -> Wake | None:
    return read(words, now=timezone.now(), zone=timezone.get_current_timezone())
