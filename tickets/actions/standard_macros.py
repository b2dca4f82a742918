"""Macros that every company needs, and that nobody likes to word in the moment when they are needed."""

from __future__ import annotations

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Desk, User
from tickets.actions.macros import create_macro
from tickets.macros import Step
from tickets.models import Macro

CALMS: Step = {"do": "abuse", "value": "abusive"}


def has_standard_macros() -> bool:
    """Whether everybody has one that answers abuse."""
    return Macro.objects.filter(owner=None, team=None, steps__contains=[CALMS]).exists()


@transaction.atomic
def add_standard_macros(*, by: User) -> list[Macro]:
    """Let everybody have them, in the company's language; none if they are there. Errors: PermissionDenied."""
    Desk.objects.select_for_update().first()  # two who press at once add them once
    if has_standard_macros():
        return []
    with translation.override(Desk.current().language):
        texts = [
            (
                gettext("I want to help; swearing won’t get us there"),
                gettext(
                    "{{ customer.first_name | Hello }}, I can hear how annoyed you are, and I want to put this right."
                    " I can do that best if we stay with what happened; swearing won’t get us there. Tell me what would"
                    " help you most, and I start with that."
                ),
            ),
            (
                gettext("I stop here if the insults go on"),
                gettext(
                    "{{ customer.first_name | Hello }}, I have tried to help, and I still want this to end well for"
                    " you. I do not go on while I am insulted. Write to us whenever you like, and a colleague reads all"
                    " of this and takes it from here."
                ),
            ),
        ]
        return [create_macro(by=by, name=name, body=body, steps=[CALMS], owner=None) for name, body in texts]
