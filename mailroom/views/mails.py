"""The mails that came in: what became of each and why, and its source, which is only ever read."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from accounts.models import User
from mailroom.actions.blocking import block_sender
from mailroom.actions.deciding import mark_spam, run_again
from mailroom.models import Mailbox, RawMail, RawText, State
from mailroom.queries.mails import find_mails, source_of
from mailroom.queries.way import proofs_of, way_of
from tickets.models import Ticket

MAX_WORDS = 200
# Where people have their mail who have no domain.
EVERYBODYS = {
    "aol.com", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com",
    "hotmail.de", "hotmail.fr", "icloud.com", "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr",
    "outlook.com", "outlook.de", "proton.me", "protonmail.com", "t-online.de", "web.de", "yahoo.com", "yahoo.co.uk",
    "yahoo.de", "yahoo.fr", "yandex.ru",
}  # fmt: skip
SECTION = {"section": "email", "tab": "mails"}


@requires("mailroom.manage")
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Those that came in, the newest first; `?state=`, `?mailbox=` and `?q=` choose among them."""
    said = {name: request.GET.get(name, "")[:MAX_WORDS].replace("\x00", "") for name in ("state", "mailbox", "q")}
    number = said["mailbox"] if said["mailbox"].isascii() and said["mailbox"].isdigit() else ""
    page = find_mails(
        viewer(request),
        state=said["state"],
        mailbox=int(number) if len(number) in range(1, 19) else None,
        words=said["q"],
        cursor=request.GET.get("cursor", "")[:MAX_WORDS],
    )
    context = {
        "page": page,
        "states": State.choices,
        "mailboxes": Mailbox.objects.all(),
        "chosen": said,
        "is_filtered": any(said.values()),
    }
    return render(request, "mailroom/mails.html", context | SECTION)


@requires("mailroom.manage")
@never_cache
@require_safe
def mail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One mail: its way, its proof and its source."""
    found = seen_mail(request, pk)
    source, is_whole = source_of(found)
    ticket = Ticket.objects.visible_to(viewer(request)).filter(pk=found.ticket_id).first() if found.ticket_id else None
    context = {"mail": found, "way": list(way_of(found)), "ticket": ticket, "proofs": proofs_of(found)}
    context |= {"source": source, "is_whole": is_whole, "domain": _own_domain(found.from_email)}
    return render(request, "mailroom/mail.html", context | SECTION)


@requires("mailroom.manage")
@never_cache
@require_safe
def source(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The mail as it came, byte for byte, to be kept; no browser ever shows it as a page of ours."""
    text = get_object_or_404(RawText.objects.filter(mail__in=RawMail.objects.visible_to(viewer(request))), pk=pk)
    response = HttpResponse(text.data, content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="{pk.hex}.eml"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@requires("mailroom.manage")
@require_POST
def deed(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """`do`: `again`, `person` (it was a person's, whatever it looks like), `spam`, `block` or `block-domain`."""
    found, by, do = seen_mail(request, pk), viewer(request), request.POST.get("do", "")
    try:
        said = _do(do, found, by)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
    return redirect("mailroom:mail", pk)


def _own_domain(email: str) -> str:
    """The domain of an address, unless half the world has one there: to block that is never meant."""
    domain = email.rpartition("@")[2]
    return "" if domain in EVERYBODYS else domain


def _do(do: str, found: RawMail, by: User) -> str:
    """What was done, in words. Errors: Http404 for what nobody can do; ValidationError."""
    if do in ("again", "person"):
        run_again(found, by=by, is_by_person=do == "person")
        return _("It goes its way again. Look in a moment what becomes of it.")
    if do == "spam":
        mark_spam(found, by=by)
        return _("It is spam now. A conversation that it began is in the trash.")
    domain = _own_domain(found.from_email)
    if found.from_email and (do == "block" or (do == "block-domain" and domain)):
        pattern = found.from_email if do == "block" else f"@{domain}"
        block_sender(pattern, by=by, note=found.subject)
        return _("Mails of %(pattern)s are spam from now on.") % {"pattern": pattern}
    raise Http404


def seen_mail(request: HttpRequest, pk: uuid.UUID) -> RawMail:
    """Errors: Http404 unless whoever asks may see it."""
    found = RawMail.objects.visible_to(viewer(request)).select_related("mailbox").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
