"""Tickets through the API."""

from __future__ import annotations

import pytest

from customers.models import Customer
from tickets.actions import assign_ticket, open_ticket, post_message, resolve_ticket, tag_ticket
from tickets.models import Event, Ticket
from tickets.queries import searching

TICKETS = "/api/v1/tickets/"


def numbers(answer) -> list[int]:
    assert answer.status_code == 200, answer.json()
    return [ticket["number"] for ticket in answer.json()["results"]]


def test_a_customers_words_open_a_ticket_that_waits_for_an_answer(api, workshop, desk_row):
    wanted = {
        "customer": {"email": "Eve@Example.org", "name": "Eve"},
        "subject": "The bell",
        "body": "It does not ring.",
        "team": workshop.pk,
        "priority": 3,
        "tags": ["bell", "Bell", "warranty"],
    }
    answer = api.post(TICKETS, wanted)
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["customer"]["email"] == "eve@example.org"
    assert (made["status"], made["channel"], made["priority"]) == ("open", "api", 3)
    assert sorted(made["tags"]) == ["Bell", "warranty"]
    assert made["waiting_since"].endswith("Z")
    assert made["team"] == {"id": workshop.pk, "name": "Workshop", "slug": "workshop"}
    ticket = Ticket.objects.get(pk=made["number"])
    assert ticket.messages.get().by == ticket.customer
    assert api.get(f"{TICKETS}{ticket.pk}/").json() == made


def test_a_known_address_opens_no_second_customer(api, ticket, carla):
    answer = api.post(TICKETS, {"customer": {"email": "CARLA@example.org"}, "subject": "Again", "body": "Hello"})
    assert answer.json()["customer"]["id"] == carla.pk
    assert Customer.objects.count() == 1


def test_a_customer_by_id_must_be_one_that_the_viewer_sees(api, ticket, carla, dora, shop):
    open_ticket(dora, by=dora, body="A bell, please", channel="form", team=shop)
    words = {"subject": "Again", "body": "Hello"}
    assert api.post(TICKETS, {"customer": {"id": carla.pk}, **words}).status_code == 201
    for unseen in (dora.pk, 999_999):
        answer = api.post(TICKETS, {"customer": {"id": unseen}, **words})
        assert answer.status_code == 400
        assert answer.json()["error"]["fields"] == {"customer.id": ["There is none with this id."]}


def test_nothing_is_opened_for_a_blocked_customer(api, ticket, carla):
    carla.is_blocked = True
    carla.save()
    answer = api.post(TICKETS, {"customer": {"id": carla.pk}, "subject": "Again", "body": "Hello"})
    assert (answer.status_code, answer.json()["error"]["detail"]) == (409, "This customer is blocked.")
    assert Ticket.objects.count() == 1


def test_a_refused_ticket_leaves_nothing_behind(api, db):
    answer = api.post(TICKETS, {"customer": {"email": "eve@example.org"}, "subject": "x", "body": "y", "team": 999_999})
    assert answer.status_code == 400
    assert "team" in answer.json()["error"]["fields"]
    assert not Customer.objects.exists()
    assert not Ticket.objects.exists()


def test_a_patch_changes_what_it_names_through_the_actions(api, ticket, alice, shop):
    answer = api.patch(
        f"{TICKETS}{ticket.pk}/", {"status": "pending", "priority": 4, "tags": ["tyre"], "assignee": alice.pk}
    )
    assert answer.status_code == 200, answer.json()
    changed = answer.json()
    assert (changed["status"], changed["priority"], changed["tags"]) == ("pending", 4, ["tyre"])
    assert changed["assignee"] == {"id": alice.pk, "name": "Alice Arden"}
    assert changed["team"]["slug"] == "workshop"
    types = set(Event.objects.filter(by_user=alice).values_list("type", flat=True))
    assert types == {"status.changed", "priority.changed", "ticket.tagged", "ticket.assigned"}
    answer = api.patch(f"{TICKETS}{ticket.pk}/", {"assignee": None, "team": shop.pk})
    assert (answer.json()["assignee"], answer.json()["team"]["slug"]) == (None, "shop")
    assert api.get(f"{TICKETS}{ticket.pk}/").status_code == 404  # it is the shop's now


def test_a_patch_is_done_as_a_whole_or_not_at_all(api, ticket):
    before = ticket.events.count()
    answer = api.patch(f"{TICKETS}{ticket.pk}/", {"priority": 4, "assignee": 999_999})
    assert answer.status_code == 400
    ticket.refresh_from_db()
    assert ticket.priority == 2
    assert ticket.events.count() == before


def test_a_ticket_is_not_solved_by_patching_its_status(api, ticket):
    answer = api.patch(f"{TICKETS}{ticket.pk}/", {"status": "solved"})
    assert answer.status_code == 400
    assert "status" in answer.json()["error"]["fields"]


def test_assigning_to_a_person_a_team_and_nobody(api, ticket, bob, charlie):
    url = f"{TICKETS}{ticket.pk}/assign/"
    assert api.post(url, {"user": bob.pk}).json()["assignee"]["id"] == bob.pk
    assert api.post(url, {"user": None, "team": None}).json()["team"] is None
    charlie.is_active = False
    charlie.save()
    for wrong in ({"user": charlie.pk}, {"user": 999_999}, {"team": 999_999}):
        answer = api.post(url, wrong)
        assert answer.status_code == 400
        assert list(answer.json()["error"]["fields"]) == list(wrong)
    assert api.post(url, {}).status_code == 400


def test_solving_names_the_cause_and_reopening_takes_it_up_again(api, ticket, cause):
    url = f"{TICKETS}{ticket.pk}/"
    assert api.post(f"{url}reopen/").status_code == 400
    assert "root_cause" in api.post(f"{url}resolve/", {}).json()["error"]["fields"]
    assert "root_cause" in api.post(f"{url}resolve/", {"root_cause": "unheard-of"}).json()["error"]["fields"]
    solved = api.post(f"{url}resolve/", {"root_cause": cause.slug, "note": "Sent the right one."}).json()
    assert (solved["status"], solved["root_cause"]["slug"]) == ("solved", cause.slug)
    again = api.post(f"{url}resolve/", {"root_cause": "none"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "closed")
    assert api.post(f"{url}reopen/").json()["status"] == "open"
    assert api.post(f"{url}resolve/", {"root_cause": "none"}).json()["root_cause"] is None


@pytest.fixture
def several(ticket, carla, dora, alice, bob, workshop, cause) -> dict[str, Ticket]:
    """Three of the workshop's tickets, each alone in something."""
    assign_ticket(ticket, by=alice, user=alice)
    phone = open_ticket(dora, by=dora, subject="A puncture", body="Again!", channel="phone")
    tag_ticket(phone, by=bob, tags=["Tube"])
    solved = open_ticket(carla, by=carla, subject="Thank you", body="Nice", channel="form", team=workshop)
    resolve_ticket(solved, by=bob, root_cause=None)
    return {"mine": Ticket.objects.get(pk=ticket.pk), "phone": phone, "solved": solved}


def test_filters_keep_what_they_name(api, several, alice, bob, carla, workshop):
    mine, phone, solved = (several[name] for name in ("mine", "phone", "solved"))
    everything = [solved.pk, phone.pk, mine.pk]
    kept = {
        "": everything,
        f"number={phone.pk}": [phone.pk],
        f"reference={phone.reference.upper()}": [phone.pk],
        "status=solved": [solved.pk],
        "status=open": [phone.pk, mine.pk],
        f"team={workshop.pk}": [solved.pk, mine.pk],
        "team=none": [phone.pk],
        "assignee=me": [mine.pk],
        f"assignee={alice.pk}": [mine.pk],
        f"assignee={bob.pk}": [],
        "assignee=none": [solved.pk, phone.pk],
        f"customer={carla.pk}": [solved.pk, mine.pk],
        "channel=phone": [phone.pk],
        "tag=tube": [phone.pk],
        "q=puncture": [phone.pk],
        "view=mine": [mine.pk],
        "view=solved": [solved.pk],
        "view=team-workshop": [mine.pk],
        "status=open&channel=phone": [phone.pk],
        "status=solved&channel=phone": [],
    }
    for query, expected in kept.items():
        assert numbers(api.get(f"{TICKETS}?{query}")) == expected, query


def test_updated_after_gives_the_longest_unchanged_first(api, several, alice):
    mine, phone, solved = (several[name] for name in ("mine", "phone", "solved"))
    since = several["mine"].created_at.isoformat().replace("+00:00", "Z")
    assert numbers(api.get(TICKETS, {"updated_after": since})) == [mine.pk, phone.pk, solved.pk]
    post_message(mine, by=alice, body="On its way.")
    assert numbers(api.get(TICKETS, {"updated_after": since})) == [phone.pk, solved.pk, mine.pk]
    last = api.get(TICKETS, {"updated_after": since}).json()["results"][-1]["updated_at"]
    assert numbers(api.get(TICKETS, {"updated_after": last})) in ([mine.pk], [])


@pytest.mark.parametrize(
    "query",
    [
        "statsu=open", "status=lost", "status=open&status=solved", "number=one", "number=0", "number=-1",
        "number=9223372036854775808", "number=" + "9" * 2000, "team=workshop", "team=99999999999999999999",
        "assignee=you", "customer=1.5", "customer=%00", "channel=smoke", "tag=", "tag=%00", "q=%00", "q=",
        "updated_after=yesterday", "updated_after=0001-01-01T00:00:00%2B23:00", "view=nowhere", "view=%00",
        "page_size=0", "page_size=501", "page_size=ten", "page_size=%D9%A1", "cursor=", "cursor=abc", "cursor=%00",
        "reference=" + "x" * 50,
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_used_is_named(api, ticket, query):
    answer = api.get(f"{TICKETS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [query.split("=")[0]]


@pytest.mark.parametrize("number", ["0", "9223372036854775807", "9223372036854775808", "9" * 30, "9" * 5000])
def test_a_number_beyond_all_tickets_is_simply_unknown(api, ticket, number):
    unknown = api.get(f"{TICKETS}{number}/")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


SLEEPS = ["pg_sleep(0.3) IS NOT NULL"]


def test_a_search_that_takes_too_long_says_so(api, ticket, monkeypatch):
    monkeypatch.setattr(searching, "PATIENCE", "50ms")
    monkeypatch.setattr("api.views.tickets.narrowed", lambda rows, wanted, by: rows.extra(where=SLEEPS))
    answer = api.get(f"{TICKETS}?q=tyre")
    assert answer.status_code == 400
    assert "too much" in answer.json()["error"]["fields"]["q"][0]
    assert api.get(TICKETS).json()["results"]  # what is no search may take its time


def test_a_list_asks_a_fixed_number_of_questions(api, carla, dora, workshop, django_assert_max_num_queries):
    def ask() -> int:
        with django_assert_max_num_queries(10) as asked:
            answer = api.get(f"{TICKETS}?page_size=500")
        assert answer.status_code == 200
        return len(asked)

    for place in range(3):
        tags = [f"tag {place}", "all"]
        open_ticket(carla, by=carla, body=f"No. {place}", channel="form", team=workshop, tags=tags)
    few = ask()
    for place in range(20):
        customer = dora if place % 2 else carla
        open_ticket(customer, by=customer, body=f"No. {place}", channel="form", tags=[f"tag {place}"])
    assert ask() <= few
