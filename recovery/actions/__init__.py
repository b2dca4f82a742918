"""The only writers of the app, split by noun; import them from here."""

from recovery.actions.approving import approve_offer, refuse_offer, tell_deputy
from recovery.actions.asking import answer_survey, send_survey, settle_survey
from recovery.actions.budgeting import set_allowance, set_rate, set_team_budget
from recovery.actions.cases import (
    close_case,
    contact_case,
    escalate_case,
    mark_answered,
    mark_offered,
    open_case,
    remember_case,
    reopen_case,
    take_case,
    verify_case,
)
from recovery.actions.dismissing import dismiss_hassle, restore_hassle
from recovery.actions.failing import mark_hassle, note_failure, unmark_hassle, withdraw_failure
from recovery.actions.offering import (
    OptionDraft,
    accept_offer,
    change_offer,
    decline_offer,
    draft_offer,
    expire_offer,
    mark_done,
    send_offer,
    withdraw_offer,
    withdraw_unsent,
)
from recovery.actions.proving import prove_ledger, settle_alarm
from recovery.actions.ruling import change_policy, go_on, set_prices, stop_everything
from recovery.actions.triggers import change_trigger

__all__ = [
    "OptionDraft",
    "accept_offer",
    "answer_survey",
    "approve_offer",
    "change_offer",
    "change_policy",
    "change_trigger",
    "close_case",
    "contact_case",
    "decline_offer",
    "dismiss_hassle",
    "draft_offer",
    "escalate_case",
    "expire_offer",
    "go_on",
    "mark_answered",
    "mark_done",
    "mark_hassle",
    "mark_offered",
    "note_failure",
    "open_case",
    "prove_ledger",
    "refuse_offer",
    "remember_case",
    "reopen_case",
    "restore_hassle",
    "send_offer",
    "send_survey",
    "set_allowance",
    "set_prices",
    "set_rate",
    "set_team_budget",
    "settle_alarm",
    "settle_survey",
    "stop_everything",
    "take_case",
    "tell_deputy",
    "unmark_hassle",
    "verify_case",
    "withdraw_failure",
    "withdraw_offer",
    "withdraw_unsent",
]
