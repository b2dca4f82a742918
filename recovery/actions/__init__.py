"""The only writers of the app, split by noun; import them from here."""

from recovery.actions.cases import (
    close_case,
    contact_case,
    escalate_case,
    mark_answered,
    mark_offered,
    open_case,
    reopen_case,
    take_case,
    verify_case,
)

__all__ = [
    "close_case",
    "contact_case",
    "escalate_case",
    "mark_answered",
    "mark_offered",
    "open_case",
    "reopen_case",
    "take_case",
    "verify_case",
]
