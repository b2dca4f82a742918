from __future__ import annotations

import pytest

from bench import desks
from bench.desks import Asked, Desk, Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, alice, ticket):
    client.force_login(alice)
    return client


def test_queries_the_buffers_they_touch_and_rows_are_counted(signed_in):
    page = Page(Asked("agent", "/inbox/"))
    desks._look_into(page, signed_in)
    assert page.queries >= 3
    assert page.buffers > 0
    assert page.rows == 1


def test_a_page_that_fails_is_not_measured(signed_in):
    with pytest.raises(SystemExit, match="answered 404"):
        desks._time(Page(Asked("agent", "/tickets/999999/")), signed_in, runs=1)


def test_a_redirect_is_followed_only_where_one_is_expected(signed_in, ticket):
    path = f"/inbox/?q=%23{ticket.number}"
    assert b'id="timeline"' in Asked("agent", path, leads_on=True).by(signed_in).content
    with pytest.raises(SystemExit, match="answered 302"):
        Asked("agent", path).by(signed_in)


def test_a_fragment_is_asked_for_as_htmx_does(signed_in):
    assert b"<html" in Asked("agent", "/inbox/").by(signed_in).content
    assert b"<html" not in Asked("agent", "/inbox/", is_fragment=True).by(signed_in).content


def test_databases_are_compared_by_the_median():
    few, many = (Desk(name, 1, pages={"inbox": Page(Asked("agent", "/"), seconds)}) for name, seconds in PAIR.items())
    assert desks.compare([few, many])["inbox"]["ratio"] == pytest.approx(1.5)


PAIR = {"few": [0.01, 0.02, 0.9], "many": [0.01, 0.03, 0.04]}
