"""A mail provider's API (through django-anymail) as a way out, with the same verdicts as a mail server.

A provider sends to whom the header names: so there a mail's header names its recipients alone, also where one that
leaves by SMTP shows others who get mails of their own. Where bounces come back is the provider's matter, too.
"""

from __future__ import annotations

from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from anymail.message import AnymailStatus
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django.utils.module_loading import import_string
from requests import exceptions as wire

from outbox.headers import clean_text, mailbox
from outbox.mime import to_message
from outbox.models import Mail
from outbox.transport.verdicts import BeforeData, LeaseLostError, NoServerError, Result, Verdict

# Our own settings to mend, or the provider's house is closed: no mail is to blame.
NOT_THE_MAIL = (401, 402, 403, 404, 407)
# The provider's front had no answer from behind it: perhaps it was taken there.
PERHAPS = (504,)
LATER = (408, 425, 429)
# What never reached them: no name, no connection, no trust.
UNSENT = ("NameResolutionError", "NewConnectionError", "ConnectTimeoutError", "ProxyError", "SSLError")
STATUSES = {
    "sent": Verdict.TAKEN,
    "queued": Verdict.TAKEN,
    "unknown": Verdict.TAKEN,  # the provider said yes, and not what it does with it
    "invalid": Verdict.NEVER,
    "rejected": Verdict.NEVER,
    "failed": Verdict.LATER,
}


class Provider:
    """One provider's API, over a connection that is kept for the next mail.

    `options` are those of its backend in django-anymail (`api_key`, …), and `timeout` in seconds.
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        given = dict(options)
        given.setdefault("requests_timeout", given.pop("timeout", 20))
        self._keeps_id = {"X-PM-KeepID": "true"} if name == "postmark" else {}
        self._backend = import_string(f"anymail.backends.{name}.EmailBackend")(**given)

    def carry(self, mail: Mail, recipients: list[str], *, before_data: BeforeData) -> dict[str, Result]:
        message = to_message(mail, timezone.now())
        people = {person.email: person.name for person in mail.recipients.all()}
        message.to = [mailbox(people.get(email, ""), email) for email in recipients]
        message.cc = []
        message.extra_headers |= self._keeps_id
        if not before_data(recipients):
            raise LeaseLostError
        return self._offer(message, recipients)

    def close(self) -> None:
        self._backend.close()

    def _offer(self, message: EmailMultiAlternatives, recipients: list[str]) -> dict[str, Result]:
        try:
            self._backend.open()
            self._backend.send_messages([message])
        except AnymailRecipientsRefused:
            return _each(message, recipients)
        except AnymailAPIError as error:
            self.close()  # the next mail begins anew
            return dict.fromkeys(recipients, judge(error))
        except AnymailError as error:  # it cannot be said in this provider's terms: nothing was sent
            return dict.fromkeys(recipients, Result(Verdict.NEVER, describe(error)))
        return _each(message, recipients)


def judge(error: AnymailAPIError) -> Result:
    """What an answer that is none means for the mail. NoServerError where no mail is to blame."""
    said = describe(error)
    code = error.status_code
    if code is None:
        if _is_unsent(error):
            raise NoServerError(said) from error
        return Result(Verdict.DOUBT, said)  # the request was handed over, and no answer came back
    if code in NOT_THE_MAIL:
        raise NoServerError(said) from error
    if code < 400 or code in PERHAPS:  # yes, in words that nobody understands
        return Result(Verdict.DOUBT, said)
    return Result(Verdict.LATER if code in LATER or code >= 500 else Verdict.NEVER, said)


def describe(error: Exception) -> str:
    """One line about what went wrong, without what was sent."""
    response = getattr(error, "response", None)
    if response is not None and error.args == ():
        return clean_text(f"{response.status_code} {response.text}", limit=500)
    words = " ".join(str(arg) for arg in error.args)
    cause = f": {type(error.__cause__).__name__}" if error.__cause__ else ""
    status = getattr(error, "status_code", None)
    return clean_text(f"{status or ''} {words}{cause}", limit=500)


def _is_unsent(error: Exception) -> bool:
    """Whether the connection itself failed, so that nobody has the request."""
    seen: BaseException | None = error.__cause__
    if isinstance(seen, wire.ConnectTimeout | wire.SSLError | wire.ProxyError | wire.InvalidURL | wire.MissingSchema):
        return True
    while seen is not None:
        reason = getattr(seen, "reason", None)
        if type(seen).__name__ in UNSENT or type(reason).__name__ in UNSENT:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _each(message: EmailMultiAlternatives, recipients: list[str]) -> dict[str, Result]:
    """The provider's word on each recipient, as far as it says anything about one."""
    status: AnymailStatus = message.anymail_status  # type: ignore[attr-defined]
    known = {email.lower(): one for email, one in status.recipients.items()}
    found = {}
    for email in recipients:
        one = known.get(email.lower())
        word = (one.status if one else None) or "unknown"
        said = " ".join(filter(None, [word, str(one.message_id) if one and one.message_id else ""]))
        found[email] = Result(STATUSES.get(word, Verdict.TAKEN), clean_text(said, limit=500), word == "invalid")
    return found
