"""Which remedies fit what went wrong."""

from __future__ import annotations

from django.db.models import Q

from recovery.models import Failure, Kind, Remedy, RemedyKind

# Of the same kind as the loss (Smith, Bolton & Wagner 1999): where the company has no list of its own yet.
MATCHING: dict[str, str] = {
    Kind.MONEY: RemedyKind.REFUND,
    Kind.PRODUCT: RemedyKind.REPLACEMENT,
    Kind.SERVICE: RemedyKind.REDO,
    Kind.DELAY: RemedyKind.CREDIT,
    Kind.INFORMATION: RemedyKind.EXPLANATION,
    Kind.ATTENTION: RemedyKind.APOLOGY,
}


def fitting(failure: Failure) -> list[Remedy]:
    """The company's remedies for this kind of failure and this severity, in its order; one for no kind is for all."""
    for_it = Q(failures__contains=[failure.kind]) | Q(failures=[])
    kept = Remedy.objects.filter(for_it, archived_at=None)
    return list(
        kept.filter(severity_from__lte=failure.severity, severity_to__gte=failure.severity).select_related("pool")
    )
