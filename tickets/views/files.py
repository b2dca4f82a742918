"""Files come in one by one and go out as downloads; only pictures of our own making are shown where they stand."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import for_programs_too, refusal, requires, viewer
from tickets.actions import add_attachment
from tickets.models import Attachment
from tickets.serializers import attachment_json

log = logging.getLogger(__name__)
ENVELOPE_BYTES = 64 * 1024  # what multipart writes around a file
# Types that run nothing, whatever a browser makes of them; all others are only bytes.
INERT = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
STATUS = {"too_long": 413, "rate_limited": 429, "unavailable": 503}


@for_programs_too
@requires("tickets.reply")
@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Take one file, `file` in multipart; its id then goes into a message's `attachments`."""
    return keep_file(request, lambda file: add_attachment(file, by=viewer(request)))


def keep_file(request: HttpRequest, keep: Callable[[UploadedFile], Attachment]) -> JsonResponse:
    """Hand the request's one file to an action and answer with what a message needs, or with what is wrong."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_FILE_BYTES + ENVELOPE_BYTES:
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        return refusal(413, "too_long", _("This file is too large: %(limit)s MB at most.") % {"limit": limit})
    try:
        file = request.FILES.get("file")
    except OSError as error:  # what is large waits on the disk while it comes in
        log.error("a file could not be taken: %s", error)
        return refusal(503, "unavailable", _("Files cannot be taken right now. Words can."))
    if not isinstance(file, UploadedFile):
        return refusal(400, "invalid", _("Send one file, in the field “file”."))
    try:
        attachment = keep(file)
    except ValidationError as error:
        code = error.code or "invalid"
        return refusal(STATUS.get(code, 422), code, str(error.message))
    return JsonResponse(attachment_json(attachment), status=201)


@for_programs_too
@requires("tickets.view")
@require_safe
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    user = viewer(request)
    file = Attachment.objects.visible_to(user).filter(pk=pk).first()
    return file_response(file or Attachment.objects.in_trash_of(user).filter(pk=pk).first())


def file_response(attachment: Attachment | None) -> HttpResponseBase:
    """A file for someone who may see it. Nothing in it can act in our name, even when it is opened.

    Errors: Http404 if there is none, if it was removed, or if it is gone from the storage.
    """
    if attachment is None or attachment.removed_at is not None:
        raise Http404
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    is_ours = attachment.width is not None  # made anew from its pixels
    kind = attachment.type if attachment.type in INERT else "application/octet-stream"
    response = FileResponse(content, as_attachment=not is_ours, filename=attachment.name, content_type=kind)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"  # who loses access has nothing left to open
    return response
