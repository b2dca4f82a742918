"""What our mails about tickets say: the usual words, and how the company's own are filled in.

Words are Markdown with `{{ names }}`; what is put in means nothing but itself. A stranger's words (name, subject) are
put in only where the address is known to be theirs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Desk, User
from outbox.filling import WordingKind, Words, as_written, fill
from outbox.queries import words_for
from tickets.formatting import to_html, to_text
from tickets.models import Ticket

NAMES = {
    "customer.first_name": gettext_lazy("Customer’s first name"),
    "customer.name": gettext_lazy("Customer’s name"),
    "ticket.subject": gettext_lazy("Subject"),
    "ticket.reference": gettext_lazy("Reference, for customers"),
    "team.name": gettext_lazy("Team"),
    "company.name": gettext_lazy("Our company"),
}
AGENT_NAMES = {
    "agent.first_name": gettext_lazy("First name of who answers"),
    "agent.name": gettext_lazy("Name of who answers"),
}
ANSWER_WORDS = "answer.words"
RATE_LINK = "link.rating"


# Not even an address in somebody's name can be pressed.
_MARKS = re.compile(r"[!-/:-@\[-`{-~]")


class Said(NamedTuple):
    """A passage as both parts of a mail have it."""

    html: str
    text: str


class Frame(NamedTuple):
    """What stands before and behind somebody's own words."""

    before: Said
    after: Said


def _greeting() -> str:
    return _("Hello %(first_name)s,") % {"first_name": as_written("customer.first_name")}


def _subject() -> str:
    """The name of what the mail is about; also where nobody may read it, in words that somebody else writes."""
    otherwise = _("your question")
    return f"{{{{ ticket.subject | {otherwise} }}}}"


def _usual_receipt(is_known: bool) -> Words:
    about = _("We have your message about “%(subject)s”. One of us reads it and answers you.") % {"subject": _subject()}
    body = [
        _greeting(),
        about if is_known else _("We have your message. One of us reads it and answers you."),
        _("If you want to add something, just answer this mail."),
    ]
    return Words("", "\n\n".join(body))


def _usual_answer(is_known: bool) -> Words:  # noqa: ARG001, all are asked alike
    return Words("", f"{_greeting()}\n\n{as_written(ANSWER_WORDS)}")


def _usual_follow_up(is_known: bool) -> Words:
    about = _("The other day you wrote to us about “%(subject)s”, and we thought we had put it right.")
    asked = _(
        "Is everything all right now? If it is, you need not do anything. If anything is still not as it should be, "
        "please tell us: you will not have to explain it all again."
    )
    rate = _("How did we do? Tell us in one press.")
    body = [
        _greeting(),
        about % {"subject": _subject()}
        if is_known
        else _("The other day you wrote to us, and we thought we had put it right."),
        asked,
        f"[{rate}]({as_written(RATE_LINK)})",
    ]
    return Words(_("Is everything all right now?"), "\n\n".join(body))


RECEIPT = WordingKind(
    label=gettext_lazy("Receipt"),
    hint=gettext_lazy("At once, to whoever begins a conversation by mail."),
    names=NAMES,
    usual=_usual_receipt,
)
ANSWER = WordingKind(
    label=gettext_lazy("Answers"),
    hint=gettext_lazy("What stands around an answer. Where we write first, nothing stands before it."),
    names=NAMES | AGENT_NAMES | {ANSWER_WORDS: gettext_lazy("The answer itself, with its signature")},
    usual=_usual_answer,
    needs=(ANSWER_WORDS,),
    has_subject=False,
)
FOLLOW_UP = WordingKind(
    label=gettext_lazy("Follow-up after solving"),
    hint=gettext_lazy("Some days after solving, once."),
    names=NAMES | {RATE_LINK: gettext_lazy("Link to say how it went")},
    usual=_usual_follow_up,
    needs=(RATE_LINK,),
)


def said(markdown: str) -> Said:
    return Said(to_html(markdown), to_text(markdown))


def worded(kind: str, ticket: Ticket, *, is_known: bool, links: dict[str, str] | None = None) -> tuple[str, Said]:
    """The subject, which may be empty, and the body of a mail of this kind about the ticket."""
    subject, body = words_for(kind, is_known=is_known)
    return _filled(subject, ticket, is_known=is_known), said(
        _filled(body, ticket, is_known=is_known, links=links, is_markdown=True)
    )


def answer_frame(ticket: Ticket, *, by: User | None, is_known: bool) -> Frame:
    """What stands around an answer."""
    before, _mark, after = words_for("answer", is_known=is_known).body.partition(as_written(ANSWER_WORDS))
    filled = [
        said(_filled(part.strip(), ticket, is_known=is_known, by=by, is_markdown=True)) for part in (before, after)
    ]
    return Frame(*filled)


def sample(kind: str, words: Words, ticket: Ticket, *, by: User) -> tuple[str, Said]:
    """These words as they would look, for whoever writes them: nothing of it is kept."""
    links = {RATE_LINK: "https://example.com/"}
    body = _filled(words.body, ticket, is_known=True, by=by, links=links, is_markdown=True)
    body = body.replace(as_written(ANSWER_WORDS), "> " + _("The answer stands here."))
    return _filled(words.subject, ticket, is_known=True, by=by), said(body)


def _filled(
    text: str,
    ticket: Ticket,
    *,
    is_known: bool,
    by: User | None = None,
    links: dict[str, str] | None = None,
    is_markdown: bool = False,
) -> str:
    values = _values(ticket, is_known=is_known, by=by)

    def value_of(name: str) -> str | None:
        if is_markdown and links and name in links:
            return f"<{links[name]}>"  # by us: it may be pressed
        value = values.get(name)
        if value is None:
            return None
        value = " ".join(value.split())
        return _MARKS.sub(r"\\\g<0>", value) if is_markdown else value

    return fill(text, value_of)


def _values(ticket: Ticket, *, is_known: bool, by: User | None) -> dict[str, str]:
    name = ticket.customer.name if is_known else ""
    agent = {"agent.first_name": next(iter(by.face_name.split()), ""), "agent.name": by.face_name} if by else {}
    return agent | {
        "customer.first_name": next(iter(name.split()), ""),
        "customer.name": name,
        "ticket.subject": ticket.subject if is_known else "",
        "ticket.reference": ticket.reference,
        "team.name": ticket.team.name if ticket.team else "",
        "company.name": Desk.current().name,
    }
