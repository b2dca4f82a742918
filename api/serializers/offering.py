"""Offers, what their money came to, and the approvals that they wait for. Amounts are text, exact."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import currency_code
from api.serializers.base import Id, Out, Strict, Text
from recovery.actions.offering import MOST_OPTIONS, NOTE_CHARS, OPTION_CHARS, WORDS_CHARS
from recovery.models import Approval, LedgerEntry, Offer, Option, RemedyKind
from recovery.money import DECIMAL_PLACES, MAX_DIGITS
from recovery.queries.budgets import in_words

AMOUNT: dict[str, Any] = {"max_digits": MAX_DIGITS, "decimal_places": DECIMAL_PLACES}


class OfferOptionOut(Out):
    class Meta:
        model = Option
        fields = ["id", "kind", "remedy", "words", "value", "done_at"]
        read_only_fields = fields
        extra_kwargs = {"value": {"help_text": "In the offer's currency."}}


class LedgerEntryOut(Out):
    class Meta:
        model = LedgerEntry
        fields = ["step", "amount", "currency", "own_amount", "own_currency", "at"]
        read_only_fields = fields
        extra_kwargs = {"own_amount": {"help_text": "In the company's currency; null where there was no rate."}}


class ApprovalOut(Out):
    offer = serializers.UUIDField(source="offer_id", read_only=True)
    reasons = serializers.SerializerMethodField(help_text="Which limits it is beyond, in words.")

    class Meta:
        model = Approval
        fields = [
            "offer",
            "state",
            "asked_by",
            "asked_at",
            "due_at",
            "amount",
            "reasons",
            "decided_by",
            "decided_at",
            "note",
        ]
        read_only_fields = fields

    def get_reasons(self, approval: Approval) -> list[str]:
        return [in_words(reason) for reason in approval.reasons]


class OfferOut(Out):
    ticket = serializers.IntegerField(source="case.ticket_id", read_only=True, help_text="Its ticket's number.")
    options = OfferOptionOut(many=True, read_only=True)
    ledger = LedgerEntryOut(many=True, read_only=True)
    answer = serializers.CharField(read_only=True, help_text="`just_fix`, `call_me` or `no`; empty: none of these.")
    approval = serializers.SerializerMethodField(help_text="Null: nobody had to be asked.")

    class Meta:
        model = Offer
        fields = [
            "id",
            "ticket",
            "version",
            "state",
            "words",
            "is_commercial",
            "currency",
            "gap",
            "by",
            "made_at",
            "sent_at",
            "expires_at",
            "ended_at",
            "chosen",
            "answer",
            "answer_note",
            "end_reason",
            "options",
            "approval",
            "ledger",
        ]
        read_only_fields = fields

    def get_approval(self, offer: Offer) -> Any:
        found = getattr(offer, "approval", None)
        return ApprovalOut(found).data if found else None


class OfferFilters(Strict):
    ticket = Id(required=False)
    state = serializers.ChoiceField(choices=Offer.State.choices, required=False)


class OptionIn(Strict):
    kind = serializers.ChoiceField(choices=RemedyKind.choices)
    words = Text(max_length=OPTION_CHARS, help_text="As the customer reads it; the first line is its name.")
    value = serializers.DecimalField(**AMOUNT, min_value=0, help_text="In the offer's currency.")
    remedy = Id(required=False, allow_null=True, default=None, help_text="One of the company's own list.")


class OfferIn(Strict):
    words = Text(
        max_length=WORDS_CHARS, help_text="What failed, and that you are sorry; the first line is the heading."
    )
    options = serializers.ListField(child=OptionIn(), min_length=1, max_length=MOST_OPTIONS)
    currency = Text(
        required=False,
        min_length=3,
        max_length=3,
        validators=[currency_code],
        help_text="Without it that of the failure.",
    )
    is_commercial = serializers.BooleanField(required=False, default=False)


class OfferNoteIn(Strict):
    note = Text(required=False, allow_blank=True, default="", max_length=NOTE_CHARS)
