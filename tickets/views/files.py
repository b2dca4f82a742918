"""Files come in one by one and go out as downloads, never as pages of ours."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires, viewer
from tickets.actions import add_attachment
from tickets.models import Attachment
from tickets.serializers import attachment_json

# Types that run nothing, whatever a browser makes of them; all others are only bytes.
INERT = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
STATUS = {"too_long": 413}


@requires("tickets.reply")
@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Take one file, `file` in multipart; its id then goes into a message's `attachments`."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _refusal("invalid", "Send one file, in the field “file”.", 400)
    try:
        attachment = add_attachment(file, by=viewer(request))
    except ValidationError as error:
        code = error.code or "invalid"
        return _refusal(code, str(error.message), STATUS.get(code, 422))
    return JsonResponse(attachment_json(attachment), status=201)


@requires("tickets.view")
@require_safe
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return file_response(get_object_or_404(Attachment.objects.visible_to(viewer(request)), pk=pk))


def file_response(attachment: Attachment) -> HttpResponseBase:
    """A file for someone who may see it. Nothing in it can act in our name, even when it is opened."""
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    kind = attachment.type if attachment.type in INERT else "application/octet-stream"
    response = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=kind)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"  # who loses access has nothing left to open
    return response


def _refusal(code: str, detail: str, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "detail": detail, "fields": {}}}, status=status)
