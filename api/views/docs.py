"""The OpenAPI schema, and the page on which to read and try it."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from django.http import Http404
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

_making = Lock()


def made_schema() -> dict[str, Any]:
    """The schema follows from the code alone, so one making does for the life of a process."""
    with _making:  # the generator stands in its own way if two threads use it
        return _schema()


@cache
def _schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


class Schema(SpectacularAPIView):
    """It holds no secret, and generators fetch it without a token."""

    authentication_classes = []
    throttle_classes = []

    def _get_schema_response(self, request: Request) -> Response:  # noqa: ARG002
        return Response(made_schema())


class Docs(SpectacularSwaggerSplitView):
    authentication_classes = []
    throttle_classes = []
    url_name = "api:schema"
    template_name = "api/docs.html"


@extend_schema(exclude=True)
class Unknown(APIView):
    """Every other address: 404 in the one shape rather than as a page."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
