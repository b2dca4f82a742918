"""An account at Google or Microsoft is connected: out to the provider, and back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from mailroom.actions.connecting import begin_connecting, finish_connecting
from mailroom.models import Mailbox
from mailroom.queries.reaching import back_address

SESSION_KEY = "mailroom_connecting"


@requires("mailroom.manage")
@require_POST
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """To the provider, where they are asked whether we may read this account's mail."""
    found = get_object_or_404(Mailbox, pk=pk)
    try:
        leaving = begin_connecting(found, by=viewer(request), back=back_address())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("mailroom:mailbox", pk)
    request.session[SESSION_KEY] = leaving.kept
    return HttpResponseRedirect(leaving.url)


@requires("mailroom.manage")
@never_cache
@require_safe
def connected(request: HttpRequest) -> HttpResponse:
    """Back from the provider. What it says counts only for the mailbox for which this browser left, and only once."""
    kept: dict[str, str] = request.session.pop(SESSION_KEY, None) or {}
    found = Mailbox.objects.filter(pk=kept.get("mailbox", "0")).first()
    if found is None:
        messages.error(request, _("That answer belongs to another try. Connect the account again."))
        return redirect("mailroom:mailboxes")
    state, code = request.GET.get("state", "")[:500], request.GET.get("code", "")[:4000]
    if not code:
        messages.error(request, _("The account was not connected: the provider was told no."))
        return redirect("mailroom:mailbox", found.pk)
    try:
        finish_connecting(found, by=viewer(request), kept=kept, state=state, code=code)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("It is connected. Test it now: each step says whether it works."))
    return redirect("mailroom:mailbox", found.pk)
