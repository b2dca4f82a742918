"""Where mail providers hand mails to us: their proof is checked first, and only what is kept is accepted."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.secrets import UnreadableSecretError
from mailroom import secrets
from mailroom.actions.taking_in import take_in
from mailroom.hooking import PROVIDERS, NotTheProviderError, UnreadableRequestError, read_body
from mailroom.models import Access, Mailbox, Source

log = structlog.get_logger(__name__)


@csrf_exempt  # no cookie is read here, so there is nothing that a foreign page could borrow
@require_http_methods(["HEAD", "POST"])
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """Mails from the provider of the mailbox with this key. 200 once they are kept; all else it tries again later."""
    mailbox = Mailbox.objects.filter(hook_key=key, access=Access.HOOK, is_active=True).first()
    if mailbox is None or mailbox.provider not in PROVIDERS:
        raise Http404
    if request.method == "HEAD":  # some ask whether the address is there before they take it
        return HttpResponse()
    if not read_body(request):
        return _plain("That is more than we take.", 413)
    try:
        handed = PROVIDERS[mailbox.provider].read(request, secrets.unseal(mailbox.provider_secret))
    except NotTheProviderError as error:
        log.warning("hook refused", mailbox=mailbox.pk, why=str(error))
        return _plain("The proof of where this comes from is missing or wrong.", 403)
    except UnreadableSecretError as error:
        log.warning("hook secret unreadable", mailbox=mailbox.pk, why=str(error))
        return _plain("The proof cannot be checked at this moment.", 503)
    except UnreadableRequestError as error:
        log.warning("hook unreadable", mailbox=mailbox.pk, why=str(error))
        return _plain("There is no mail in this request.", 400)
    with transaction.atomic():  # all or none: what is tried again comes as a whole
        for mail in handed:
            take_in(
                mail.raw,
                source=Source.HOOK,
                mailbox=mailbox,
                envelope_from=mail.envelope_from,
                envelope_to=mail.envelope_to,
            )
    return _plain("Kept.", 200)


def _plain(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
