"""Whose mails are spam, and who gets nothing automatic."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires, viewer
from accounts.forms import refuse
from mailroom.actions.blocking import block_sender, unblock_sender
from mailroom.forms.blocking import BlockForm
from outbox.models import Block

UNPROCESSABLE = 422
SHOWN = 500
SECTION = {"section": "email", "tab": "blocked"}


@requires("mailroom.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def blocked(request: HttpRequest) -> HttpResponse:
    """All that are blocked, or those with `?q=` in them, and a form for another one."""
    form = BlockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = block_sender(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Mails of %(pattern)s are spam from now on.") % {"pattern": made.pattern})
            return redirect("mailroom:blocked")
    words = request.GET.get("q", "")[:254].replace("\x00", "").strip()
    found = Block.objects.select_related("by").filter(pattern__contains=words.lower())
    context = {"form": form, "blocks": list(found[: SHOWN + 1]), "shown": SHOWN, "q": words}
    return render(request, "mailroom/blocked.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


@requires("mailroom.manage")
@require_POST
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Block, pk=pk)
    unblock_sender(found, by=viewer(request))
    messages.success(request, _("Mails of %(pattern)s are taken again.") % {"pattern": found.pattern})
    return redirect("mailroom:blocked")
