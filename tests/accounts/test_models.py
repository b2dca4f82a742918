"""What the rows themselves promise."""

import pytest
from django.db import IntegrityError, transaction

from accounts.middleware import desk_read_once
from accounts.models import Desk, User

pytestmark = pytest.mark.django_db


def test_there_is_one_company(desk_row):
    with transaction.atomic(), pytest.raises(IntegrityError):
        Desk.objects.create(name="Another")


def test_the_company_is_read_once_a_request_and_anew_in_the_next(desk_row, django_assert_num_queries, rf):
    def view(request):
        return [Desk.current().name for _ in range(3)]

    with django_assert_num_queries(1):
        assert desk_read_once(view)(rf.get("/")) == ["Bellwether Cycles"] * 3
    Desk.objects.update(name="Bell")
    assert desk_read_once(view)(rf.get("/")) == ["Bell"] * 3


def test_a_change_is_seen_within_its_own_request(desk_row):
    with Desk.read_once():
        assert Desk.current().name == "Bellwether Cycles"
        desk = Desk.objects.get()
        desk.name = "Bell"
        desk.save()
        assert Desk.current().name == "Bell"


def test_outside_a_request_nothing_is_remembered(desk_row):
    assert Desk.current().name == "Bellwether Cycles"
    Desk.objects.update(name="Bell")
    assert Desk.current().name == "Bell"


def test_an_address_is_one_person_whatever_its_case(alice):
    with transaction.atomic(), pytest.raises(IntegrityError):
        User.objects.create(email="ALICE@EXAMPLE.COM", name="Mallory")
