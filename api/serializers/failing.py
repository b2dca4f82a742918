"""What went wrong on a ticket, what it took the customer, and what is missing. Amounts are text, exact."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import currency_code
from api.serializers.base import Out, Strict, Text, Time
from recovery.actions.dismissing import REASON_CHARS
from recovery.actions.failing import MARKED, NOTE_CHARS
from recovery.models import Failure, Kind, Part, Severity
from recovery.money import DECIMAL_PLACES, MAX_DIGITS

AMOUNT: dict[str, Any] = {"max_digits": MAX_DIGITS, "decimal_places": DECIMAL_PLACES}


class FailureOut(Out):
    noted_at = Time(read_only=True)
    changed_at = Time(read_only=True)

    class Meta:
        model = Failure
        fields = [
            "kind",
            "severity",
            "is_our_fault",
            "was_kept",
            "currency",
            "value",
            "loss",
            "note",
            "noted_at",
            "changed_at",
        ]
        read_only_fields = fields


class EvidenceOut(serializers.Serializer[Any]):
    ticket = serializers.IntegerField(help_text="A ticket's number.")
    seq = serializers.IntegerField(help_text="Which of its events shows it.")
    at = Time()
    count = serializers.DecimalField(max_digits=8, decimal_places=2, help_text="Times; of waiting, hours.")
    dismissed = serializers.CharField(allow_null=True, help_text="Why one of you does not count it; null: it counts.")


class HasslePartOut(serializers.Serializer[Any]):
    part = serializers.ChoiceField(choices=Part.choices)
    count = serializers.DecimalField(max_digits=8, decimal_places=2, help_text="Times; of waiting, hours.")
    price = serializers.DecimalField(**AMOUNT, help_text="For one, in the company's currency.")
    amount = serializers.DecimalField(**AMOUNT, help_text="In `parts_currency`.")
    evidence = EvidenceOut(many=True)


class GapOut(serializers.Serializer[Any]):
    failure = FailureOut(allow_null=True, help_text="Null: nothing is noted to have gone wrong.")
    currency = serializers.CharField()
    loss = serializers.DecimalField(**AMOUNT)
    hassle = serializers.DecimalField(**AMOUNT)
    total = serializers.DecimalField(**AMOUNT, help_text="The gap: loss and hassle.")
    suggested = serializers.DecimalField(**AMOUNT, help_text="What to give: the target, or the cap where that is less.")
    cap = serializers.DecimalField(**AMOUNT, allow_null=True, help_text="No offer is worth more; null: no price known.")
    is_capped = serializers.BooleanField()
    lacks_rate = serializers.BooleanField(help_text="The hassle is in no sum: the currency has no rate.")
    parts_currency = serializers.CharField()
    parts = HasslePartOut(many=True)


class FailureIn(Strict):
    kind = serializers.ChoiceField(choices=Kind.choices)
    severity = serializers.ChoiceField(choices=Severity.choices)
    value = serializers.DecimalField(**AMOUNT, min_value=0, help_text="What they paid, or were to pay, for it.")
    currency = Text(min_length=3, max_length=3, validators=[currency_code])
    loss = serializers.DecimalField(
        **AMOUNT, required=False, min_value=0, help_text="What of that they did not get; without it, by severity."
    )
    is_our_fault = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Null: nobody has answered that yet."
    )
    was_kept = serializers.BooleanField(required=False, default=True)
    note = Text(required=False, allow_blank=True, default="", max_length=NOTE_CHARS)


class HassleDismissalIn(Strict):
    part = serializers.ChoiceField(choices=Part.choices)
    seq = serializers.IntegerField(min_value=1, help_text="At which event of this ticket it is counted.")
    reason = Text(required=False, allow_blank=True, default="", max_length=REASON_CHARS)
    is_dismissed = serializers.BooleanField(required=False, default=True, help_text="False lets it count again.")


class HassleMarkIn(Strict):
    part = serializers.ChoiceField(choices=[(part.value, part.label) for part in MARKED])
    is_marked = serializers.BooleanField(required=False, default=True, help_text="False takes the mark back.")
