"""Pages of the installation itself: is it alive, is it fit, what is the front door."""

from __future__ import annotations

from typing import Any

import redis
from accounts.models import Desk, Heartbeat
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from outbox.models import Mail
from tickets.models import FollowUp

WORKER_STALE_SECONDS = 120
LATE_SECONDS = 300


def home(request: HttpRequest) -> HttpResponse:
    """The inbox for who is signed in, the sign-in for who is not, the first-run page for the very first."""
    if request.user.is_authenticated:
        return redirect("tickets:inbox")
    return redirect("account_login" if Desk.load() else "accounts:first_run")


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive. Asks nobody, so that a slow database does not get healthy processes killed."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Fit for work: 200, or 503 with what is not."""
    checks = {"database": _database(), "redis": _redis()}
    if checks["database"]["ok"]:
        checks |= {"worker": _worker(), "due_work": _due_work()}
    is_fit = all(check["ok"] for check in checks.values())
    return JsonResponse({"ok": is_fit} | checks, status=200 if is_fit else 503)


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
    """How late the oldest work is that should have been done: follow-ups and mails."""
    now = timezone.now()
    due = [
        FollowUp.objects.due(now).values_list("due_at", flat=True).first(),
        Mail.objects.due(now).order_by("next_at").values_list("next_at", flat=True).first(),
    ]
    oldest = min((at for at in due if at), default=None)
    late = (now - oldest).total_seconds() if oldest else 0
    return {"ok": late < LATE_SECONDS, "oldest_due_seconds": late}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our own page, or from one that lay open too long."""
    return render(request, "403_csrf.html", status=403)
