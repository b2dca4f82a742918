"""A message that came by mail is spam, says whoever reads it on its ticket."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires, viewer
from mailroom.actions.deciding import mark_spam
from mailroom.models import RawMail, State
from tickets.models import Message


@requires("tickets.trash")
@require_http_methods(["GET", "HEAD", "POST"])
def spam(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what follows from it; a POST does it, with `block` for its sender, too."""
    message = get_object_or_404(Message.objects.visible_to(viewer(request)).select_related("ticket"), pk=pk)
    mail = RawMail.objects.filter(entry=message).exclude(state=State.DUPLICATE).order_by("received_at").first()
    if mail is None:
        raise Http404
    if request.method == "POST":
        try:
            mark_spam(mail, by=viewer(request), blocks_sender=bool(request.POST.get("block")))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(message.ticket.get_absolute_url())
        messages.success(request, _("Thank you. It is spam now."))
        return redirect("tickets:inbox") if mail.state == State.TICKET else redirect(message.ticket.get_absolute_url())
    return render(request, "mailroom/spam.html", {"message": message, "mail": mail, "ticket": message.ticket})
