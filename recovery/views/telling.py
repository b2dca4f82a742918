"""“You told us, we fixed it”: planned on a page that says who would be told, and watched until the last one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk, User
from recovery.actions.telling import PERMISSION, plan_telling, stop_telling, try_telling
from recovery.forms.telling import IN, TellingForm, midnight
from recovery.models import Policy, Telling
from recovery.queries.telling import Plan, Progress, best_time, plan_of, tellings_of
from tickets.models import RootCause

UNPROCESSABLE = 422
USUAL_DAYS = 180  # before it was fixed: who suffered it longer ago has forgotten it


@requires(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    """Who would be told, who not and why; a POST counts anew, tries it on oneself or plans it, as `do` says."""
    cause = get_object_or_404(RootCause.objects.going_on(), pk=pk)
    if cause.fixed_at is None or not cause.change:
        messages.error(request, _("It is not fixed yet. A promise helps only if it is."))
        return redirect("causes:cause", pk)
    user, language = viewer(request), Desk.current().language
    form = _form(request, cause, user, language)
    if request.method == "POST" and form.is_valid():
        answer = _done(request, cause, user, form)
        if answer is not None:
            return answer
    context = _shown(cause, user, form) | {"section": "causes"}
    return render(request, "recovery/telling.html", context, status=UNPROCESSABLE if form.errors else 200)


def _form(request: HttpRequest, cause: RootCause, user: User, language: str) -> TellingForm:
    assert cause.fixed_at is not None
    now = timezone.now()
    usual = {
        "since": (cause.fixed_at - timedelta(days=USUAL_DAYS)).astimezone(user.zone).date(),
        "send_at": best if (best := best_time(cause, now)) > now else None,
        IN + language: cause.change,
    }
    return TellingForm(
        request.POST if request.method == "POST" else None, initial=usual, language=language, zone=user.zone
    )


def _done(request: HttpRequest, cause: RootCause, user: User, form: TellingForm) -> HttpResponse | None:
    do, chosen = request.POST.get("do", ""), form.chosen
    try:
        if do == "plan":
            return redirect("recovery:told", plan_telling(cause, by=user, **chosen).pk)
        if do == "try":
            words = chosen["translations"].get(user.reads) or chosen["words"]
            try_telling(cause, by=user, words=words, language=user.reads)
            messages.success(request, _("On its way to %(email)s.") % {"email": user.email})
    except ValidationError as error:
        refuse(form, error)
    return None


def _shown(cause: RootCause, user: User, form: TellingForm) -> dict[str, Any]:
    now, since = timezone.now(), _since(form)
    plan = plan_of(cause, midnight(since, user.zone), now) if since else Plan({}, {})
    policy, earlier = Policy.current(), list(tellings_of(cause))
    cap = policy.daily_cap
    return {
        "cause": cause,
        "form": form,
        "plan": plan,
        "cap": cap,
        "days": -(-plan.count // cap) if cap else 0,
        "is_stopped": policy.is_stopped,
        "running": next((one for one in earlier if not one.is_over), None),
        "earlier": earlier,
    }


def _since(form: TellingForm) -> date | None:
    return form.cleaned_data.get("since") if form.is_bound else form.initial["since"]


@requires(PERMISSION)
@require_safe
def told(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it has come. The page asks for itself again while it goes on."""
    telling = get_object_or_404(Telling.objects.select_related("cause", "by"), pk=pk)
    return _progress(request, telling)


@requires(PERMISSION)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    telling = get_object_or_404(Telling, pk=pk)
    stop_telling(telling, by=viewer(request))
    if not request.headers.get("HX-Request"):
        return redirect("recovery:told", pk)
    return _progress(request, Telling.objects.select_related("cause", "by").get(pk=pk))


def _progress(request: HttpRequest, telling: Telling) -> HttpResponse:
    now = timezone.now()
    context = {
        "telling": telling,
        "progress": Progress(telling),
        "has_begun": telling.send_at <= now,
        "is_stopped": Policy.current().is_stopped,
        "section": "causes",
    }
    page = "recovery/_told.html" if request.headers.get("HX-Request") else "recovery/told.html"
    return render(request, page, context)
