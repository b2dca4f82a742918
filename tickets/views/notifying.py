"""What somebody was told, how they want to be told, and which tickets they follow."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import refusal, requires, viewer
from accounts.forms import refuse
from accounts.models import Team, User
from tickets import actions
from tickets.forms import problems_of
from tickets.forms.notifying import BrowserForm, NotificationSettingsForm
from tickets.models import Ticket
from tickets.pushing import public_key
from tickets.queries.concerning import may_see
from tickets.queries.follow_ups import count_due
from tickets.queries.notifications import COUNT_CAP, Told, count_unread, excerpt, said, settings_of, told_page
from tickets.views.acting import UNPROCESSABLE, act_on, see_other
from tickets.views.inbox import answer, viewer_with_teams

MOST_OFFERED = 8
MAX_WORDS = 100
MAX_ID = 2**63 - 1


# --- The centre --------------------------------------------------------------------------
@requires("tickets.view")
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """What they were told, newest first, each ticket once."""
    is_unread_only = request.GET.get("show") == "unread"
    page = told_page(viewer_with_teams(request), cursor=request.GET.get("cursor", ""), is_unread_only=is_unread_only)
    context = {
        "groups": [_shown(one) for one in page.groups],
        "next_cursor": page.next_cursor,
        "show": "unread" if is_unread_only else "all",
        "section": "notifications",
        "is_first_page": "cursor" not in request.GET,
    }
    return answer(request, context, page="tickets/notifications.html", fragment="tickets/_notifications.html")


def _shown(told: Told) -> dict[str, object]:
    lines = [{"told": one, "said": said(one), "excerpt": excerpt(one)} for one in told.notifications]
    return {"ticket": told.ticket, "is_unread": told.is_unread, "lines": lines}


@never_cache
@requires("tickets.view")
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The place in the rail, with how much is unread: fetched by the page, which has no query to spare for it."""
    user = viewer_with_teams(request)
    is_quiet = user.is_on_breather(timezone.now())  # what there is will still be there
    counts = {"unread": 0 if is_quiet else count_unread(user), "due": count_due(user)}
    shown = {name: f"{COUNT_CAP}+" if count > COUNT_CAP else count for name, count in counts.items()}
    return render(request, "tickets/_bell.html", shown | {"is_counted": True})


@requires("tickets.view")
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """They know: those of one ticket (`ticket`), or all."""
    number = request.POST.get("ticket", "")
    if number:
        if not (number.isascii() and number.isdigit() and int(number[:20]) <= MAX_ID):
            return HttpResponse(_("There is no such ticket."), status=UNPROCESSABLE, content_type="text/plain")
        ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=int(number))
        actions.read_notifications(by=viewer(request), ticket=ticket)
    else:
        actions.read_notifications(by=viewer(request))
    show = {"show": "unread"} if request.POST.get("show") == "unread" else {}
    return see_other(reverse("tickets:notifications") + ("?" + urlencode(show) if show else ""))


# --- How one wants to be told ------------------------------------------------------------
@never_cache
@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def notification_settings(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    form = NotificationSettingsForm(request.POST if request.method == "POST" else None, wishes=settings_of(user))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_notification_settings(user, by=user, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("tickets:notification_settings")
    context = {
        "form": form,
        "browsers": user.push_subscriptions.order_by("-created_at"),
        "push_key": public_key(),
        "zone": user.zone,
        "section": "my-notifications",
    }
    return render(request, "tickets/notification_settings.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("tickets.view")
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """Reach this person in this browser from now on; asked by a script, once they have allowed it there."""
    form, user = BrowserForm(request.POST), viewer(request)
    if not form.is_valid():
        return refusal(422, "invalid", problems_of(form))
    try:
        browser = actions.subscribe_browser(user, by=user, **form.cleaned_data)
    except ValidationError as error:
        return refusal(422, "invalid", " ".join(error.messages))
    return JsonResponse({"id": browser.pk})


@requires("tickets.view")
@require_POST
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """Reach them no more in one of their browsers: by its `id`, or by the `endpoint` that it knows itself."""
    user, pk = viewer(request), request.POST.get("id", "")
    theirs = user.push_subscriptions.filter(endpoint=request.POST.get("endpoint", "")[:1000].replace("\0", ""))
    if pk:
        is_number = pk.isascii() and pk.isdigit() and int(pk[:20]) <= MAX_ID
        theirs = user.push_subscriptions.filter(pk=int(pk)) if is_number else user.push_subscriptions.none()
    for browser in theirs:
        actions.unsubscribe_browser(browser, by=user)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({})
    return redirect("tickets:notification_settings")


@require_safe
def push_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows notes while no page is open. It is for everybody, and has power over its folder only."""
    script = (settings.BASE_DIR / "static" / "js" / "push-worker.js").read_text()
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# --- On a ticket -------------------------------------------------------------------------
@requires("tickets.view")
@require_POST
def follow(request: HttpRequest, number: int) -> HttpResponse:
    """Hear of whatever happens on it."""
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.follow_ticket(ticket, by=user))


@requires("tickets.view")
@require_POST
def unfollow(request: HttpRequest, number: int) -> HttpResponse:
    user = viewer(request)
    return act_on(request, number, forms.Form(request.POST), lambda ticket: actions.unfollow_ticket(ticket, by=user))


@requires("tickets.note")
@require_safe
def mention_options(request: HttpRequest, number: int) -> HttpResponse:
    """Whom a note on this ticket may mention, as far as their names begin with what was typed after the @."""
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer_with_teams(request)), pk=number)
    words = request.GET.get("q", "")[:MAX_WORDS].replace("\0", "")
    people = User.objects.filter(is_active=True).exclude(pk=viewer(request).pk).prefetch_related("teams")
    fitting = [user for user in people if _fits(user.name, words)][:MOST_OFFERED]
    teams = [team for team in Team.objects.all() if _fits(team.name, words)][:MOST_OFFERED]
    offered = [{"user": user, "is_blind": not may_see(user, ticket)} for user in fitting]
    offered.sort(key=lambda one: bool(one["is_blind"]))
    return render(request, "tickets/_mention_options.html", {"people": offered, "teams": teams, "q": words})


def _fits(name: str, words: str) -> bool:
    """Whether the words are the beginning of the name, or of one of its words."""
    name, words = " ".join(name.split()).casefold(), " ".join(words.split()).casefold()
    return name.startswith(words) or f" {words}" in name
