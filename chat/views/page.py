"""The loader, the widget's own page, and in development a shop page to try it on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from accounts.models import Site

EMBED_SECONDS = 300  # how long a browser may keep the loader before it asks again


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
def frame(request: HttpRequest) -> HttpResponse:
    """The panel. Only the site's own pages may show it (`frame-ancestors`), and it reads no cookie."""
    key = request.GET.get("site", "")
    if "\x00" in key:
        raise Http404
    site = get_object_or_404(Site, key=key)
    response = render(request, "chat/frame.html", {"widget": {"site": site_json(site), "socketPath": "/ws/widget/"}})
    own = settings.SOCKET_ORIGINS if settings.DEBUG else []  # development's shop page is ours
    ancestors = [*site.allowed_origins, *own] or [NONE]
    response._csp_replace = {"frame-ancestors": ancestors}  # type: ignore[attr-defined]  # django-csp's way
    return response


def site_json(site: Site) -> dict[str, Any]:
    """What a site's widget looks like and says; everybody may know it."""
    return {
        "key": site.key,
        "name": site.name,
        "color": site.color,
        "greeting": site.greeting,
        "locale": site.language,
    }


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """A shop page with the widget on it, to try it in development."""
    site = Site.objects.order_by("pk").first()
    if not settings.DEBUG or site is None:
        raise Http404
    return render(request, "chat/demo.html", {"site": site, "site_url": f"{request.scheme}://{request.get_host()}"})
