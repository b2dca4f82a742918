"""The mails that leave: what waits, what failed or is in doubt, whether they leave at all, and who gets none."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from mailroom.forms.outgoing import LimitsForm, StopForm
from mailroom.queries.health import mailboxes_with_health
from mailroom.queries.mails import micros_of, moment_of
from outbox.actions import cancel_mail, retry_mail
from outbox.actions.sending import WHY_CHARS, change_limits, go_on, stop_sending
from outbox.actions.suppressions import OURS, release_address
from outbox.models import Mail, MailState, Suppression
from outbox.queries import operations
from outbox.queries.operations import troubled

Row = TypeVar("Row", Mail, Suppression)
UNPROCESSABLE = 422
PAGE_SIZE = 50
SHOWN = ("failed", "unknown", "pending")
SECTION = {"section": "email", "tab": "outgoing"}
BY_HAND = gettext_noop("Cancelled by hand.")


@requires("outbox.view")
@never_cache
@require_safe
def outgoing(request: HttpRequest) -> HttpResponse:
    """How sending goes, and the mails in trouble; `?show=` failed (unless said), unknown or pending."""
    return _page(request, limits=None)


@requires("outbox.view")
@never_cache
@require_safe
def outgoing_mail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One mail: whom it goes to, each try in the server's words, and what can be done."""
    mails = Mail.objects.prefetch_related("recipients", "tries").select_related("sender")
    context = {"mail": get_object_or_404(mails, pk=pk), "states": MailState}
    return render(request, "mailroom/outgoing_mail.html", context | SECTION)


@requires("outbox.manage")
@require_POST
def outgoing_deed(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """`do`: `resend` or `cancel`."""
    found, do = get_object_or_404(Mail, pk=pk), request.POST.get("do", "")
    if do == "resend":
        try:
            retry_mail(found, by=viewer(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("It is sent again, to those who did not get it."))
    elif do == "cancel":
        if cancel_mail(found.pk, reason=BY_HAND):
            messages.success(request, _("It does not leave any more."))
        else:
            messages.error(request, _("Too late: it is being sent, or it has left."))
    else:
        raise Http404
    return redirect("mailroom:outgoing_mail", pk)


@requires("outbox.manage")
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """`do`: `stop` everything, with `why`; `go`: on with it; `limits`: how fast."""
    do, by = request.POST.get("do", ""), viewer(request)
    if do == "stop":
        stop_sending(by=by, why=request.POST.get("why", "")[: 4 * WHY_CHARS])
        messages.success(request, _("Stopped. What is promised waits; sign-in mails still leave."))
    elif do == "go":
        go_on(by=by)
        messages.success(request, _("Mails leave again."))
    elif do == "limits":
        limits = LimitsForm(request.POST)
        if not limits.is_valid():
            return _page(request, limits=limits)
        change_limits(by=by, **limits.cleaned_data)
        messages.success(request, _("Saved."))
    else:
        raise Http404
    return redirect("mailroom:outgoing")


@requires("outbox.view")
@require_safe
def suppressed(request: HttpRequest) -> HttpResponse:
    """The addresses that get no mail, the newest first; `?q=` finds some."""
    words = request.GET.get("q", "")[:254].replace("\x00", "").strip().lower()
    found = _behind(Suppression.objects.filter(email__contains=words), request)
    rows = list(found.order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
    context = {"rows": rows[:PAGE_SIZE], "before": _before(rows), "q": words, "ours": [str(why) for why in OURS]}
    return render(request, "mailroom/suppressed.html", context | SECTION)


@requires("outbox.manage")
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Suppression, pk=pk)
    try:
        release_address(found, by=viewer(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(email)s gets mail again.") % {"email": found.email})
    return redirect("mailroom:suppressed")


def _page(request: HttpRequest, *, limits: LimitsForm | None) -> HttpResponse:
    now, said = timezone.now(), request.GET.get("show", "")
    going, show = operations(now), said if said in SHOWN else SHOWN[0]
    rows = list(_behind(troubled(show), request).order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
    usual = {name: getattr(going.sending, name) for name in LimitsForm.base_fields}
    context = {
        "going": going,
        "now": now,
        "show": show,
        "rows": rows[:PAGE_SIZE],
        "before": _before(rows),
        "stop_form": StopForm(auto_id="stop_%s"),
        "limits": limits or LimitsForm(initial=usual),
        "stalled": [(box, health) for box, health in mailboxes_with_health(now) if health.state == "wrong"],
    }
    status = UNPROCESSABLE if limits is not None else 200
    return render(request, "mailroom/outgoing.html", context | SECTION, status=status)


def _before(rows: list[Mail] | list[Suppression]) -> str:
    """What is asked for to see the rows behind these."""
    return str(micros_of(rows[PAGE_SIZE - 1].created_at)) if len(rows) > PAGE_SIZE else ""


def _behind(rows: QuerySet[Row], request: HttpRequest) -> QuerySet[Row]:
    """Those older than `?before=`; all, where that is no moment."""
    before = moment_of(request.GET.get("before", ""))
    return rows.filter(created_at__lt=before) if before else rows
