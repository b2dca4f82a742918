"""Where an address unsubscribes, and development's letter box at /mail/, which outside development does not exist."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from outbox import actions, catcher
from outbox.models import Suppression
from outbox.policy import Why
from outbox.tokens import address_of

# Whatever a mail contains may show its pictures and styles and open links in a new tab, and nothing else.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'self'"
)

View = Callable[..., HttpResponse]


def development_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@development_only
@require_GET
def mail_list(request: HttpRequest) -> HttpResponse:
    return render(request, "outbox/mails.html", {"mails": catcher.newest()})


@development_only
@require_GET
def mail_detail(request: HttpRequest, key: str) -> HttpResponse:
    return render(request, "outbox/mail.html", {"mail": _find(key), "sandbox": SANDBOX})


@development_only
@require_GET
@xframe_options_sameorigin
def mail_html(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001
    """The HTML part alone, for the frame; its links open in a new tab."""
    response = HttpResponse(_find(key).page.replace("<head>", '<head><base target="_blank">', 1))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


def _find(key: str) -> catcher.CaughtMail:
    mail = catcher.find(key)
    if mail is None:
        raise Http404
    return mail


@csrf_exempt  # mail programs post here for their reader, from outside and without a cookie (RFC 8058)
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One press ends the mails that nobody asked for, and one takes it back. To look at it changes nothing: scanners of
    mail follow each link."""
    email = address_of(token)
    if email is None:
        raise Http404
    if request.method == "POST":
        if request.POST.get("again"):
            actions.subscribe_again(email)
        else:
            actions.suppress(email, reason=Why.UNSUBSCRIBED)
    is_unsubscribed = email in Suppression.objects.reasons_for([email])
    return render(request, "outbox/unsubscribe.html", {"email": email, "is_unsubscribed": is_unsubscribed})
