"""Who gets through the doors of people who work here."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from accounts.access import requires, to_sign_in


@requires("accounts.manage_people")
def people(request):
    return HttpResponse("people")


@requires()
def anyone(request):
    return HttpResponse("welcome")


def test_a_role_that_holds_the_permission_gets_in(rf, adam):
    request = rf.get("/people/")
    request.user = adam
    assert people(request).content == b"people"


def test_a_role_that_does_not_hold_it_is_refused(rf, sue):
    request = rf.get("/people/")
    request.user = sue
    with pytest.raises(PermissionDenied):
        people(request)
    assert anyone(request).content == b"welcome"


def test_who_is_not_signed_in_signs_in_and_comes_back(rf):
    request = rf.get("/people/?q=ann")
    request.user = AnonymousUser()
    for view in (people, anyone):
        answer = view(request)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=%2Fpeople%2F%3Fq%3Dann")


def test_a_fragment_of_a_signed_out_person_moves_the_whole_page(rf):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/tickets/7/?view=mine"}
    request = rf.post("/tickets/7/reply/", headers=headers)
    request.user = AnonymousUser()
    answer = anyone(request)
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Ftickets%2F7%2F%3Fview%3Dmine"
    assert "Location" not in answer


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://testserver//evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
    ],
)
def test_the_way_back_never_leaves_this_host(rf, page):
    request = rf.post("/tickets/7/reply/", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert to_sign_in(request)["HX-Redirect"] == "/accounts/login/"


def test_an_unknown_permission_fails_when_the_module_is_loaded():
    with pytest.raises(LookupError):
        requires("tickets.eat")
