"""What every address of the API does alike: read the request strictly, find what may be seen, answer a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import Team, User
from api.errors import refuse
from api.pagination import PARAMETERS, Keyset
from tickets.models import Ticket

Row = TypeVar("Row", bound=Model)


class Door(APIView):
    # One address: its methods fetch through `visible_to`, validate, act and answer.
    # (No docstring: the schema would show it for every operation.)
    pagination_class = Keyset
    http_method_names = ["get", "head", "post", "patch"]

    @property
    def default_response_headers(self) -> dict[str, str]:
        """What is answered to one token is kept by no cache on the way."""
        return {**super().default_response_headers, "Cache-Control": "no-store"}


def viewer(request: Request) -> User:
    return cast(User, request.user)


def query(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """The query's parameters, checked; an unknown or a repeated one is refused rather than ignored."""
    given = request.query_params
    repeated = [name for name in given if len(given.getlist(name)) > 1]
    if repeated:
        raise refuse(**dict.fromkeys(repeated, "Give this once."))
    return _check(shape, {name: given[name] for name in given if name not in PARAMETERS})


def body(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """The request's JSON, checked."""
    if "HTTP_TRANSFER_ENCODING" in request.META and "CONTENT_LENGTH" not in request.META:
        raise ParseError("Say how long the body is: it needs a Content-Length.")  # or it would pass for an empty one
    return _check(shape, request.data)


def _check(shape: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = shape(data=data)
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


def find_ticket(request: Request, number: int) -> Ticket:
    """The ticket, if the viewer may see it; 404 whether it is unseen or unknown."""
    return found(Ticket.objects.visible_to(viewer(request)).filter(pk=number))


def with_all(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Tickets with everything that their JSON shows."""
    people = tickets.select_related("customer", "team", "assignee", "root_cause", "named_status")
    return people.prefetch_related("tags", "customer__addresses")


def found(rows: QuerySet[Row]) -> Row:
    row = rows.first()
    if row is None:
        raise Http404
    return row


def known(rows: QuerySet[Row], pk: int, field: str) -> Row:
    """The row that a field of the body names, or a 400 that says which field it was."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise refuse(**{field: "There is none with this id."})
    return row


def named_team(pk: int | None) -> Team | None:
    """The team that a body names; None for null."""
    return None if pk is None else known(Team.objects.all(), pk, "team")


def page(request: Request, rows: QuerySet[Any], describe: Callable[[list[Any]], Any]) -> Response:
    """A page of `rows` as the cursor asks for it; `describe` makes JSON of them."""
    keyset = Keyset()
    return keyset.get_paginated_response(describe(keyset.paginate_queryset(rows, request)))


def each(shape: type[Serializer[Any]]) -> Callable[[list[Any]], Any]:
    return lambda rows: shape(rows, many=True).data


def one(shape: type[Serializer[Any]], row: Any, status: int = 200) -> Response:
    return Response(shape(row).data, status=status)
