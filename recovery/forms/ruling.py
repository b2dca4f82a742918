"""The company's rules of making good, each with what it is for and where its usual value comes from."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recovery.actions.ruling import EDITABLE, TRIED
from recovery.forms.amounts import AmountField
from recovery.models import Arm, Part, Policy

SHARE = "share_"
PRICE = "price_"


class ClockInput(forms.TimeInput):
    """Browsers want 20:00 whatever the language."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def _whole(label: Any, hint: Any, *, low: int = 0, high: int = 32_767) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=hint, min_value=low, max_value=high)


class PolicyForm(forms.Form):
    """`groups` are the fields as they belong together: heading, explanation, fields."""

    target_give = _whole(_("Give"), "", low=1, high=100)
    target_gap = _whole(_("for each missing"), "", low=1, high=100)
    cap_percent = _whole(
        _("Cap, in per cent of the price"),
        _("No offer is worth more. Beyond about 150 % more compensation pleases less (Haesevoets et al. 2017)."),
        low=1,
        high=1000,
    )
    hassle_threshold = AmountField(
        label=_("Hassle that opens a case"), help_text=_("In your currency. From this sum on, somebody takes it up.")
    )
    first_touch_hours = _whole(
        _("Hours until the first word"),
        _("From the moment a case is opened. At once beats later (Smith et al. 1999)."),
        low=1,
    )
    resolution_hours = _whole(_("Hours until it is put right"), _("From the same moment."), low=1)
    second_failure_days = _whole(
        _("Days within which another failure is the second"),
        _("A second one is not made good by a mail: a senior person calls (Maxham & Netemeyer 2002)."),
    )
    watch_days = _whole(
        _("Days on watch afterwards"),
        _("Their tickets come first and to the same agent, so that there is no second one."),
    )
    offer_days = _whole(
        _("Days that an offer stands"), _("Then it expires, and what was set aside is free again."), low=1
    )
    survey_days = _whole(_("Days until we ask whether it is right now"), _("From the day on which it was put right."))
    approval_hours = _whole(_("Hours for an approval"), _("Then the team’s deputy is told, too."), low=1)
    daily_cap = _whole(_("Mails in a day"), _("Of this kind, for the whole company. A mistake stays small."))
    customer_days = _whole(
        _("Days between two unasked mails"), _("To the same customer. More of them is a nuisance of its own.")
    )
    apology_days = _whole(
        _("Days between two apologies"),
        _("To the same customer. A second one backfires (Halperin et al. 2022, 1.5 million riders)."),
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), widget=ClockInput)
    quiet_until = forms.TimeField(
        label=_("until"), help_text=_("In the customer’s own time zone. What falls into it waits."), widget=ClockInput
    )
    customer_cap = AmountField(
        label=_("Most for one customer in 90 days"),
        help_text=_("In your currency. Beyond it somebody else has to agree."),
    )
    holdout_percent = _whole(
        _("Held out, in per cent"),
        _(
            "Of the customers of each trigger, for whom no case opens by itself: only so can you see whether it does"
            " any good. Never for grave failures, and never for what law or contract grants."
        ),
        high=50,
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(policy)
        super().__init__(*args, **kwargs)
        for part in Part:
            self.fields[PRICE + part.value] = AmountField(label=part.label)
        for arm in TRIED:
            self.fields[SHARE + arm.value] = forms.IntegerField(label=Arm(arm).label, min_value=0, max_value=100)

    @property
    def groups(self) -> list[tuple[Any, Any, list[forms.BoundField]]]:
        return [(heading, words, [self[name] for name in names]) for heading, words, names in GROUPS]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        quiet = (said.get("quiet_from"), said.get("quiet_until"))
        if all(isinstance(one, time) for one in quiet) and quiet[0] == quiet[1]:
            self.add_error("quiet_until", _("The two must differ; 0:00 to 0:01 is nearly none."))
        return said

    def rules(self) -> dict[str, Any]:
        """As `change_policy` takes them."""
        said = self.cleaned_data
        shares = {arm.value: said[SHARE + arm.value] for arm in TRIED if said[SHARE + arm.value]}
        return {name: said[name] for name in EDITABLE if name != "variants"} | {"variants": shares}

    def prices(self) -> dict[str, Any]:
        """As `set_prices` takes them."""
        return {part.value: self.cleaned_data[PRICE + part.value] for part in Part}

    def refuse(self, error: Any) -> None:
        """Show what an action refused beside its field."""
        for name, words in error.message_dict.items():
            field = next((one for one in (name, PRICE + name) if one in self.fields), None)
            self.add_error(SHARE + TRIED[-1].value if name == "variants" else field, words)


GROUPS: list[tuple[Any, Any, list[str]]] = [
    (
        _("How much to give"),
        _("Expected 10, delivered 7, gap 3: give 4 or more."),
        ["target_give", "target_gap", "cap_percent"],
    ),
    (
        _("What hassle is worth"),
        _(
            "In your currency, each time; of waiting, an hour. Settings, not facts: what a trip costs differs from"
            " trade to trade."
        ),
        [*(PRICE + part.value for part in Part), "hassle_threshold"],
    ),
    (
        _("In time"),
        "",
        [
            "first_touch_hours",
            "resolution_hours",
            "approval_hours",
            "offer_days",
            "survey_days",
            "second_failure_days",
            "watch_days",
        ],
    ),
    (
        _("Brakes"),
        _("Asked again at the moment of sending."),
        ["daily_cap", "customer_days", "apology_days", "quiet_from", "quiet_until", "customer_cap"],
    ),
    (
        _("To see whether it helps"),
        _("Whoever is held out, or gets one of the three, stays with it. What is left over is as the agent sees fit."),
        ["holdout_percent", *(SHARE + arm.value for arm in TRIED)],
    ),
]


def _initial(policy: Policy) -> dict[str, Any]:
    rules = {name: getattr(policy, name) for name in EDITABLE if name != "variants"}
    prices = {PRICE + part.value: policy.price_of(part) for part in Part}
    shares = {SHARE + arm.value: policy.variants.get(arm.value, 0) for arm in TRIED}
    return rules | prices | shares
