"""Roles, teams, and who is switched on."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction

from accounts.actions import (
    activate_person,
    create_team,
    deactivate_person,
    rename_team,
    set_availability,
    set_role,
    set_teams,
    update_profile,
)
from accounts.models import Team, User
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("actor", ["alice", "lea", "sue"])
def test_only_who_manages_people_changes_people(request, actor, bob, workshop):
    by = request.getfixturevalue(actor)
    for act in (
        lambda: set_role(bob, by=by, role="admin"),
        lambda: set_role(by, by=by, role="admin"),
        lambda: set_teams(by, by=by, teams=[workshop]),
        lambda: deactivate_person(bob, by=by),
        lambda: activate_person(bob, by=by),
        lambda: update_profile(bob, by=by, name="Bobby", public_name="", time_zone="", capacity=4),
        lambda: set_availability(bob, by=by, availability="away"),
        lambda: create_team(by=by, name="Night"),
        lambda: rename_team(workshop, by=by, name="Night"),
    ):
        with pytest.raises(PermissionDenied):
            act()
    bob.refresh_from_db()
    assert (bob.role, bob.name, bob.is_active, bob.availability) == ("agent", "Bob Bakker", True, "online")


def test_an_administrator_gives_a_role(browser, adam, alice):
    browser(adam).post(f"/settings/people/{alice.pk}/role/", {"role": "lead"})
    alice.refresh_from_db()
    assert alice.role == "lead"


@pytest.mark.parametrize("role", ["root", "", "Admin", "admin "])
def test_a_role_that_there_is_not_changes_nothing(browser, adam, alice, role):
    browser(adam).post(f"/settings/people/{alice.pk}/role/", {"role": role})
    alice.refresh_from_db()
    assert alice.role == "agent"
    with pytest.raises(ValidationError):
        set_role(alice, by=adam, role=role)


def test_nobody_changes_their_own_role(adam):
    make_user("Ada Other", "admin")
    with pytest.raises(PermissionDenied):
        set_role(adam, by=adam, role="agent")


def test_the_last_administrator_stays(adam, alice):
    for act in (lambda: set_role(adam, by=None, role="agent"), lambda: deactivate_person(adam, by=None)):
        with pytest.raises(ValidationError) as refused:
            act()
        assert refused.value.code == "last_admin"
    ada = make_user("Ada Other", "admin")
    deactivate_person(ada, by=adam)
    with pytest.raises(ValidationError):  # an administrator who is switched off does not count
        set_role(adam, by=None, role="agent")


def test_nobody_switches_off_themselves(adam):
    make_user("Ada Other", "admin")
    with pytest.raises(ValidationError):
        deactivate_person(adam, by=adam)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_leave_one():
    ada, ben = make_user("Ada Other", "admin"), make_user("Ben Other", "admin")

    def demote(pair):
        try:
            set_role(pair[1], by=pair[0], role="agent")
        except (PermissionDenied, ValidationError):
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, [(ada, ben), (ben, ada)])) == ["done", "refused"]
    assert User.objects.filter(role="admin", is_active=True).count() == 1


def test_the_page_says_why_it_was_refused(browser, adam):
    answer = browser(adam).post(f"/settings/people/{adam.pk}/deactivate/", follow=True)
    assert "ask another administrator" in answer.content.decode()
    adam.refresh_from_db()
    assert adam.is_active


def test_switched_off_and_on_again(browser, adam, alice):
    inside = browser(adam)
    inside.post(f"/settings/people/{alice.pk}/deactivate/")
    assert "switched off" in inside.get("/settings/people/").content.decode()
    inside.post(f"/settings/people/{alice.pk}/activate/")
    alice.refresh_from_db()
    assert alice.is_active


def test_teams_of_a_person_are_chosen_on_their_page(browser, adam, alice, shop, workshop):
    inside = browser(adam)
    inside.post(f"/settings/people/{alice.pk}/", {"teams": [shop.pk, workshop.pk]})
    assert set(alice.teams.all()) == {shop, workshop}
    inside.post(f"/settings/people/{alice.pk}/", {})
    assert not alice.teams.exists()


def test_a_team_is_made_and_renamed_and_keeps_its_slug(browser, adam):
    inside = browser(adam)
    inside.post("/settings/teams/", {"name": "Night shift"})
    team = Team.objects.get()
    assert team.slug == "night-shift"
    inside.post(f"/settings/teams/{team.pk}/", {"name": "Evening"})
    team.refresh_from_db()
    assert (team.name, team.slug) == ("Evening", "night-shift")


def test_two_teams_of_one_name_are_refused_but_names_that_read_alike_are_not(browser, adam, workshop):
    assert browser(adam).post("/settings/teams/", {"name": "Workshop"}).status_code == 422
    assert create_team(by=adam, name="workshop!").slug == "workshop-2"
    assert create_team(by=adam, name="夜班").slug == "team"


def test_the_profile_is_one_s_own(browser, alice):
    inside = browser(alice)
    form = {"name": "Alice A.", "time_zone": "Asia/Tokyo", "availability": "away", "capacity": "7"}
    extra = {"role": "admin", "email": "root@example.com", "is_active": "", "session_era": "9", "teams": ""}
    assert inside.post("/settings/profile/", form | extra).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone, alice.availability, alice.capacity) == ("Alice A.", "Asia/Tokyo", "away", 7)
    assert (alice.role, alice.email, alice.is_active, alice.session_era) == ("agent", "alice@example.com", True, 0)
    assert alice.teams.exists()


def test_a_profile_with_a_mistake_keeps_what_was_typed(browser, alice):
    form = {"name": "Alice B.", "time_zone": "Mars/Base", "availability": "online", "capacity": "900"}
    answer = browser(alice).post("/settings/profile/", form)
    assert answer.status_code == 422
    assert 'value="Alice B."' in answer.content.decode()
    alice.refresh_from_db()
    assert alice.name == "Alice Arden"


def test_availability_is_switched_from_anywhere(browser, alice):
    inside = browser(alice)
    answer = inside.post(
        "/settings/availability/", {"availability": "away"}, headers={"Referer": "http://testserver/inbox/"}
    )
    assert answer["Location"] == "/inbox/"
    assert (
        inside.post("/settings/availability/", {"availability": "online"}, headers={"HX-Request": "true"}).status_code
        == 204
    )
    assert inside.post("/settings/availability/", {"availability": "asleep"}).status_code == 422
    alice.refresh_from_db()
    assert alice.availability == "online"


def test_a_failed_action_changes_nothing(adam, alice):
    with transaction.atomic(), pytest.raises(ValidationError):
        update_profile(alice, by=alice, name="", public_name="", time_zone="", capacity=0)
    alice.refresh_from_db()
    assert alice.name == "Alice Arden"
