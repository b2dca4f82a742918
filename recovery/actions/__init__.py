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
from recovery.actions.failing import mark_hassle, note_failure, unmark_hassle, withdraw_failure

__all__ = [
    "close_case",
    "contact_case",
    "escalate_case",
    "mark_answered",
    "mark_hassle",
    "mark_offered",
    "note_failure",
    "open_case",
    "reopen_case",
    "take_case",
    "unmark_hassle",
    "verify_case",
    "withdraw_failure",
]
