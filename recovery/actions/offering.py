"""What is offered to a customer: drafted, sent, answered, withdrawn, expired, done.

Locks: ticket → case → offer → the rules → stock. Each of these is safe to be done twice, by two people, or by a person
and the clock at once: whoever comes second under the locks finds what the first has made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from customers.models import Customer
from outbox.actions import cancel_mail
from outbox.models import Mail, MailState
from recovery import emails
from recovery.actions import _ledger
from recovery.actions._locking import lock_case, lock_offer, lock_policy
from recovery.actions._sending import about, ask, check_offerable, deliver, drop_approval
from recovery.actions.asking import schedule_survey
from recovery.actions.cases import mark_answered
from recovery.actions.paying import finish_option, issue_option, release_offer
from recovery.emails import offer_key
from recovery.models import Case, LedgerEntry, Offer, Option, Policy, Remedy, RemedyKind
from recovery.money import is_exact
from recovery.queries.budgets import beyond, limits_of
from recovery.queries.offers import dearest, measure
from recovery.queries.rates import in_own
from tickets.actions._rules import Actor, clean_body, clean_line, require
from tickets.events import record

MOST_OPTIONS = 3
WORDS_CHARS, OPTION_CHARS, NOTE_CHARS = 5000, 500, 500
MOST = Decimal(10) ** 9  # beyond any offer, and well within what the columns hold
State = Offer.State


@dataclass(frozen=True)
class OptionDraft:
    """One of the things to choose from, as it was typed; its value in the offer's currency."""

    kind: str
    words: str
    value: Decimal
    remedy: Remedy | None = None


@transaction.atomic
def draft_offer(
    case: Case,
    *,
    by: User | None,
    words: str,
    options: Sequence[OptionDraft],
    currency: str | None = None,
    is_commercial: bool = False,
    at: datetime | None = None,
) -> Offer:
    """A new offer in this case, in the failure's currency unless another one is named. What was sent before it in the
    same case is withdrawn, and its link dies. Records `offer.drafted`.

    Errors: PermissionDenied; ValidationError code `closed`, `fault` (nobody said whether it was our fault),
    `conflict` (there is a draft already), `cap`, or what is wrong with words and options.
    """
    case = lock_case(case)
    require(by, "recovery.work")
    live = Offer.objects.select_for_update(of=("self",)).filter(case=case).live().first()
    if live is not None:
        if live.state != State.SENT:
            raise ValidationError(_("There is an offer that was not sent yet. Change that one."), code="conflict")
        live.case = case
        _withdraw(live, by=by, at=at, note=_("A new version takes its place."))
    return _new_version(case, by, words, options, currency, is_commercial=is_commercial, at=at)


@transaction.atomic
def change_offer(
    offer: Offer,
    *,
    by: User | None,
    words: str,
    options: Sequence[OptionDraft],
    currency: str | None = None,
    is_commercial: bool = False,
    at: datetime | None = None,
) -> Offer:
    """Other words, other options. A draft is changed in place, and what waited for approval is a draft again; what was
    sent is withdrawn, and a new version takes its place. Returns the one that is live now. Records `offer.changed`.

    Errors: as `draft_offer`; code `gone` if it has ended.
    """
    offer = lock_offer(offer)
    require(by, "recovery.work")
    if offer.state == State.SENT:
        case = offer.case
        _withdraw(offer, by=by, at=at, note=_("A new version takes its place."))
        return _new_version(case, by, words, options, currency or offer.currency, is_commercial=is_commercial, at=at)
    _refuse_unless(offer, State.DRAFT, State.AWAITING)
    now, policy = at or timezone.now(), Policy.current()
    measured = measure(offer.case.ticket, currency, now=now, policy=policy)
    kept = _clean_options(options, measured.currency)
    drop_approval(offer, at=now)
    offer.state, offer.words, offer.currency = State.DRAFT, _clean_words(words), measured.currency
    offer.gap, offer.is_commercial, offer.by = measured.gap, is_commercial, by or offer.by
    check_offerable(offer, kept, policy=policy, now=now)
    offer.save(update_fields=["state", "words", "currency", "gap", "is_commercial", "by"])
    offer.options.all().delete()
    _save_options(offer, kept)
    record(offer.case.ticket, "offer.changed", by=by, at=at, data=about(offer))
    return offer


@transaction.atomic
def send_offer(offer: Offer, *, by: User | None, at: datetime | None = None) -> Offer:
    """Send it, if it is within what its sender may give; else somebody else is asked. Doing it twice is harmless.

    The rules are locked while the budgets are read and the dearest option is reserved, so two offers cannot both use
    what is left of one. Records `offer.sent` or `approval.asked`. Errors: PermissionDenied; ValidationError code
    `gone`, `stopped`, `fault`, `cap`, `apology`, `no_vouchers`, `blocked`, `closed`.
    """
    offer = lock_offer(offer)
    require(by, "recovery.work")
    if offer.state in (State.SENT, State.AWAITING):
        return offer
    _refuse_unless(offer, State.DRAFT)
    policy, now = lock_policy(), at or timezone.now()
    options = list(offer.options.all())
    check_offerable(offer, options, policy=policy, now=now, is_leaving=True)
    amount = in_own(dearest(options), offer.currency)
    reasons = beyond(limits_of(by, offer.case.ticket, now=now, policy=policy), amount, offer.currency)
    if reasons:
        return ask(offer, by=by, reasons=reasons, amount=amount, policy=policy, at=at)
    return deliver(offer, by=by, on_account_of=by, policy=policy, at=at)


@transaction.atomic
def withdraw_offer(offer: Offer, *, by: User | None, note: str = "", at: datetime | None = None) -> Offer:
    """Take it back; its link says so from now on, and what was reserved is free. Doing it twice is harmless.

    Records `offer.withdrawn`. Errors: PermissionDenied; ValidationError code `gone` if it was answered.
    """
    offer = lock_offer(offer)
    require(by, "recovery.work")
    if offer.state == State.WITHDRAWN:
        return offer
    _refuse_unless(offer, State.DRAFT, State.AWAITING, State.SENT)
    return _withdraw(offer, by=by, at=at, note=note)


@transaction.atomic
def withdraw_unsent(offer: Offer, *, at: datetime | None = None) -> Offer:
    """Its mail never left: held back by a brake, or refused by the server. The clock's work; others are left alone."""
    offer = lock_offer(offer)
    mail = Mail.objects.filter(dedupe_key=offer_key(offer)).first()
    if offer.state != State.SENT or mail is None or mail.state not in (MailState.CANCELLED, MailState.FAILED):
        return offer
    return _withdraw(offer, by=None, at=at, note=mail.reason or mail.smtp_reply)


@transaction.atomic
def accept_offer(offer: Offer, *, option: Option, by: Actor, at: datetime | None = None) -> Offer:
    """This option it is. A second call, by whomever and for whatever option, answers the first result.

    Of our people, whoever works on cases may say it for the customer, who said it by phone. Records `offer.accepted`.
    Errors: PermissionDenied; ValidationError code `gone`, `expired` or `invalid` (an option of another offer).
    """
    offer = lock_offer(offer)
    _require_answerer(offer, by)
    if offer.state == State.ACCEPTED:
        return offer
    _refuse_unless(offer, State.SENT)
    now = at or timezone.now()  # after we had waited for the lock: what expired meanwhile has expired
    _refuse_late(offer, now)
    chosen = offer.options.filter(pk=option.pk).first()
    if chosen is None:
        raise ValidationError(_("That is not one of the options."), code="invalid")
    offer.state, offer.chosen, offer.ended_at = State.ACCEPTED, chosen, now
    offer.save(update_fields=["state", "chosen", "ended_at"])
    _ledger.issue(offer, amount=chosen.value, by=_one_of_us(by), at=now)
    issue_option(chosen)
    mark_answered(offer.case, state=Case.State.ACCEPTED, at=at)
    schedule_survey(offer, at=now)
    if at is None:
        emails.accepted(offer)
    said = {"kind": chosen.kind, "words": chosen.title, "amount": str(chosen.value)}
    data = about(offer) | said | {"tell": _concerned(offer)}
    record(offer.case.ticket, "offer.accepted", by=by, at=at, data=data)
    return offer


@transaction.atomic
def decline_offer(offer: Offer, *, by: Actor, answer: str, note: str = "", at: datetime | None = None) -> Offer:
    """None of it: just fix it, call me, or no. A second answer changes nothing. Records `offer.declined`.

    Errors: PermissionDenied; ValidationError code `gone`, `expired` or `invalid`.
    """
    offer = lock_offer(offer)
    _require_answerer(offer, by)
    if offer.state in (State.ACCEPTED, State.DECLINED):
        return offer
    _refuse_unless(offer, State.SENT)
    now = at or timezone.now()
    _refuse_late(offer, now)
    if answer not in Offer.Answer.values:
        raise ValidationError(_("That is not one of the answers."), code="invalid")
    offer.answer, offer.answer_note = answer, clean_line(note, NOTE_CHARS)
    _end(offer, State.DECLINED, now, ["answer", "answer_note"])
    _ledger.void(offer, by=_one_of_us(by), at=now)
    mark_answered(offer.case, state=Case.State.DECLINED, at=at)
    schedule_survey(offer, at=now)
    data = about(offer) | {"answer": offer.answer, "note": offer.answer_note, "tell": _concerned(offer)}
    record(offer.case.ticket, "offer.declined", by=by, at=at, data=data)
    return offer


@transaction.atomic
def expire_offer(offer: Offer, *, by: User | None = None, at: datetime | None = None) -> Offer:
    """Its time is over and nobody answered: the clock's work; else nothing changes. Records `offer.expired`."""
    offer = lock_offer(offer)
    now = at or timezone.now()
    if offer.state != State.SENT or offer.expires_at is None or offer.expires_at > now:
        return offer
    _end(offer, State.EXPIRED, now)
    _ledger.expire(offer, at=now)
    mark_answered(offer.case, state=Case.State.EXPIRED, at=at)
    record(offer.case.ticket, "offer.expired", by=by, at=at, data=about(offer))
    return offer


@transaction.atomic
def mark_done(offer: Offer, *, by: User | None, note: str = "", at: datetime | None = None) -> Offer:
    """What was promised was done: by one of us, by the shop (`by=None`). Doing it twice is harmless.

    Records `offer.done`. Errors: PermissionDenied; ValidationError code `gone` unless it was accepted.
    """
    offer = lock_offer(offer)
    require(by, "recovery.work")
    _refuse_unless(offer, State.ACCEPTED)
    chosen = offer.options.select_for_update().get(pk=offer.chosen_id or 0)
    if chosen.done_at is not None:
        return offer
    now = at or timezone.now()
    finish_option(chosen, by=by)
    chosen.done_at = now
    chosen.save(update_fields=["done_at"])
    offer.chosen = chosen
    note = clean_line(note, LedgerEntry._meta.get_field("note").max_length or 0)
    _ledger.redeem(offer, by=by, at=now, note=note)
    record(offer.case.ticket, "offer.done", by=by, at=at, data=about(offer) | {"words": chosen.title, "note": note})
    return offer


def _new_version(
    case: Case,
    by: User | None,
    words: str,
    options: Sequence[OptionDraft],
    currency: str | None,
    *,
    is_commercial: bool,
    at: datetime | None,
) -> Offer:
    now, policy = at or timezone.now(), Policy.current()
    measured = measure(case.ticket, currency, now=now, policy=policy)
    last = Offer.objects.filter(case=case).order_by("-version").values_list("version", flat=True).first()
    offer = Offer(
        case=case,
        version=(last or 0) + 1,
        words=_clean_words(words),
        is_commercial=is_commercial,
        currency=measured.currency,
        gap=measured.gap,
        by=by,
        arm=case.arm,
        made_at=now,
    )
    kept = _clean_options(options, offer.currency)
    check_offerable(offer, kept, policy=policy, now=now)
    offer.save()
    _save_options(offer, kept)
    record(case.ticket, "offer.drafted", by=by, at=at, data=about(offer))
    return offer


def _withdraw(offer: Offer, *, by: User | None, at: datetime | None, note: str) -> Offer:
    now, was = at or timezone.now(), offer.state
    drop_approval(offer, at=now)
    offer.end_reason = clean_line(note, 200)
    _end(offer, State.WITHDRAWN, now, ["end_reason"])
    if was == State.SENT:
        _take_back_mail(offer)
        _ledger.void(offer, by=by, at=now, note=offer.end_reason)
    data = about(offer) | {"was": was, "note": offer.end_reason}
    record(offer.case.ticket, "offer.withdrawn", by=by, at=at, data=data)
    return offer


def _take_back_mail(offer: Offer) -> None:
    """If it has not left yet, it need not: its link is dead."""
    mail = Mail.objects.filter(dedupe_key=offer_key(offer)).first()
    if mail is not None:
        cancel_mail(mail.pk, reason="the offer was withdrawn")


def _end(offer: Offer, state: str, now: datetime, changed: Sequence[str] = ()) -> None:
    offer.state, offer.ended_at = state, now
    offer.save(update_fields=["state", "ended_at", *changed])
    release_offer(offer)


def _refuse_unless(offer: Offer, *states: str) -> None:
    if offer.state not in states:
        said = _("This offer is not open any more: %(state)s.") % {"state": offer.get_state_display().lower()}
        raise ValidationError(said, code="gone")


def _refuse_late(offer: Offer, now: datetime) -> None:
    if offer.expires_at is not None and offer.expires_at <= now:
        raise ValidationError(_("This offer has expired."), code="expired")


def _require_answerer(offer: Offer, by: Actor) -> None:
    """The customer themselves, under whichever record; one of us for them; the system."""
    if not isinstance(by, Customer):
        require(by, "recovery.work")
        return
    theirs = offer.case.ticket.customer
    if by.is_blocked or (by.merged_into_id or by.pk) != (theirs.merged_into_id or theirs.pk):
        raise PermissionDenied


def _concerned(offer: Offer) -> list[int]:
    """Who hears of the answer: whoever made the offer, and whose case it is."""
    return sorted({pk for pk in (offer.by_id, offer.case.owner_id) if pk})


def _one_of_us(by: Actor) -> User | None:
    return by if isinstance(by, User) else None


def _clean_words(words: str) -> str:
    words = clean_body(words)
    if len(words) > WORDS_CHARS:
        raise ValidationError(
            _("That is too long: %(count)s characters at most.") % {"count": WORDS_CHARS}, code="too_long"
        )
    return words


def _clean_options(options: Sequence[OptionDraft], currency: str) -> list[Option]:
    if not 1 <= len(options) <= MOST_OPTIONS:
        raise ValidationError(_("Offer one, two or three things to choose from."), code="invalid")
    return [_clean_option(draft, place, currency) for place, draft in enumerate(options)]


def _clean_option(draft: OptionDraft, place: int, currency: str) -> Option:
    words, value, remedy = clean_body(draft.words, may_be_empty=True), draft.value, draft.remedy
    if draft.kind not in RemedyKind.values or (remedy is not None and remedy.kind != draft.kind):
        raise ValidationError(_("There is no such remedy."), code="invalid")
    if not words:
        raise ValidationError(_("Say what the customer gets."), code="empty")
    if len(words) > OPTION_CHARS:
        raise ValidationError(
            _("That is too long: %(count)s characters at most.") % {"count": OPTION_CHARS}, code="too_long"
        )
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < MOST:
        raise ValidationError(_("Say what it is worth: 0 or more."), code="amount")
    if not is_exact(value, currency):
        raise ValidationError(_("%(currency)s has no such small coins.") % {"currency": currency}, code="amount")
    _check_remedy(remedy, draft.kind, value, currency)
    return Option(position=place, kind=draft.kind, remedy=remedy, words=words, value=value)


def _check_remedy(remedy: Remedy | None, kind: str, value: Decimal, currency: str) -> None:
    if remedy is None:
        if kind == RemedyKind.VOUCHER:
            raise ValidationError(_("A voucher needs the stock that its code comes from."), code="invalid")
        return
    if remedy.archived_at is not None:
        raise ValidationError(_("“%(name)s” is not given any more.") % {"name": remedy.name}, code="invalid")
    if remedy.pool is not None and (remedy.pool.currency, remedy.pool.value) != (currency, value):
        worth = f"{remedy.pool.value.normalize():f} {remedy.pool.currency}"
        raise ValidationError(
            _("A code of “%(name)s” is worth %(worth)s.") % {"name": remedy.pool.name, "worth": worth}, code="amount"
        )


def _save_options(offer: Offer, options: Sequence[Option]) -> None:
    for option in options:
        option.offer = offer
    Option.objects.bulk_create(options)
