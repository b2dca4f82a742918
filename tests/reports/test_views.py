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
