"""One SMTP session, step by step, so that the moment from which a mail may have been taken is known."""

import smtplib
import ssl
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from django.core.mail.utils import DNS_NAME
from django.utils import timezone

from outbox.headers import clean_text
from outbox.mime import envelope_sender, to_bytes
from outbox.models import Mail
from outbox.policy import is_hard_bounce
from outbox.transport.verdicts import BeforeData, LeaseLostError, NoServerError, Result, Verdict


class Session:
    """A connection opened at the first mail and kept for the next ones.

    `options` is `settings.OUTBOX_SMTP`; its time-out (seconds) holds for each single step.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def carry(self, mail: Mail, recipients: list[str], *, before_data: BeforeData) -> dict[str, Result]:
        payload = to_bytes(mail, timezone.now())
        return self.send(envelope_sender(mail), recipients, payload, before_data=before_data)

    def send(self, sender: str, recipients: list[str], payload: bytes, *, before_data: BeforeData) -> dict[str, Result]:
        """Offer one mail; the server's verdict for each recipient. NoServerError when there is none to offer it to.

        `before_data` gets the recipients the server wants it for, just before the text leaves; if it says no,
        nothing is handed over and LeaseLostError is raised.
        """
        smtp = self._connected()
        results: dict[str, Result] = {}
        try:
            code, raw = smtp.mail(sender)
            if code != 250:
                return dict.fromkeys(recipients, _judge_sender(code, raw))
            for recipient in recipients:
                results[recipient] = _judge_recipient(*smtp.rcpt(recipient))
            wanted = [email for email, result in results.items() if result.verdict is Verdict.TAKEN]
            if not wanted:
                smtp.rset()
                return results
            if not before_data(wanted):
                raise LeaseLostError
            return results | dict.fromkeys(wanted, self._hand_over(smtp, payload))
        except LeaseLostError:
            self.close()
            raise
        except (OSError, smtplib.SMTPException) as error:
            # Before the text: nobody has it yet. Refusals of single recipients that came through stay.
            self.close()
            later = Result(Verdict.LATER, describe(error))
            return {
                email: results[email] if email in results and results[email].verdict is Verdict.NEVER else later
                for email in recipients
            }

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()  # not quit(): a hanging server would hold us once more, after the mail is through
            self._smtp = None

    def _hand_over(self, smtp: smtplib.SMTP, payload: bytes) -> Result:
        """DATA and the text. Only after the server's go-ahead (354) can silence mean that it has the mail."""
        code, raw = smtp.docmd("DATA")
        if code != 354:
            return _judge(code, raw)
        try:
            smtp.send(_dot_stuffed(payload))
            code, raw = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Result(Verdict.DOUBT, describe(error))
        return _judge(code, raw)

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and _is_alive(self._smtp):
            return self._smtp
        self.close()
        try:
            self._smtp = _open(self._options)
        except (OSError, smtplib.SMTPException) as error:
            raise NoServerError(describe(error)) from error
        return self._smtp


def describe(error: Exception) -> str:
    """One line about what went wrong, fit for an administrator's eyes."""
    if isinstance(error, smtplib.SMTPResponseException):
        raw = error.smtp_error
        return _decode(error.smtp_code, raw if isinstance(raw, bytes) else str(raw).encode())
    return clean_text(f"{type(error).__name__}: {error}", limit=500)


def _open(options: dict[str, Any]) -> smtplib.SMTP:
    context = ssl.create_default_context()
    place = {"host": options["host"], "port": options["port"], "timeout": options["timeout"]}
    name = DNS_NAME.get_fqdn()
    smtp: smtplib.SMTP
    if options["use_ssl"]:
        smtp = smtplib.SMTP_SSL(**place, local_hostname=name, context=context)
    else:
        smtp = smtplib.SMTP(**place, local_hostname=name)
    try:
        if options["use_tls"]:
            smtp.starttls(context=context)
        if options["user"]:
            smtp.login(options["user"], options["password"])
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _is_alive(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.rset()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _judge(code: int, raw: bytes) -> Result:
    if code == 421:  # the server closes; whatever it refused, it refused for now
        raise smtplib.SMTPResponseException(code, raw)
    verdict = Verdict.TAKEN if code in (250, 251) else Verdict.NEVER if 500 <= code < 600 else Verdict.LATER
    return Result(verdict, _decode(code, raw))


def _judge_sender(code: int, raw: bytes) -> Result:
    """530 to 538 ask us to sign in: our own settings to mend, no reason to give up the mail."""
    if 530 <= code <= 538:
        return Result(Verdict.LATER, _decode(code, raw))
    return _judge(code, raw)


def _judge_recipient(code: int, raw: bytes) -> Result:
    result = _judge(code, raw)
    if result.verdict is not Verdict.NEVER:
        return result
    return replace(result, is_hard_bounce=is_hard_bounce(code, raw.decode("utf-8", "replace")))


def _dot_stuffed(payload: bytes) -> bytes:
    """RFC 5321, 4.5.2. The payload has CRLF line ends already."""
    end = b"" if payload.endswith(b"\r\n") else b"\r\n"
    stuffed = payload.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + end + b".\r\n"


def _decode(code: int, raw: bytes) -> str:
    return clean_text(f"{code} {raw.decode('utf-8', 'replace')}", limit=500)
