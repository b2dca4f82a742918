"""Customers and their companies; the teams, people and tags of the desk."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team, User
from api.errors import Conflict
from api.schema import READING, WRITING, operation
from api.serializers import (
    CompanyOut,
    CustomerChangeIn,
    CustomerFilters,
    CustomerIn,
    CustomerOut,
    NoFilters,
    TagOut,
    TeamOut,
    UserOut,
)
from api.views.base import Door, body, each, found, known, one, page, query, viewer
from customers.actions import change_customer, get_or_create_customer
from customers.models import Company, Customer, CustomerQuerySet
from tickets.models import Tag
from tickets.queries import find_customers, visible_customers


class Customers(Door):
    @operation(
        "customers_list",
        "List customers, the newest first",
        filters=CustomerFilters,
        answers={200: CustomerOut(many=True)},
        errors=READING,
        tag="customers",
    )
    def get(self, request: Request) -> Response:
        """Those with a ticket that you may see; for managers, all."""
        wanted = query(request, CustomerFilters)
        rows = complete(visible_customers(viewer(request)))
        if "q" in wanted:
            rows = find_customers(rows, wanted["q"])
        if "email" in wanted:
            rows = rows.filter(pk__in=Customer.objects.filter(addresses__email__iexact=wanted["email"]).values("pk"))
        if "company" in wanted:
            rows = rows.filter(company=wanted["company"])
        return page(request, rows.order_by("-id"), each(CustomerOut))

    @operation(
        "customers_add",
        "Add a customer",
        takes=CustomerIn,
        answers={200: CustomerOut, 201: CustomerOut},
        errors=WRITING,
        tag="customers",
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """If the address is known already, its customer is answered with 200 and nothing is changed."""
        wanted = body(request, CustomerIn)
        company = wanted_company(wanted, visible_companies(viewer(request)))
        customer, is_new = get_or_create_customer(by=viewer(request), email=wanted["email"], name=wanted["name"])
        if not is_new and not visible_customers(viewer(request)).filter(pk=customer.pk).exists():
            raise Conflict("This address belongs to a customer of another team.")
        if is_new and (company or wanted.get("note")):
            change_customer(customer, by=viewer(request), company=company, note=wanted.get("note"))
        return answer(customer, status=201 if is_new else 200)


class OneCustomer(Door):
    @operation("customers_read", "Read a customer", answers={200: CustomerOut}, errors=[*READING, 404], tag="customers")
    def get(self, request: Request, pk: int) -> Response:
        return one(CustomerOut, found(complete(visible_customers(viewer(request))).filter(pk=pk)))

    @operation(
        "customers_change",
        "Correct a customer's name, company or note",
        takes=CustomerChangeIn,
        answers={200: CustomerOut},
        errors=[*WRITING, 404],
        tag="customers",
    )
    def patch(self, request: Request, pk: int) -> Response:
        customer = found(visible_customers(viewer(request)).filter(pk=pk))
        wanted = body(request, CustomerChangeIn)
        if wanted:
            company = wanted_company(wanted, visible_companies(viewer(request)))
            change_customer(
                customer, by=viewer(request), name=wanted.get("name"), company=company, note=wanted.get("note")
            )
        return answer(customer)


class Companies(Door):
    @operation(
        "companies_list",
        "List the companies of customers, the newest first",
        answers={200: CompanyOut(many=True)},
        tag="customers",
    )
    def get(self, request: Request) -> Response:
        query(request, NoFilters)
        return page(request, visible_companies(viewer(request)).order_by("-id"), each(CompanyOut))


class Teams(Door):
    @operation("teams_list", "List the teams", answers={200: TeamOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        query(request, NoFilters)
        return page(request, Team.objects.order_by("id"), each(TeamOut))


class Users(Door):
    @operation("users_list", "List the people who work here", answers={200: UserOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        query(request, NoFilters)
        people = User.objects.filter(is_active=True).prefetch_related("teams")
        return page(request, people.order_by("id"), each(UserOut))


class Tags(Door):
    @operation("tags_list", "List the tags", answers={200: TagOut(many=True)}, tag="desk")
    def get(self, request: Request) -> Response:
        query(request, NoFilters)
        return page(request, Tag.objects.order_by("id"), each(TagOut))


def complete(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Customers with everything that their JSON shows."""
    return customers.select_related("company").prefetch_related("addresses")


def answer(customer: Customer, status: int = 200) -> Response:
    return one(CustomerOut, complete(Customer.objects.filter(pk=customer.pk)).get(), status)


def visible_companies(viewer: User) -> QuerySet[Company]:
    """Companies of customers whom the viewer may see, and for whoever sees all customers, all."""
    if viewer.has_perm("customers.view_all"):
        return Company.objects.all()
    return Company.objects.filter(Exists(visible_customers(viewer).filter(company=OuterRef("pk"))))


def wanted_company(wanted: dict[str, int], companies: QuerySet[Company]) -> Company | None:
    return known(companies, wanted["company"], "company") if "company" in wanted else None
