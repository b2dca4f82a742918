"""Offers and their approvals, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, WRITING, operation
from api.serializers import NoFilters
from api.serializers.offering import ApprovalOut, OfferFilters, OfferIn, OfferNoteIn, OfferOut
from api.views.base import Door, body, each, find_ticket, found, known, one, page, query, viewer
from recovery import actions
from recovery.actions import OptionDraft
from recovery.models import Offer, Remedy, Trigger
from recovery.queries.approvals import waiting_for


class Offers(Door):
    @operation(
        "offers_list",
        "List what was offered",
        filters=OfferFilters,
        answers={200: OfferOut(many=True)},
        errors=[*READING, 403],
        tag="recovery",
    )
    def get(self, request: Request) -> Response:
        """On the tickets that you see, the newest first."""
        wanted = query(request, OfferFilters)
        offers = _offers(request)
        if "ticket" in wanted:
            offers = offers.filter(case__ticket=wanted["ticket"])
        if "state" in wanted:
            offers = offers.filter(state=wanted["state"])
        return page(request, offers.order_by("-made_at", "-case_id"), each(OfferOut))


class TicketOffers(Door):
    @operation(
        "offer_draft",
        "Draft an offer on a ticket",
        takes=OfferIn,
        answers={201: OfferOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int) -> Response:
        """In its case, which is opened if there is none. What was sent before on it is withdrawn; 409 if there is a
        draft, 400 as long as nobody has said whether it was our fault."""
        ticket, wanted = find_ticket(request, number), body(request, OfferIn)
        user = viewer(request)
        options = [_draft(option) for option in wanted.pop("options")]
        with transaction.atomic():
            case = actions.open_case(ticket, by=user, trigger=Trigger.AGENT)
            offer = actions.draft_offer(case, by=user, options=options, **wanted)
        return _told(request, offer, 201)


class OneOffer(Door):
    @operation("offer_read", "Read an offer", answers={200: OfferOut}, errors=[*READING, 403, 404], tag="recovery")
    def get(self, request: Request, offer: UUID) -> Response:
        """With its options, its approval, and each step of its money."""
        return one(OfferOut, _find(request, offer))


class SendOffer(Door):
    @operation("offer_send", "Send an offer", answers={200: OfferOut}, errors=[*WRITING, 404], tag="recovery")
    def post(self, request: Request, offer: UUID) -> Response:
        """Within your limits it leaves; beyond them it is `awaiting` somebody else's yes. Sending twice is harmless."""
        return _told(request, actions.send_offer(_find(request, offer), by=viewer(request)))


class WithdrawOffer(Door):
    @operation(
        "offer_withdraw",
        "Withdraw an offer",
        takes=OfferNoteIn,
        answers={200: OfferOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, offer: UUID) -> Response:
        """Its link is dead from now on, and what was reserved is free."""
        note = body(request, OfferNoteIn)["note"]
        return _told(request, actions.withdraw_offer(_find(request, offer), by=viewer(request), note=note))


class OfferDone(Door):
    @operation(
        "offer_done",
        "Say that what was promised is done",
        takes=OfferNoteIn,
        answers={200: OfferOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, offer: UUID) -> Response:
        """Of an offer that was accepted. Saying it twice is harmless."""
        note = body(request, OfferNoteIn)["note"]
        return _told(request, actions.mark_done(_find(request, offer), by=viewer(request), note=note))


class ApproveOffer(Door):
    @operation(
        "offer_approve",
        "Approve somebody else's offer",
        takes=OfferNoteIn,
        answers={200: OfferOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, offer: UUID) -> Response:
        """It is sent on your account. Never your own, and not more than you may give yourself."""
        note = body(request, OfferNoteIn)["note"]
        return _told(request, actions.approve_offer(_find(request, offer), by=viewer(request), note=note))


class RefuseOffer(Door):
    @operation(
        "offer_refuse",
        "Refuse somebody else's offer",
        takes=OfferNoteIn,
        answers={200: OfferOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, offer: UUID) -> Response:
        """It is a draft again, with your note, which must say why."""
        note = body(request, OfferNoteIn)["note"]
        return _told(request, actions.refuse_offer(_find(request, offer), by=viewer(request), note=note))


class Approvals(Door):
    @operation(
        "approvals_list",
        "List what waits for approval",
        answers={200: ApprovalOut(many=True)},
        errors=[*READING, 403],
        tag="recovery",
    )
    def get(self, request: Request) -> Response:
        """On the tickets that you see, the most urgent first; your own, too, which somebody else decides."""
        query(request, NoFilters)
        if not viewer(request).has_perm("recovery.approve"):
            raise PermissionDenied
        return page(request, waiting_for(viewer(request)).order_by("due_at", "pk"), each(ApprovalOut))


def _offers(request: Request) -> QuerySet[Offer]:
    offers = Offer.objects.visible_to(viewer(request)).select_related("case", "approval")
    return offers.prefetch_related("options", "ledger")


def _find(request: Request, key: UUID) -> Offer:
    return found(_offers(request).filter(pk=key))


def _told(request: Request, offer: Offer, status: int = 200) -> Response:
    """As it is now, with what the action wrote."""
    return one(OfferOut, _find(request, offer.pk), status)


def _draft(wanted: dict[str, Any]) -> OptionDraft:
    key = wanted["remedy"]
    remedy = None if key is None else known(Remedy.objects.filter(archived_at=None), key, "options")
    return OptionDraft(wanted["kind"], wanted["words"], wanted["value"], remedy)
