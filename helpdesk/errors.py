"""What we say when something is wrong: words for people, one shape of JSON for programs."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

DATABASE_GONE = (OperationalError, InterfaceError)
log = logging.getLogger(__name__)


def speaks_json(request: HttpRequest) -> bool:
    """Whether a program asks: the API and the widget, but not the pages that people look at there."""
    pages = ("/widget/frame", "/widget/demo", "/api/v1/docs")
    return request.path.startswith(("/api/", "/widget/")) and not request.path.startswith(pages)


def error_page(request: HttpRequest, status: int, template: str, code: str, detail: str) -> HttpResponse:
    """Answer with `template`, or with the API's error shape; without the database if that is what is missing."""
    if speaks_json(request):
        return JsonResponse({"error": {"code": code, "detail": detail, "fields": {}}}, status=status)
    try:
        return HttpResponse(render_to_string(template, request=request), status=status)
    except DATABASE_GONE as error:
        return unavailable(request, error)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503: the database does not answer. Reads nothing but the template."""
    log.error("database unavailable: %s", error)
    if speaks_json(request):
        detail = "We cannot reach our database. Try again in a moment."
        body = {"error": {"code": "unavailable", "detail": detail, "fields": {}}}
        response: HttpResponse = JsonResponse(body, status=503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    response["Cache-Control"] = "no-store"
    return response
