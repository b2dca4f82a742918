"""Mailboxes under Settings: how each is doing, and setting one up step by step."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from mailroom.actions.connecting import PROVIDERS as OAUTH_PROVIDERS
from mailroom.actions.connecting import is_connectable
from mailroom.actions.fetching import reconcile
from mailroom.actions.mailboxes import remove_mailbox, save_mailbox
from mailroom.actions.testing import check_mailbox
from mailroom.collecting import CollectError
from mailroom.forms.mailboxes import KINDS, MailboxForm, kind_of
from mailroom.hooking import PROVIDERS
from mailroom.models import Access, Mailbox, SignIn
from mailroom.queries.health import health_of, mailboxes_with_health
from mailroom.queries.reaching import back_address, ways_to_reach

UNPROCESSABLE = 422
TEST_SECONDS = 30.0  # a mail may take to come back, while somebody waits for the page
SECTION = {"section": "email", "tab": "mailboxes"}


@requires("mailroom.manage")
@require_safe
def mailboxes(request: HttpRequest) -> HttpResponse:
    """All of them with their health; where there is none yet, the ways to begin."""
    context = {"rows": mailboxes_with_health(timezone.now()), "kinds": KINDS}
    return render(request, "mailroom/mailboxes.html", context | SECTION)


@requires("mailroom.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new_mailbox(request: HttpRequest, kind: str) -> HttpResponse:
    """Set one up in this way; the page after it says what remains to be done."""
    if kind not in KINDS:
        raise Http404
    form = MailboxForm(request.POST if request.method == "POST" else None, kind=kind, providers=_providers())
    if request.method == "POST" and form.is_valid():
        try:
            made = save_mailbox(None, by=viewer(request), values=form.values)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("It is set up. Test it now: each step says whether it works."))
            return redirect("mailroom:mailbox", made.pk)
    return _page(request, form, kind=kind)


@requires("mailroom.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def mailbox(request: HttpRequest, pk: int) -> HttpResponse:
    """One mailbox: its health, its test, how mails reach it, and what is set."""
    found = get_object_or_404(Mailbox, pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = MailboxForm(posted, kind=kind_of(found), providers=_providers(), mailbox=found)
    if request.method == "POST" and form.is_valid():
        try:
            save_mailbox(found, by=viewer(request), values=form.values)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("mailroom:mailbox", pk)
    return _page(request, form, found)


@requires("mailroom.manage")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Mailbox, pk=pk)
    remove_mailbox(found, by=viewer(request))
    messages.success(
        request, _("“%(name)s” is gone. The mails that came through it are still here.") % {"name": found.name}
    )
    return redirect("mailroom:mailboxes")


@requires("mailroom.manage")
@require_POST
def try_out(request: HttpRequest, pk: int) -> HttpResponse:
    """The self-test, step by step: a mail goes out and is waited for."""
    found = get_object_or_404(Mailbox, pk=pk)
    findings = check_mailbox(found, by=viewer(request), seconds=TEST_SECONDS)
    found.refresh_from_db()
    form = MailboxForm(None, kind=kind_of(found), providers=_providers(), mailbox=found)
    return _page(request, form, found, findings=findings)


@requires("mailroom.manage")
@require_POST
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Is everything in the folder here? What is missing is fetched at once."""
    found = get_object_or_404(Mailbox, pk=pk, access=Access.IMAP)
    try:
        counted = reconcile(found, by=viewer(request))
    except CollectError as error:
        messages.error(request, f"{error.words} {error.mend}".strip())
        return redirect("mailroom:mailbox", pk)
    if counted.still_missing:
        said = ngettext(
            "%(count)s mail in the folder could not be brought here.",
            "%(count)s mails in the folder could not be brought here.",
            len(counted.still_missing),
        )
        messages.error(request, said % {"count": len(counted.still_missing)})
    elif counted.missing:
        said = ngettext(
            "%(count)s mail was missing. It is here now.",
            "%(count)s mails were missing. They are here now.",
            len(counted.missing),
        )
        messages.success(request, said % {"count": len(counted.missing)})
    else:
        messages.success(request, _("Everything is here: %(there)s in the folder.") % {"there": counted.there})
    return redirect("mailroom:mailbox", pk)


def _providers() -> list[tuple[str, str]]:
    return [(name, str(provider.title)) for name, provider in PROVIDERS.items()]


def _page(
    request: HttpRequest, form: MailboxForm, found: Mailbox | None = None, *, kind: str = "", **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "mailbox": found, "kind": kind}
    if found is not None:
        last = found.mails.order_by("-received_at").values_list("received_at", flat=True).first()
        context |= {"health": health_of(found, timezone.now(), last), "ways": ways_to_reach(found)}
        if found.access == Access.IMAP and found.sign_in in OAUTH_PROVIDERS:
            context |= {
                "connects": OAUTH_PROVIDERS[SignIn(found.sign_in)].name,
                "is_registered": is_connectable(found.sign_in),
                "back": back_address(),
            }
    context |= more
    return render(request, "mailroom/mailbox.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)
