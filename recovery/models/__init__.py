"""The tables of making good, split by noun; import them from here."""

from recovery.models.asking import Survey
from recovery.models.cases import USUAL_THRESHOLDS, Case, CaseQuerySet, Decision, Lot, Trigger, TriggerRule, Watch
from recovery.models.failing import Failure, HassleDismissal, HassleMark, Kind, Severity
from recovery.models.offers import Approval, LedgerAlarm, LedgerEntry, Offer, OfferQuerySet, Option
from recovery.models.policy import USUAL_ALLOWANCES, USUAL_PRICES, Allowance, Arm, Part, Policy, Rate, TeamBudget
from recovery.models.remedies import Hook, Payout, Pool, Remedy, RemedyKind, Voucher
from recovery.models.telling import Telling, TellingRow

__all__ = [
    "USUAL_ALLOWANCES",
    "USUAL_PRICES",
    "USUAL_THRESHOLDS",
    "Allowance",
    "Approval",
    "Arm",
    "Case",
    "CaseQuerySet",
    "Decision",
    "Failure",
    "HassleDismissal",
    "HassleMark",
    "Hook",
    "Kind",
    "LedgerAlarm",
    "LedgerEntry",
    "Lot",
    "Offer",
    "OfferQuerySet",
    "Option",
    "Part",
    "Payout",
    "Policy",
    "Pool",
    "Rate",
    "Remedy",
    "RemedyKind",
    "Severity",
    "Survey",
    "TeamBudget",
    "Telling",
    "TellingRow",
    "Trigger",
    "TriggerRule",
    "Voucher",
    "Watch",
]
