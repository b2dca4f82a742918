"""What macros are made of: a few names that stand for something in their words, and steps that they do.

Words are never a template: `{{ customer.name }}` and its few sisters are put in by `outbox.filling`.

A step is `{"do": kind, "value": text}`. The kinds are a table, the setting `MACRO_STEPS`: name → dotted path of a
`StepKind`, so that an app above this one can add its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Desk, Team, User
from outbox.filling import fill, names_in
from outbox.models import Sender
from tickets.formatting import escape
from tickets.models import Ticket

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_STEPS = 10
WORDS_CHARS = 2000
CHIP_CHARS = 60

Step = dict[str, str]


# --- Words -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Variable:
    """A name in a macro's words: what to call it, how it is offered, and what stands for it."""

    label: StrOrPromise
    token: str
    value: Callable[[Ticket, User], str]


VARIABLES = {
    "customer.first_name": Variable(
        _("Customer’s first name"),
        "{{ customer.first_name | there }}",
        lambda ticket, _agent: _first(ticket.customer.name),
    ),
    "customer.name": Variable(_("Customer’s name"), "{{ customer.name }}", lambda ticket, _agent: ticket.customer.name),
    "ticket.subject": Variable(_("Subject"), "{{ ticket.subject }}", lambda ticket, _agent: ticket.subject),
    "ticket.reference": Variable(
        _("Reference, for customers"), "{{ ticket.reference }}", lambda ticket, _agent: ticket.reference
    ),
    "ticket.number": Variable(
        _("Ticket number, for us"), "{{ ticket.number }}", lambda ticket, _agent: str(ticket.number)
    ),
    # As customers know them, not as the team does.
    "agent.first_name": Variable(
        _("Your first name"), "{{ agent.first_name }}", lambda _ticket, agent: _first(agent.face_name)
    ),
    "agent.name": Variable(
        _("Your name, as customers see it"), "{{ agent.name }}", lambda _ticket, agent: agent.face_name
    ),
    "team.name": Variable(_("Team"), "{{ team.name }}", lambda ticket, _agent: ticket.team.name if ticket.team else ""),
    "company.name": Variable(_("Our company"), "{{ company.name }}", lambda *_: Desk.current().name),
}
# A signature also goes to addresses that nobody has proved: nothing that a stranger wrote stands in it.
SIGNATURE_NAMES = ("agent.first_name", "agent.name", "team.name", "company.name")
# What stands for something in words that are written before there is a ticket.
FIRST_WORDS_NAMES = ("customer.first_name", "customer.name", *SIGNATURE_NAMES)


def _first(name: str) -> str:
    return next(iter(name.split()), "")


def render(
    text: str,
    ticket: Ticket,
    agent: User,
    *,
    names: Collection[str] = frozenset(VARIABLES),
    is_markdown: bool = False,
) -> str:
    """The words for this ticket and whoever sends them. What has no value becomes its fallback, or nothing.

    `names` are those that stand for something here; others stay as they are written. `is_markdown`: nobody looks at it
    before it is read as Markdown, so that a customer's name must not become a link.
    """

    def value_of(name: str) -> str | None:
        variable = VARIABLES.get(name)
        if variable is None or name not in names:
            return None
        value = " ".join(variable.value(ticket, agent).split())
        return escape(value) if is_markdown else value

    return fill(text, value_of)


def signature_of(agent: User, *, team: Team | None = None, sender: Sender | None = None) -> str:
    """What ends their mails: their own signature, that of the address it comes from, the company's, or their name."""
    desk = Desk.current()
    written = (agent.signature or (sender.signature if sender else "") or desk.signature).strip()
    return render(written, Ticket(team=team), agent, names=SIGNATURE_NAMES) or f"{agent.face_name}, {desk.name}"


def unknown_names(text: str) -> list[str]:
    """What looks like one of our names and is none; it stays as it is written."""
    return [name for name in names_in(text) if name not in VARIABLES]


# --- Steps -------------------------------------------------------------------------------
class Do(Protocol):
    """Does a step. `once` is an id under which doing it again must not add anything a second time."""

    def __call__(self, ticket: Ticket, value: str, *, by: User, once: str) -> object: ...


@dataclass(frozen=True)
class StepKind:
    """One kind of thing that a macro does.

    `options` are the values it may have, with their words; None: any words, made good by `check`. `says` is how it
    is announced. A kind that is `again` may be there several times; a `last` one is done after all others.
    """

    label: StrOrPromise
    says: StrOrPromise
    do: Do
    options: Callable[[], dict[str, str]] | None = None
    check: Callable[[str], str] = str.strip
    again: bool = False
    last: bool = False


def step_kinds() -> dict[str, StepKind]:
    """Every kind of step by its name, in the order in which they are offered."""
    return {name: import_string(path) for name, path in settings.MACRO_STEPS.items()}


class Steps:
    """Reads, checks and announces steps; asks for each kind's options once, so use one for a whole list."""

    def __init__(self) -> None:
        self.kinds = step_kinds()
        self._options: dict[str, dict[str, str]] = {}

    def options(self, do: str) -> dict[str, str] | None:
        """The values of this kind with their words; None if it takes any words."""
        ask = self.kinds[do].options
        if ask is None:
            return None
        if do not in self._options:
            self._options[do] = ask()
        return self._options[do]

    def check(self, steps: Iterable[object]) -> list[Step]:
        """The steps as they are kept. Errors: ValidationError code `invalid`, in words for whoever chose them."""
        checked = [self.check_one(step) for step in steps]
        if len(checked) > MAX_STEPS:
            raise ValidationError(
                gettext("A macro has %(count)s steps at most.") % {"count": MAX_STEPS}, code="invalid"
            )
        for step in checked:
            kind = self.kinds[step["do"]]
            if not kind.again and sum(other["do"] == step["do"] for other in checked) > 1:
                raise ValidationError(
                    gettext("“%(step)s” can be there only once.") % {"step": kind.label}, code="invalid"
                )
        return sorted(checked, key=lambda step: self.kinds[step["do"]].last)

    def check_one(self, step: object) -> Step:
        do, value = (step.get("do"), step.get("value")) if isinstance(step, dict) else (None, None)
        if not isinstance(do, str) or do not in self.kinds:
            raise ValidationError(gettext("There is no such step."), code="invalid")
        kind, options = self.kinds[do], self.options(do)
        if not isinstance(value, str) or (options is not None and value not in options):
            raise ValidationError(
                gettext("%(step)s: that cannot be chosen any more.") % {"step": kind.label}, code="invalid"
            )
        if options is None:
            value = kind.check(value.replace("\x00", ""))
            if not value:
                raise ValidationError(gettext("%(step)s: say what.") % {"step": kind.label}, code="invalid")
            if len(value) > WORDS_CHARS:
                raise ValidationError(
                    gettext("%(step)s: %(count)s characters at most.")
                    % {"step": kind.label, "count": number_format(WORDS_CHARS, force_grouping=True)},
                    code="invalid",
                )
        return {"do": do, "value": value}

    def say(self, step: Step) -> str:
        """What a stored step will do, in a few words; also if it can no longer be done."""
        kind = self.kinds.get(step.get("do", ""))
        if kind is None:
            return gettext("something that is not here any more")
        value, options = step.get("value", ""), self.options(step["do"])
        gone = gettext("somebody or something that is gone")
        words = " ".join(value.split()) if options is None else options.get(value, gone)
        return kind.says.format(words if len(words) <= CHIP_CHARS else words[: CHIP_CHARS - 1] + "…")

    def shown(self, steps: Iterable[Step]) -> list[dict[str, str]]:
        """For pages: each step as the text that a form sends, its words, and whether its kind may be there again."""
        again = {do for do, kind in self.kinds.items() if kind.again}
        return [
            {"value": written(step), "words": self.say(step), "again": "yes" if step.get("do") in again else ""}
            for step in steps
        ]


def written(step: Step) -> str:
    """A step as one text, `kind:value`, as forms send it."""
    return f"{step.get('do', '')}:{step.get('value', '')}"


def read(text: str) -> Step:
    """A step from what a form sent; whether there is such a one, `Steps.check` says."""
    do, _colon, value = text.partition(":")
    return {"do": do, "value": value}
