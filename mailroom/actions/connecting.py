"""Mailboxes at Google and Microsoft: an administrator lets us in there (OAuth 2, authorisation code with PKCE).

Between leaving for the provider and coming back, the view keeps `Leaving.kept` in its session. The tokens are kept
encrypted as the mailbox's secret; an access token is renewed shortly before it ends, by one process at a time.
"""

from __future__ import annotations

import hashlib
import json
import secrets as random
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.outward import ForbiddenAddressError, UnreachableError, exchange
from mailroom import secrets
from mailroom.actions.mailboxes import require
from mailroom.collecting import CollectError
from mailroom.models import Mailbox, SignIn

EARLY_SECONDS = 120  # an access token is renewed so long before it ends


@dataclass(frozen=True)
class Provider:
    """Where an account is connected, and what for. `{tenant}` is the company's name at Microsoft."""

    name: str
    authorize: str
    token: str
    scope: str
    more: tuple[tuple[str, str], ...] = ()


PROVIDERS = {
    SignIn.GOOGLE: Provider(
        name="Google",
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",  # noqa: S106  (an address)
        scope="https://mail.google.com/",
        more=(("access_type", "offline"), ("prompt", "consent")),
    ),
    SignIn.MICROSOFT: Provider(
        name="Microsoft",
        authorize="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        token="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106  (an address)
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        more=(("prompt", "select_account"),),
    ),
}


@dataclass(frozen=True)
class Leaving:
    """Where to send the browser, and what its session keeps until it is back."""

    url: str
    kept: dict[str, str]


def is_connectable(sign_in: str) -> bool:
    """Whether this installation is registered with that provider (environment)."""
    return sign_in in PROVIDERS and bool(settings.OAUTH_CLIENTS[sign_in]["id"])


def begin_connecting(mailbox: Mailbox, *, by: User | None, back: str) -> Leaving:
    """Begin to connect an account; `back` is our address that the provider sends the browser to.

    Errors: PermissionDenied; ValidationError code `not_registered`.
    """
    require(by)
    provider = _provider(mailbox)
    verifier, state = random.token_urlsafe(48), random.token_urlsafe(24)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": settings.OAUTH_CLIENTS[mailbox.sign_in]["id"],
        "redirect_uri": back,
        "scope": provider.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": mailbox.login or mailbox.email,
        **dict(provider.more),
    }
    url = f"{_placed(provider.authorize)}?{urlencode(query)}"
    return Leaving(url, {"state": state, "verifier": verifier, "mailbox": str(mailbox.pk), "back": back})


def finish_connecting(mailbox: Mailbox, *, by: User | None, kept: dict[str, str], state: str, code: str) -> Mailbox:
    """Keep the tokens that the provider gives for `code`. Errors: PermissionDenied; ValidationError code `invalid`."""
    require(by)
    provider = _provider(mailbox)
    if not kept or not constant_time_compare(kept.get("state", ""), state) or kept.get("mailbox") != str(mailbox.pk):
        raise ValidationError(_("That answer belongs to another try. Connect the account again."), code="invalid")
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": kept["back"]}
    try:
        tokens = _ask(mailbox, provider, asked | {"code_verifier": kept["verifier"]})
    except CollectError as error:
        raise ValidationError(f"{error.words} {error.mend}".strip(), code="invalid") from error
    if not tokens.get("refresh_token"):
        raise ValidationError(
            _("%(provider)s gave no lasting permission. Take ours away there, and connect the account again.")
            % {"provider": provider.name},
            code="invalid",
        )
    return _keep(mailbox, tokens)


def access_token(mailbox: Mailbox) -> str:
    """What to sign in with at this moment. Errors: CollectError; UnreadableSecretError."""
    tokens = _tokens(mailbox.secret)
    if not _is_fresh(tokens):
        with transaction.atomic():  # one process renews; the others wait and find it done
            mailbox.secret = Mailbox.objects.select_for_update().values_list("secret", flat=True).get(pk=mailbox.pk)
            tokens = _tokens(mailbox.secret)
            if not _is_fresh(tokens):
                tokens = _renewed(mailbox, tokens)
    return str(tokens["access"])


def _renewed(mailbox: Mailbox, tokens: dict[str, Any]) -> dict[str, Any]:
    provider = PROVIDERS[SignIn(mailbox.sign_in)]
    if not tokens.get("refresh"):
        raise _not_connected(provider, _("it has never been connected"))
    answer = _ask(mailbox, provider, {"grant_type": "refresh_token", "refresh_token": tokens["refresh"]})
    return _tokens(_keep(mailbox, {"refresh_token": tokens["refresh"]} | answer).secret)


def _keep(mailbox: Mailbox, answer: dict[str, Any]) -> Mailbox:
    seconds = answer.get("expires_in")
    lasts = int(seconds) if isinstance(seconds, int | str) and str(seconds).isdigit() else 3600
    tokens = {
        "access": str(answer["access_token"]),
        "refresh": str(answer["refresh_token"]),
        "ends": timezone.now().timestamp() + lasts,
    }
    mailbox.secret = secrets.seal(json.dumps(tokens))
    mailbox.next_at = timezone.now()
    mailbox.save(update_fields=["secret", "next_at"])
    return mailbox


def _ask(mailbox: Mailbox, provider: Provider, asked: dict[str, str]) -> dict[str, Any]:
    """The tokens that the provider answers. Errors: CollectError."""
    client = settings.OAUTH_CLIENTS[mailbox.sign_in]
    form = {"client_id": client["id"], "client_secret": client["secret"]} | asked
    try:
        status, answer = exchange(_placed(provider.token), form)
    except (UnreachableError, ForbiddenAddressError) as error:
        raise CollectError(
            "sign_in",
            _("%(provider)s cannot be reached to renew the permission.") % {"provider": provider.name},
            _("It is tried again by itself."),
        ) from error
    if status == 200 and isinstance(answer.get("access_token"), str):
        return answer
    said = str(answer.get("error_description") or answer.get("error") or status)
    said = " ".join(said.split())[:160]
    if status == 429 or status >= 500:
        raise CollectError(
            "sign_in",
            _("%(provider)s answers with an error: %(said)s.") % {"provider": provider.name, "said": said},
            _("It is tried again by itself."),
        )
    raise _not_connected(provider, said)


def _not_connected(provider: Provider, said: str) -> CollectError:
    return CollectError(
        "sign_in",
        _("The account is not connected with %(provider)s: %(said)s.") % {"provider": provider.name, "said": said},
        _("Connect it again."),
    )


def _provider(mailbox: Mailbox) -> Provider:
    if not is_connectable(mailbox.sign_in):
        raise ValidationError(
            _("This desk is not registered with that provider: see GOOGLE_CLIENT_ID and MICROSOFT_CLIENT_ID."),
            code="not_registered",
        )
    return PROVIDERS[SignIn(mailbox.sign_in)]


def _placed(url: str) -> str:
    return url.replace("{tenant}", settings.OAUTH_CLIENTS["microsoft"]["tenant"])


def _tokens(sealed: str) -> dict[str, Any]:
    """As they are kept; nothing where a password was kept before, or nothing."""
    try:
        tokens = json.loads(secrets.unseal(sealed) or "{}")
    except ValueError:
        return {}
    return tokens if isinstance(tokens, dict) else {}


def _is_fresh(tokens: dict[str, Any]) -> bool:
    return bool(tokens.get("access")) and float(tokens.get("ends", 0)) > timezone.now().timestamp() + EARLY_SECONDS
