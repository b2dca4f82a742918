"""What customers open from a mail: the offer and the question afterwards. Without signing in, without a script, and to
look at it changes nothing: scanners of mail follow each link."""

from __future__ import annotations

from contextlib import suppress

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from recovery import actions
from recovery.forms.answering import AnswerForm, SurveyForm
from recovery.models import Offer, Survey, Voucher
from recovery.queries.offers import offer_of
from recovery.queries.surveys import survey_of

NOT_SENT = {Offer.State.DRAFT, Offer.State.AWAITING}
ANSWERED = {Offer.State.ACCEPTED, Offer.State.DECLINED}


@never_cache
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """What we offer: the options, or just fix it, or call me. It is answered once; a second answer shows the first."""
    found = offer_of(token)
    if found is None or found.state in NOT_SENT or found.case.ticket.customer.is_blocked:
        raise Http404
    form = AnswerForm(request.POST or None, offer=found)
    if request.method == "POST" and found.state == Offer.State.SENT and form.is_valid():
        with suppress(ValidationError, PermissionDenied):  # it ended while they chose: the page says how
            _answer(found, form)
        found = offer_of(token) or found
    status = 422 if form.is_bound and not form.is_valid() and found.state == Offer.State.SENT else 200
    return render(request, "recovery/offer_page.html", _offer_context(found, form), status=status)


def _answer(found: Offer, form: AnswerForm) -> None:
    customer = found.case.ticket.customer
    if form.option is not None:
        actions.accept_offer(found, option=form.option, by=customer)
    else:
        answer, note = form.cleaned_data["choice"], form.cleaned_data["note"]
        actions.decline_offer(found, by=customer, answer=answer, note=note)


def _offer_context(found: Offer, form: AnswerForm) -> dict[str, object]:
    heading, _line, rest = found.words.strip().partition("\n")
    is_over = bool(found.expires_at and found.expires_at <= timezone.now())
    return {
        "offer": found,
        "form": form,
        "options": list(found.options.all()),
        "heading": heading,
        "words": rest.strip(),
        "senior": found.case.owner,
        "is_open": found.state == Offer.State.SENT and not is_over,
        "is_answered": found.state in ANSWERED,
        "voucher": Voucher.objects.filter(option=found.chosen_id).first() if found.chosen_id else None,
        "site_url": found.case.ticket.site.url if found.case.ticket.site else "",
    }


@never_cache
@require_http_methods(["GET", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Whether it is right now. It is answered once; a second answer changes nothing."""
    found = survey_of(token)
    if found is None or found.state in {Survey.State.SCHEDULED, Survey.State.CANCELLED}:
        raise Http404
    form = SurveyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with suppress(ValidationError):  # its time is over: the page says so
                actions.answer_survey(found, by=found.case.ticket.customer, **form.cleaned_data)
        except PermissionDenied as refused:  # blocked
            raise Http404 from refused
        found.refresh_from_db()
    is_answered = found.state == Survey.State.ANSWERED
    is_over = bool(found.expires_at and found.expires_at <= timezone.now()) and not is_answered
    context = {"form": form, "survey": found, "is_answered": is_answered, "is_over": is_over}
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "recovery/survey_page.html", context, status=status)
