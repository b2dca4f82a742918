"""What the panel beside a ticket says of its offer, and what the form for one begins with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk, User
from recovery.actions.offering import OptionDraft
from recovery.emails import offer_url
from recovery.forms.offering import OfferForm, Suggestion, suggest, typed_of
from recovery.gap import Gap
from recovery.models import Approval, Case, Failure, Offer, Policy, Remedy, RemedyKind
from recovery.money import is_exact, shown
from recovery.queries.approvals import may_decide
from recovery.queries.budgets import beyond, in_words, limits_of, own_limits
from recovery.queries.offers import earlier_apology
from recovery.queries.rates import converted, in_own
from recovery.queries.remedies import MATCHING, fitting
from tickets.models import Ticket

State = Offer.State
SHOWN_VERSIONS = 10


def offer_context(
    ticket: Ticket, user: User, *, gap: Gap, policy: Policy, form: OfferForm | None = None
) -> dict[str, Any]:
    """For `_offer.html`: the newest offer and what can be done with it, and the form for another one."""
    versions = list(
        Offer.objects.filter(case__ticket=ticket)
        .select_related("by", "chosen", "approval__decided_by", "approval__asked_by")
        .prefetch_related("options")
        .order_by("-version")[:SHOWN_VERSIONS]
    )
    newest = versions[0] if versions else None
    may_offer = user.has_perm("recovery.work") and gap.failure is not None and bool(gap.failure.is_our_fault)
    if gap.failure is not None and may_offer and form is None:
        form = offer_form(gap.failure, gap, newest)
    approval = _approval(newest)
    return {
        "offer": newest,
        "earlier": versions[1:],
        "options": [(option, gap.ratio_of(option.value)) for option in newest.options.all()] if newest else [],
        "approval": approval,
        "approval_reasons": [in_words(reason) for reason in approval.reasons] if approval else [],
        "may_decide": approval is not None and may_decide(user, approval, limits=own_limits(user, timezone.now())),
        "link": offer_url(newest) if newest and newest.state == State.SENT else "",
        "may_offer": may_offer,
        "offer_form": form if may_offer else None,
    }


def _approval(offer: Offer | None) -> Approval | None:
    found: Approval | None = getattr(offer, "approval", None)
    if found is not None and offer is not None:
        found.offer = offer
    return found if found and found.state in (Approval.State.ASKED, Approval.State.REFUSED) else None


def offer_form(failure: Failure, gap: Gap, offer: Offer | None, data: QueryDict | None = None) -> OfferForm:
    """The form for an offer: with what the live one says, else with what fits best."""
    remedies = fitting(failure)
    kept = [option.remedy for option in offer.options.all() if option.remedy] if offer else []
    remedies += [remedy for remedy in kept if remedy.pk not in {one.pk for one in remedies}]
    values = {remedy.pk: _value_of(remedy, gap) for remedy in remedies}
    choices = suggest(remedies, values, matching=MATCHING[failure.kind])
    is_live = offer is not None and offer.state in (State.DRAFT, State.AWAITING, State.SENT)
    initial = typed_of(offer) if offer is not None and is_live else _proposed(choices, gap, has_list=bool(remedies))
    return OfferForm(data, suggestions=choices, remedies=remedies, initial=initial)


def _value_of(remedy: Remedy, gap: Gap) -> Decimal | None:
    """What it is worth, in the gap's currency; where the company left that open, what fills the gap."""
    if remedy.value is None:
        return gap.suggested
    return converted(remedy.value, remedy.currency or Desk.current().currency, gap.currency)


def _proposed(choices: list[Suggestion], gap: Gap, *, has_list: bool) -> dict[str, Any]:
    """The most fitting of the company's list, two of them; where it has none, the kind that matches the loss."""
    proposed: dict[str, Any] = {}
    for row, one in enumerate(choices[: 2 if has_list else 1]):
        value = gap.suggested if one.value is None else one.value
        proposed |= {f"what-{row}": one.key, f"words-{row}": one.words, f"value-{row}": value}
    return proposed


@dataclass(frozen=True)
class Weighed:
    """One option held against the gap."""

    draft: OptionDraft
    ratio: Decimal | None
    problem: str


def weigh(ticket: Ticket, user: User, form: OfferForm, *, gap: Gap, policy: Policy) -> dict[str, Any]:
    """For `_offer_preview.html`: how far beyond the gap each option goes, what needs approval, what they will see."""
    form.is_valid()
    drafts, now = form.drafts(), timezone.now()
    weighed = [Weighed(one, gap.ratio_of(one.value), _problem(one, gap)) for one in drafts]
    most = max((one.value for one in drafts), default=Decimal(0))
    limits = limits_of(user, ticket, now=now, policy=policy)
    fine = not any(one.problem for one in weighed)
    reasons = beyond(limits, in_own(most, gap.currency), gap.currency) if drafts and fine else []
    heading, _line, rest = form.cleaned_data.get("words", "").strip().partition("\n")
    return {
        "weighed": weighed,
        "gap": gap,
        "limits": limits,
        "own_currency": Desk.current().currency,
        "needs_approval": [in_words(reason) for reason in reasons],
        "apology": _apology(ticket, drafts, policy),
        "heading": heading,
        "rest": rest.strip(),
    }


def _problem(draft: OptionDraft, gap: Gap) -> str:
    if not is_exact(draft.value, gap.currency):
        return _("%(currency)s has no such small coins.") % {"currency": gap.currency}
    if gap.exceeds_cap(draft.value):
        most = shown(gap.cap or Decimal(0), gap.currency)
        return _("More than the cap of %(percent)s %%: %(most)s.") % {"percent": gap.cap_percent, "most": most}
    return ""


def _apology(ticket: Ticket, drafts: list[OptionDraft], policy: Policy) -> int | None:
    """The ticket on which we apologised to them not long ago, if this would be another apology."""
    if not any(draft.kind == RemedyKind.APOLOGY for draft in drafts):
        return None
    case = Case.objects.filter(ticket=ticket).first()
    stand_in = Offer(case=case or Case(ticket=ticket))
    earlier = earlier_apology(stand_in, policy, timezone.now())
    return earlier.case.ticket_id if earlier else None
