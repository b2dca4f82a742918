"""What every page may show: the company's name, and whether this is development."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Desk


def desk(request: HttpRequest) -> dict[str, Any]:
    return {"desk": SimpleLazyObject(Desk.current), "is_development": settings.DEBUG}
