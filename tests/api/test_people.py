"""Customers and the desk's own lists through the API."""

from __future__ import annotations

import pytest

from customers.actions import change_customer, get_or_create_customer
from customers.models import Company, Customer
from tickets.actions import open_ticket

CUSTOMERS = "/api/v1/customers/"


@pytest.fixture
def fleet(db) -> Company:
    return Company.objects.create(name="Fleet & Co", domain="fleet.example")


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["results"]]


def test_a_customer_is_added_once_per_address(as_, sue, fleet):
    api = as_(sue)
    wanted = {"email": "Eve@Example.org", "name": "Eve", "company": fleet.pk, "note": "Rides to work."}
    made = api.post(CUSTOMERS, wanted)
    assert made.status_code == 201, made.json()
    eve = made.json()
    assert eve["addresses"] == [{"email": "eve@example.org", "proof": "stated"}]
    assert (eve["name"], eve["company"], eve["note"]) == (
        "Eve",
        {"id": fleet.pk, "name": "Fleet & Co"},
        "Rides to work.",
    )
    again = api.post(CUSTOMERS, {"email": "eve@example.ORG", "name": "Someone else", "note": "x"})
    assert (again.status_code, again.json()) == (200, eve)
    assert Customer.objects.count() == 1


def test_a_customer_is_read_and_corrected(api, ticket, carla, fleet, alice):
    change_customer(carla, by=alice, company=fleet)
    url = f"{CUSTOMERS}{carla.pk}/"
    assert api.get(url).json()["email"] == "carla@example.org"
    changed = api.patch(url, {"name": "Carla C.", "note": "Prefers mail.", "company": fleet.pk}).json()
    assert (changed["name"], changed["note"], changed["company"]["id"]) == ("Carla C.", "Prefers mail.", fleet.pk)
    assert api.patch(url, {}).json() == changed
    assert api.get(url).json() == changed


def test_customers_are_found_by_words_address_and_company(as_, sue, ticket, carla, dora, fleet):
    api = as_(sue)
    change_customer(dora, by=sue, company=fleet)
    kept = {
        "": [dora.pk, carla.pk],
        "q=cort": [carla.pk],
        "q=dora@": [dora.pk],
        "email=DORA@example.org": [dora.pk],
        "email=dora": [],
        f"company={fleet.pk}": [dora.pk],
    }
    for query, expected in kept.items():
        assert ids(api.get(f"{CUSTOMERS}?{query}")) == expected, query


def test_an_agent_sees_customers_and_companies_by_their_tickets(
    api, as_, charlie, sue, ticket, carla, dora, fleet, shop
):
    open_ticket(dora, by=dora, body="A bell, please", channel="form", team=shop)
    change_customer(carla, by=sue, company=fleet)
    assert ids(api.get(CUSTOMERS)) == [carla.pk]
    assert ids(api.get("/api/v1/companies/")) == [fleet.pk]
    other = as_(charlie)
    assert ids(other.get(CUSTOMERS)) == [dora.pk]
    assert ids(other.get("/api/v1/companies/")) == []
    assert ids(as_(sue).get(CUSTOMERS)) == [dora.pk, carla.pk]


def test_an_address_of_another_team_tells_nothing_of_its_customer(as_, charlie, ticket, carla):
    answer = as_(charlie).post(CUSTOMERS, {"email": "carla@example.org", "name": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert "Carla" not in answer.content.decode()


def test_who_adds_a_customer_may_see_them_before_they_ever_wrote(api):
    made = api.post(CUSTOMERS, {"email": "eve@example.org"}).json()
    assert api.get(f"{CUSTOMERS}{made['id']}/").json() == made


def test_the_desks_own_lists(api, alice, bob, charlie, workshop, shop, ticket):
    charlie.is_active = False
    charlie.save()
    api.patch(f"/api/v1/tickets/{ticket.pk}/", {"tags": ["tyre", "bell"]})
    assert [team["slug"] for team in api.get("/api/v1/teams/").json()["results"]] == ["workshop", "shop"]
    people = api.get("/api/v1/users/").json()["results"]
    assert [person["name"] for person in people] == ["Alice Arden", "Bob Bakker"]
    assert people[0]["teams"][0]["slug"] == "workshop"
    assert set(people[0]) == {"id", "name", "email", "role", "availability", "teams"}
    assert {tag["name"] for tag in api.get("/api/v1/tags/").json()["results"]} == {"tyre", "bell"}


def test_lists_of_people_ask_a_fixed_number_of_questions(as_, sue, fleet, django_assert_max_num_queries):
    api = as_(sue)

    def ask() -> int:
        with django_assert_max_num_queries(8) as asked:
            assert api.get(f"{CUSTOMERS}?page_size=500").status_code == 200
        return len(asked)

    def add(place: int) -> None:
        customer, _ = get_or_create_customer(by=None, email=f"c{place}@example.org")
        change_customer(customer, by=sue, company=fleet)

    add(0)
    few = ask()
    for place in range(1, 12):
        add(place)
    assert ask() <= few
