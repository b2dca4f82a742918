from __future__ import annotations

import pytest


def test_a_manager_sees_the_figures(client, sue, ticket):
    client.force_login(sue)
    page = client.get("/dashboard/").content.decode()
    assert "Waiting for us" in page
    assert "Workshop" in page
    assert "<html" in page


def test_the_fragment_is_only_what_moves(client, sue, ticket):
    client.force_login(sue)
    page = client.get("/dashboard/?fragment=1").content.decode()
    assert 'id="now"' in page
    assert "<html" not in page


def test_an_agent_may_not(client, alice, ticket):
    client.force_login(alice)
    assert client.get("/dashboard/").status_code == 403


@pytest.mark.django_db
def test_who_is_not_signed_in_goes_to_the_sign_in(client):
    assert client.get("/dashboard/").status_code == 302


def test_a_lead_sees_no_other_team(client, lea, charlie, carla, shop, ticket):
    from tickets.actions import open_ticket

    open_ticket(carla, by=carla, subject="?", body="Secret of the shop", channel="email", team=shop)
    client.force_login(lea)
    page = client.get("/dashboard/").content.decode()
    assert "Workshop" in page
    assert ">Shop<" not in page
    assert "Secret" not in client.get("/inbox/?view=team-shop").content.decode()


def test_the_wall_has_figures_and_nothing_else(client, sue, ticket):
    client.force_login(sue)
    page = client.get("/dashboard/?wall&team=workshop").content.decode()
    assert "data-wall" in page
    assert "Workshop" in page
    assert 'id="rail"' not in page
    assert "fragment=1&amp;team=workshop&amp;wall" in page  # it asks for the same again


def test_a_page_of_now_asks_little(client, sue, lea, ticket, django_assert_max_num_queries):
    for person in (sue, lea):
        client.force_login(person)
        client.get("/dashboard/")
        with django_assert_max_num_queries(16):
            client.get("/dashboard/")
        with django_assert_max_num_queries(14):
            client.get("/dashboard/?fragment=1")


@pytest.mark.parametrize("query", ["team=no-such", "team=%00", "wall=%00", "fragment=%ff"])
def test_what_now_does_not_know_is_as_usual(client, sue, ticket, query):
    client.force_login(sue)
    assert client.get(f"/dashboard/?{query}").status_code == 200


def test_below_it_stand_the_last_days_of_the_same_team(client, sue, ticket, shop, django_assert_max_num_queries):
    client.force_login(sue)
    assert "/dashboard/overview/?team=shop" in client.get("/dashboard/?team=shop").content.decode()
    client.get("/dashboard/overview/")
    with django_assert_max_num_queries(16):
        page = client.get("/dashboard/overview/?team=shop")
    assert [one.key for _page, one in page.context["drawn"]] == ["pareto", "kept", "first-answer", "satisfaction"]
    assert "<html" not in page.content.decode()


@pytest.mark.parametrize("view", ["waiting-all.%00", "waiting-all.no-such", "team-%00", "near.", "chats.%ff"])
def test_a_list_of_no_team_is_a_list_as_usual(client, sue, ticket, view):
    client.force_login(sue)
    assert client.get(f"/inbox/?view={view}").status_code == 200
