"""How somebody's mails will end, as they write it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.access import requires, viewer
from accounts.models import SIGNATURE_CHARS, User
from tickets.macros import SIGNATURE_NAMES, VARIABLES, signature_of, unknown_names


@requires()
@require_POST
def preview_signature(request: HttpRequest) -> HttpResponse:
    """What the typed `signature` becomes; an empty one, what stands for it."""
    typed = request.POST.get("signature", "")[:SIGNATURE_CHARS].replace("\x00", "").strip()
    mine = User.objects.get(pk=viewer(request).pk)
    mine.signature = typed  # only to be looked at: it is not saved here
    context = {
        "ending": signature_of(mine),
        "is_own": bool(typed),
        "names": [VARIABLES[name] for name in SIGNATURE_NAMES],
        "unknown": unknown_names(typed),
    }
    return render(request, "tickets/_signature.html", context)
