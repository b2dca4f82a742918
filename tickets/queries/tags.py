"""Tags: all of them with how many tickets have each, and those whose name begins as somebody types."""

from __future__ import annotations

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tickets.models import Tag, Ticket

SUGGESTED = 8


def counted_tags(words: str = "") -> QuerySet[Tag]:
    """By name, with `count`; the link table's own index answers it, no ticket is read."""
    links = Ticket.tags.through.objects.filter(tag=OuterRef("pk")).order_by().values("tag")
    counted = links.annotate(n=Count("pk")).values_list("n", flat=True)  # type: ignore[misc]  # the stubs forget `n`
    count = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    found = Tag.objects.filter(name__icontains=words) if words else Tag.objects.all()
    return found.annotate(count=count).order_by("name", "pk")


def suggested_tags(begun: str) -> list[str]:
    """Names that begin like this, then those that have it in them."""
    found = Tag.objects.filter(name__istartswith=begun).values_list("name", flat=True)
    names = list(found.order_by("name")[:SUGGESTED])
    if len(names) < SUGGESTED and begun:
        more = Tag.objects.filter(name__icontains=begun).exclude(name__in=names).values_list("name", flat=True)
        names += more.order_by("name")[: SUGGESTED - len(names)]
    return names
