"""Two customers that are one person."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import WRITING, operation
from api.serializers import CustomerMergeIn, CustomerOut
from api.views.base import Door, body, found, known, viewer
from api.views.people import answer
from tickets import actions
from tickets.models import CustomerMerge
from tickets.queries import visible_customers


class MergeCustomers(Door):
    @operation(
        "customers_merge",
        "Say that another customer is the same person",
        takes=CustomerMergeIn,
        answers={200: CustomerOut},
        errors=[*WRITING, 404],
        tag="customers",
    )
    def post(self, request: Request, pk: int) -> Response:
        """What the other one (`merged`) has and said becomes this one's, who is the answer. Of a guest whom nobody has
        verified nothing moves, and such a guest cannot be the one who stays: a browser shows what it has proved."""
        survivor = found(visible_customers(viewer(request)).filter(pk=pk))
        merged = known(visible_customers(viewer(request)), body(request, CustomerMergeIn)["merged"], "merged")
        actions.merge_customers(survivor, merged=merged, by=viewer(request))
        return answer(survivor)


class UnmergeCustomers(Door):
    @operation(
        "customers_unmerge",
        "Say that a merged customer is another person after all",
        takes=CustomerMergeIn,
        answers={200: CustomerOut},
        errors=[*WRITING, 404],
        tag="customers",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Answers with the other one, who has again what moved and still is here; what came since stays."""
        survivor = found(visible_customers(viewer(request)).filter(pk=pk))
        wanted = body(request, CustomerMergeIn)["merged"]
        merge = CustomerMerge.objects.filter(survivor=survivor, merged=wanted, undone_at=None).order_by("-pk").first()
        if merge is None:
            raise refuse(merged="They are not merged into this one.")
        return answer(actions.undo_customer_merge(merge, by=viewer(request)).merged)
