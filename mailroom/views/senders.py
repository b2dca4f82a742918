"""The addresses that our mails come from."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import SIGNATURE_CHARS, Team, User
from mailroom.actions.trying import send_test
from mailroom.forms.senders import SenderForm
from outbox.actions.senders import remove_sender, save_sender
from outbox.headers import default_sender
from outbox.models import Sender
from tickets.macros import SIGNATURE_NAMES, VARIABLES, signature_of, unknown_names

UNPROCESSABLE = 422
SECTION = {"section": "email", "tab": "senders"}


@requires("outbox.manage")
@require_safe
def senders(request: HttpRequest) -> HttpResponse:
    """All of them, those for everybody first."""
    found = Sender.objects.select_related("team").order_by("team__name", "-is_usual", "email")
    rows = sorted(found, key=lambda sender: sender.team is not None)
    name, email = default_sender()
    context = {"senders": rows, "default_name": name, "default_email": email}
    return render(request, "mailroom/senders.html", context | SECTION)


@requires("outbox.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def sender(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add one, or change one."""
    found = get_object_or_404(Sender, pk=pk) if pk else None
    form = SenderForm(request.POST if request.method == "POST" else None, sender=found)
    if request.method == "POST" and form.is_valid():
        try:
            made = save_sender(found, by=viewer(request), **form.values)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved. Send a test to yourself to see how it arrives."))
            return redirect("mailroom:sender", made.pk)
    context: dict[str, Any] = {"form": form, "sender": found}
    return render(request, "mailroom/sender.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


@requires("outbox.manage")
@require_POST
def sender_deed(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: `test` sends a mail to whoever asks, `remove` takes the address away."""
    found, by = get_object_or_404(Sender, pk=pk), viewer(request)
    if request.POST.get("do") == "remove":
        try:
            remove_sender(found, by=by)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("mailroom:sender", pk)
        messages.success(request, _("No mail comes from %(email)s any more.") % {"email": found.email})
        return redirect("mailroom:senders")
    mail = send_test(found, by=by)
    messages.success(
        request, _("It is on its way to %(email)s. Here you see what the server says.") % {"email": by.email}
    )
    return redirect("mailroom:outgoing_mail", mail.pk)


@requires("outbox.manage")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How mails from this address will end, as it is typed; shown as somebody without a signature of their own."""
    typed = request.POST.get("signature", "")[:SIGNATURE_CHARS].replace("\x00", "").strip()
    mine = User.objects.get(pk=viewer(request).pk)
    mine.signature = ""  # only to be looked at: neither is saved
    number = request.POST.get("team", "")
    team = (
        Team.objects.filter(pk=int(number)).first()
        if number.isascii() and number.isdigit() and len(number) < 10
        else None
    )
    context = {
        "ending": signature_of(mine, team=team, sender=Sender(signature=typed)),
        "is_own": bool(typed),
        "names": [VARIABLES[name] for name in SIGNATURE_NAMES],
        "unknown": unknown_names(typed),
    }
    return render(request, "tickets/_signature.html", context)
