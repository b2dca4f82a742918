"""What was said is changed: a note is edited by its author; passages and files are taken out for good."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from accounts.access import requires, viewer
from outbox.blackout import suggest
from tickets import actions
from tickets.forms import NoteForm, RedactForm
from tickets.models import Attachment, Message
from tickets.views.acting import UNPROCESSABLE, after, see_other
from tickets.views.inbox import viewer_with_teams, wants_fragment


@requires("tickets.note")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a note of one's own: in its place where a script is there, else on a page of its own."""
    message = _message(request, pk)
    if message.by_user_id != viewer(request).pk or not message.is_note:
        raise PermissionDenied
    form = NoteForm(
        request.POST if request.method == "POST" else None, initial={"body": message.body, "version": message.version}
    )
    now = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_note(message, by=viewer(request), **form.cleaned_data)
            return after(request, message.ticket)
        except actions.ChangedError as error:
            form.add_error(None, error)
            now = error.now
            # Whoever has seen both texts may write over it.
            form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict
            form.data["version"] = now.version  # type: ignore[index]
        except ValidationError as error:
            form.add_error(None, error)
    template = "tickets/_edit_note.html" if wants_fragment(request) else "tickets/edit_note.html"
    context = {"form": form, "message": message, "ticket": message.ticket, "now": now}
    response = render(request, template, context, status=UNPROCESSABLE if form.errors else 200)
    if form.errors and wants_fragment(request):
        retarget(reswap(response, "outerHTML"), f"#edit-{message.pk}")
    return response


@requires("tickets.redact")
@require_http_methods(["GET", "HEAD", "POST"])
def redact(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what of a message is blacked out, and what of its files is removed."""
    message = _message(request, pk)
    form = RedactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.redact_message(message, by=viewer(request), passages=form.cleaned_data["passage"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("It is blacked out, here and for the customer."))
            return see_other(message.ticket.get_absolute_url())
    files = [file for file in message.attachments.all() if file.removed_at is None]
    context = {
        "form": form,
        "message": message,
        "ticket": message.ticket,
        "files": files,
        "suggested": suggest(message.body),
        "chosen": form.cleaned_data.get("passage", []) if form.is_bound else [],
    }
    return render(request, "tickets/redact.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("tickets.redact")
@require_POST
def remove_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete what a file holds, and show its ticket."""
    sent = Attachment.objects.visible_to(viewer(request)).filter(message__isnull=False)
    file = get_object_or_404(sent.select_related("message__ticket"), pk=pk)
    assert file.message is not None
    actions.remove_file(file, by=viewer(request))
    messages.success(request, _("%(name)s is removed.") % {"name": file.name})
    return see_other(file.message.ticket.get_absolute_url())


def _message(request: HttpRequest, pk: int) -> Message:
    seen = Message.objects.visible_to(viewer_with_teams(request)).select_related("ticket", "by_user", "by_customer")
    return get_object_or_404(seen, pk=pk)
