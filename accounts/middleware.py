"""The company is read once a request; words are in the viewer's language, and times in their zone."""

from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from accounts.languages import DESK_LANGUAGES, choose, code_of
from accounts.models import Desk

Handler = Callable[[HttpRequest], HttpResponse]


def desk_read_once(get_response: Handler) -> Handler:
    def handle(request: HttpRequest) -> HttpResponse:
        with Desk.read_once():
            return get_response(request)

    return handle


def viewer_language(get_response: Handler) -> Handler:
    """Behind the authentication: the language that the viewer chose, else the first that their browser wants and we
    speak, else the company's. The API speaks English to programs, and the chat has words of its own."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", "/widget")):
            return get_response(request)
        with translation.override(_language_of(request)):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
        patch_vary_headers(response, ["Accept-Language"])
        return response

    return handle


def _language_of(request: HttpRequest) -> str:
    if request.user.is_authenticated and request.user.language:
        return request.user.language
    if chosen := browser_language(request):
        return chosen
    with suppress(DatabaseError):  # whoever needs the database says that it is gone
        return Desk.current().language
    return settings.LANGUAGE_CODE


def browser_language(request: HttpRequest) -> str:
    """The first language that the browser wants and we speak, or nothing; asks nobody else."""
    wanted = [locale for locale, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    return code_of(choose(wanted, offered=DESK_LANGUAGES, default=""))


def viewer_time_zone(get_response: Handler) -> Handler:
    """Behind the authentication: the viewer's own zone, the company's where they chose none."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        with timezone.override(user.zone):
            return get_response(request)

    return handle
