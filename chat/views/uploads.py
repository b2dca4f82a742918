"""What guests bring along: one file at a time, which then goes with a message."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import refusal
from accounts.net import client_ip, network_of
from chat.actions import allow_file, bring_file
from chat.models import Visitor
from chat.views.conversation import knows_visitor
from tickets.models import Attachment
from tickets.views.files import keep_file


@require_POST
@knows_visitor
def uploads(request: HttpRequest, visitor: Visitor) -> HttpResponseBase:
    """Take one file, `file` in multipart; its id then goes into a message's `attachments`."""
    address = client_ip(request)

    def keep(file: UploadedFile) -> Attachment:
        if not allow_file(visitor, size=file.size or 0, network=network_of(address) or address):
            raise ValidationError(_("That was a lot at once. Send more later."), code="rate_limited")
        return bring_file(visitor, upload=file)

    try:
        return keep_file(request, keep)
    except PermissionDenied:
        return refusal(403, "forbidden", "Files are not taken here.")
