"""What happened to a mail since it came, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailroom.models import RawMail, Source, State
from tickets.models import Authenticity


@dataclass(frozen=True)
class Step:
    """Something that was done with a mail. `is_wrong` is for what kept it from where it was meant to go."""

    words: str
    at: datetime | None = None
    detail: str = ""
    is_wrong: bool = False


TROUBLE = {State.QUARANTINE}


def way_of(mail: RawMail) -> Iterator[Step]:
    """From the door to where it is now."""
    yield Step(_came(mail), mail.received_at)
    if mail.envelope_from is not None or mail.envelope_to:
        yield Step(_envelope(mail))
    if mail.is_imported:
        yield Step(_("It was there before the first look, so nothing answers it."))
    if mail.attempts > 1:
        words = ngettext("%(count)s try so far.", "%(count)s tries so far.", mail.attempts)
        yield Step(words % {"count": mail.attempts})
    if mail.authentication:
        yield Step(proof_of(mail), is_wrong=mail.authentication.get("verdict") == Authenticity.FAIL)
    if mail.state == State.NEW:
        if mail.reason:
            yield Step(_(mail.reason), detail=mail.detail)
        yield Step(_("It waits for its turn."), mail.next_at)
    else:
        yield Step(_(mail.reason), mail.handled_at, mail.detail, is_wrong=mail.state in TROUBLE)


def proof_of(mail: RawMail) -> str:
    """Whether it comes from whom it names, in a sentence."""
    who = mail.authentication.get("by") or ""
    verdict = mail.authentication.get("verdict")
    if verdict == Authenticity.PASS:
        said = _("The domain of its sender vouches for it.")
    elif verdict == Authenticity.FAIL:
        said = _("The domain of its sender says that it is not theirs.")
    else:
        said = _("Nothing proves that it comes from whom it names.")
    return " ".join([said, _("Said by %(server)s.") % {"server": who}]) if who else said


def proofs_of(mail: RawMail) -> list[tuple[str, str]]:
    """(what was checked, what came out), in the words of the standards."""
    said = mail.authentication
    return [(name.upper(), str(said[name])) for name in ("spf", "dkim", "dmarc") if said.get(name)]


def _came(mail: RawMail) -> str:
    said = {
        Source.IMAP: _("Fetched by IMAP and kept as it was, %(size)s."),
        Source.PIPE: _("Handed in by the mail server’s pipe and kept as it was, %(size)s."),
        Source.SMTP: _("Taken in by SMTP and kept as it was, %(size)s."),
        Source.HOOK: _("Handed in by the mail provider and kept as it was, %(size)s."),
    }[Source(mail.source)]
    return said % {"size": filesizeformat(mail.size)}


def _envelope(mail: RawMail) -> str:
    sender = mail.envelope_from
    people = ", ".join(str(address) for address in mail.envelope_to[:5]) or "–"
    if sender:
        return _("On its envelope: from %(sender)s to %(people)s.") % {"sender": sender, "people": people}
    if sender == "":
        return _("On its envelope: no sender, as on a bounce, to %(people)s.") % {"people": people}
    return _("On its envelope: to %(people)s.") % {"people": people}
