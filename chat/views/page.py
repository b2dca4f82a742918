"""The loader, the widget's own page, its rules, and in development a shop page to try it on."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.languages import LANGUAGES, choose
from accounts.models import Site
from chat.models import ProactiveMessage, WidgetSettings

EMBED_SECONDS = 300  # how long a browser may keep the loader before it asks again
RULES_SECONDS = 300
AS_IN_PATHS = "/*%:@!$&'()+,;="  # what browsers leave as it is in a path
MAX_FILES = 10  # of one message


def _loader() -> bytes:
    return Path(str(finders.find("widget/embed.js"))).read_bytes()


def _loader_etag(request: HttpRequest) -> str:
    return f'"{sha256(_loader()).hexdigest()[:20]}"'


@require_safe
@gzip_page  # there is no secret in it that compression could betray
@cache_control(public=True, max_age=EMBED_SECONDS)
@condition(etag_func=_loader_etag)
def embed(request: HttpRequest) -> HttpResponse:
    """The one script that a page carries. Anyone's page may load it, hence no cookie and no secret in it."""
    response = HttpResponse(_loader(), content_type="text/javascript; charset=utf-8")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@xframe_options_exempt
@vary_on_headers("Accept-Language")
def frame(request: HttpRequest) -> HttpResponse:
    """The panel. Only the site's own pages may show it (`frame-ancestors`), and it reads no cookie.

    `?preview=1` is for the settings, where it starts no visitor: only pages of this desk itself may show that one.
    """
    site = _site_of(request)
    is_preview = request.GET.get("preview") == "1"
    widget = {"site": site_json(site, *_locales(request)), "socketPath": "/ws/widget/", "preview": is_preview}
    response = render(request, "chat/frame.html", {"widget": widget})
    own = settings.SOCKET_ORIGINS if settings.DEBUG else []  # development's shop page is ours
    ancestors = [SELF] if is_preview else [*site.allowed_origins, *own] or [NONE]
    response._csp_replace = {"frame-ancestors": ancestors}  # type: ignore[attr-defined]  # django-csp's way
    return response


@require_safe
def rules(request: HttpRequest) -> HttpResponseBase:
    """The site's proactive messages. Any page may ask: it is what the widget would say there anyway."""
    active = ProactiveMessage.objects.filter(site=_site_of(request), is_active=True)
    body = json.dumps({"rules": [rule_json(message) for message in active]}, ensure_ascii=False).encode()
    etag = f'"{sha256(body).hexdigest()[:20]}"'
    response = get_conditional_response(
        request, etag=etag, response=HttpResponse(body, content_type="application/json", headers={"ETag": etag})
    )
    assert response is not None  # it is the one handed in, or a 304
    patch_cache_control(response, public=True, max_age=RULES_SECONDS)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def rule_json(message: ProactiveMessage) -> dict[str, Any]:
    """What the loader needs to know of a proactive message; it decides when to say it."""
    names = ("id", "text", "seconds", "conditions", "hours_between")
    page = quote(message.page, safe=AS_IN_PATHS)  # /münze is /m%C3%BCnze to a browser
    return {name: getattr(message, name) for name in names} | {"page": page}


def site_json(site: Site, *wanted: str) -> dict[str, Any]:
    """What a site's widget looks like, says and offers, for somebody who reads the wanted locales, dearest first.

    Everybody may know it (docs/protocol.md).
    """
    offered = [code for code in LANGUAGES if code in site.languages] or list(LANGUAGES)
    locale = choose(wanted, offered=offered, default=site.language)
    widget = WidgetSettings.of(site)
    return {
        "key": site.key,
        "name": site.name,
        "color": site.color,
        "greeting": site.greeting_in(locale),
        "locale": locale,
        "locales": offered,
        "position": site.position,
        "features": {
            "files": widget.takes_files,
            "rating": widget.asks_rating,
            "copy": widget.offers_copy,
            "queue": widget.shows_queue,
            "emoji": True,
        },
        "needs_consent": widget.needs_consent,
        "keeps_trail": widget.keeps_trail,
        "max_file_bytes": settings.MAX_FILE_BYTES,
        "max_files": MAX_FILES,
    }


def loader_attributes(site: Site) -> dict[str, str]:
    """What stands in the one line that a page carries, beside the script's address.

    The launcher is drawn before anything is asked of us, so the line itself says how it looks.
    """
    said = {
        "data-site": (True, site.key),
        "data-color": (site.color != Site._meta.get_field("color").default, site.color),
        "data-position": (site.position != Site.Position.END, site.position),
        "data-proactive": (ProactiveMessage.objects.filter(site=site, is_active=True).exists(), ""),
        "data-consent": (WidgetSettings.of(site).needs_consent, "ask"),
    }
    return {name: value for name, (is_needed, value) in said.items() if is_needed}


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """A shop page with the widget on it, to try it in development."""
    site = Site.objects.order_by("pk").first()
    if not settings.DEBUG or site is None:
        raise Http404
    context = {"site_url": f"{request.scheme}://{request.get_host()}", "attributes": loader_attributes(site)}
    return render(request, "chat/demo.html", context)


def _site_of(request: HttpRequest) -> Site:
    """The site whose key stands behind `?site=`; Http404 if there is none."""
    key = request.GET.get("site", "")
    site = None if "\x00" in key else Site.objects.filter(key=key).first()
    if site is None:
        raise Http404
    return site


def _locales(request: HttpRequest) -> list[str]:
    """What the page asks for, then what the browser does."""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return [request.GET.get("locale", ""), *(locale for locale, _ in accepted)]
