"""What is promised, by the API."""

from __future__ import annotations

import pytest

from accounts.models import Calendar
from tests.tickets.test_views_promises import tell
from tickets.actions.promises import Terms, give_promise, switch_promise

pytestmark = pytest.mark.django_db
URL = "/api/v1/promises/"


def test_promises_in_force_are_listed_with_how_often_they_were_kept(as_, alice, ticket, workshop):
    noon = Calendar.objects.create(name="Noon", hours={})
    first = give_promise(by=None, words="Ten minutes", terms=Terms("first_answer", 10, calendar=noon), is_public=True)
    give_promise(by=None, words="A word", terms=Terms("handed_over", team=workshop, priority=3))
    given = give_promise(by=None, words="Days", terms=Terms("solved", 60, is_round_the_clock=True))
    gone = give_promise(by=None, words="Never again", terms=Terms("next_answer", 60))
    switch_promise(gone, by=None, is_on=False)
    tell(first, ticket, kept=2, broken=1, running=4)
    one, other, third = as_(alice).get(URL).json()["results"]
    assert (one["words"], one["minutes"], one["hours"], one["is_public"]) == ("Ten minutes", 10, "Noon", True)
    assert one["lately"] == {"kept": 2, "of": 3, "days": 30}
    assert (other["minutes"], other["hours"], other["team"]["slug"], other["priority"]) == (None, "site", "workshop", 3)
    assert (third["id"], third["hours"], third["lately"]["of"]) == (given.pk, "always", 0)


def test_a_page_of_them_costs_the_same_however_many_there_are(as_, alice, desk_row, django_assert_max_num_queries):
    for number in range(12):
        give_promise(by=None, words=f"Promise {number}", terms=Terms("solved", 60))
    with django_assert_max_num_queries(9):
        assert len(as_(alice).get(URL).json()["results"]) == 12
