"""Pages of the installation itself: the front door, is it fit, and what it says when something is wrong."""

from __future__ import annotations

import sys
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog
from django_prometheus.exports import ExportToDjangoView

from accounts.languages import DESK_LANGUAGES
from accounts.models import ApiToken, Desk, Heartbeat
from accounts.tokens import bearer
from helpdesk.errors import DATABASE_GONE, error_page, unavailable
from helpdesk.figures import open_alarms, own_figures
from mailroom.models import RawMail
from mailroom.queries.faults import fetching_faults
from outbox.models import Mail
from reports.queries.counting import behind, counting_faults, left_to_count
from tickets.models import FollowUp, ScheduledReply

WORKER_STALE_SECONDS = 120
LATE_SECONDS = 300


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The inbox for who is signed in, the sign-in for who is not, the first-run page for the very first."""
    if request.user.is_authenticated:
        return redirect("tickets:inbox")
    return redirect("account_login" if Desk.load() else "accounts:first_run")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Fit for work: 200, or 503 with what is not. Alarms of the ledger, failing mailboxes and figures that are behind
    are said, too; they make nothing unfit."""
    checks = {"database": _database(), "redis": _redis()}
    said: dict[str, Any] = {}
    if checks["database"]["ok"]:
        checks |= {"worker": _worker(), "due_work": _due_work()}
        said |= {"ledger": _ledger(), "mailboxes": _mailboxes(), "reports": _reports()}
    is_fit = all(check["ok"] for check in checks.values())
    return JsonResponse({"ok": is_fit} | checks | said, status=200 if is_fit else 503)


@method_decorator(cache_control(public=True, max_age=3600), name="dispatch")
class Words(JavaScriptCatalog):
    """What the scripts of the workspace say, in the language that the address names."""

    def get(self, request: HttpRequest, *args: Any, language: str, **kwargs: Any) -> HttpResponse:
        if language not in DESK_LANGUAGES:
            raise Http404
        with translation.override(language):
            return super().get(request, *args, **kwargs)


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True}


def _redis() -> dict[str, Any]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError as error:
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True}


def _worker() -> dict[str, Any]:
    beat = Heartbeat.objects.filter(name="worker").first()
    age = (timezone.now() - beat.at).total_seconds() if beat else None
    return {"ok": age is not None and age < WORKER_STALE_SECONDS, "seconds_since_heartbeat": age}


def _due_work() -> dict[str, Any]:
    """How late the oldest work is that should have been done: follow-ups, replies and mails, going out and come in."""
    now = timezone.now()
    due = [
        FollowUp.objects.due(now).values_list("due_at", flat=True).first(),
        ScheduledReply.objects.due(now).values_list("send_at", flat=True).first(),
        Mail.objects.due(now).let_go().values_list("next_at", flat=True).first(),
        RawMail.objects.due(now).values_list("next_at", flat=True).first(),
    ]
    oldest = min((at for at in due if at), default=None)
    late = (now - oldest).total_seconds() if oldest else 0
    return {"ok": late < LATE_SECONDS, "oldest_due_seconds": late}


def _ledger() -> dict[str, Any]:
    """Where it disagrees with the offers, and nobody has settled it: for a person, not for a load balancer."""
    count = open_alarms()
    return {"ok": count == 0, "alarms": count}


def _mailboxes() -> dict[str, Any]:
    """Those whose mails have not come in for minutes: for a person, as the ledger is."""
    failing = len(list(fetching_faults(timezone.now())))
    return {"ok": failing == 0, "failing": failing}


def _reports() -> dict[str, Any]:
    """How far figures are behind what happens, and up to which ticket the past is not counted: for a person, too."""
    now = timezone.now()
    is_late = any(counting_faults(now))
    return {"ok": not is_late, "seconds_behind": behind(now).total_seconds(), "tickets_left": left_to_count()}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' exposition, for whoever may see reports; for everybody else it does not exist."""
    raw = bearer(request.headers.get("Authorization", ""))
    user = ApiToken.objects.authenticate(raw) if raw else request.user
    if user is None or not user.is_authenticated or not user.has_perm("reports.view"):
        raise Http404
    response = ExportToDjangoView(request)
    response.content += own_figures()
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our own page, or from one that lay open too long."""
    return error_page(request, 403, "403_csrf.html", "csrf_failed", "Load the page again and send it once more.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 400, "400.html", "invalid", "We could not make sense of that request.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, "403.html", "forbidden", "That is not part of your role.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404, "404.html", "not_found", "There is nothing here.")


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    response = error_page(request, 429, "429.html", "rate_limited", "Too many tries. Wait a few minutes.")
    response["Retry-After"] = "300"
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """Our own mistake, or a database that went away where no view was running yet."""
    error = sys.exc_info()[1]
    if isinstance(error, DATABASE_GONE):
        return unavailable(request, error)
    return error_page(request, 500, "500.html", "broken", "Something broke on our side. It is written down.")
