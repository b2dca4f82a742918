"""Saved views: whose they are, who may change them, what they show and count."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from tests.tickets.test_searching import write  # noqa: F401
from tickets.actions import assign_ticket, index_due, resolve_ticket, tag_ticket
from tickets.actions.viewing import change_view, delete_view, move_view, save_view
from tickets.models import SavedView, Ticket
from tickets.queries.viewing import saved_views

pytestmark = pytest.mark.django_db


def names(user) -> list[str]:
    return [view.name for view in saved_views(user)]


def test_a_view_is_ones_own_unless_it_is_shared(alice, bob, lea):
    save_view(by=alice, name=" Flat  tyres ", query="is:open flat", sort="newest", columns=["tags", "number"])
    view = SavedView.objects.get()
    assert (view.name, view.query, view.sort, view.columns) == (
        "Flat tyres",
        "is:open flat",
        "newest",
        ["number", "tags"],
    )
    assert names(alice) == ["Flat tyres"]
    assert names(bob) == names(lea) == []


def test_leads_share_with_their_team_or_everybody(alice, charlie, lea, sue, workshop, shop):
    save_view(by=lea, name="Ours", query="is:open", team=workshop, is_shared=True)
    save_view(by=lea, name="All", query="is:open", is_shared=True)
    assert names(alice) == ["Ours", "All"]
    assert names(charlie) == ["All"]
    assert names(sue) == ["Ours", "All"]
    with pytest.raises(PermissionDenied):
        save_view(by=lea, name="Theirs", query="is:open", team=shop, is_shared=True)
    save_view(by=sue, name="Theirs", query="is:open", team=shop, is_shared=True)
    assert names(charlie) == ["Theirs", "All"]


@pytest.mark.parametrize("shared", [{"is_shared": True}, {"is_shared": True, "team": "workshop"}, {"team": "workshop"}])
def test_agents_share_nothing(alice, workshop, shared):
    if "team" in shared:
        shared = shared | {"team": workshop}
    with pytest.raises(PermissionDenied):
        save_view(by=alice, name="Ours", query="is:open", **shared)
    mine = save_view(by=alice, name="Mine", query="is:open")
    with pytest.raises(PermissionDenied):
        change_view(mine, by=alice, name="Mine", query="is:open", **shared)
    assert SavedView.objects.get().is_private


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " \x00 "}, "empty"),
        ({"query": ""}, "empty"),
        ({"query": '"" - %'}, "empty"),
        ({"sort": "random"}, "invalid"),
        ({"columns": ["password"]}, "invalid"),
    ],
)
def test_what_cannot_be_a_view(alice, changes, code):
    with pytest.raises(ValidationError) as refused:
        save_view(by=alice, **({"name": "Mine", "query": "is:open"} | changes))
    assert refused.value.code == code
    assert not SavedView.objects.exists()


def test_there_is_an_end_to_them(alice, bob, monkeypatch):
    monkeypatch.setattr("tickets.actions.viewing.MOST", 2)
    save_view(by=alice, name="1", query="is:open")
    save_view(by=alice, name="2", query="is:open")
    with pytest.raises(ValidationError, match="Delete one first"):
        save_view(by=alice, name="3", query="is:open")
    save_view(by=bob, name="1", query="is:open")


def test_only_those_who_may_share_change_what_is_shared(alice, bob, charlie, lea, workshop):
    ours = save_view(by=lea, name="Ours", query="is:open", team=workshop, is_shared=True)
    mine = save_view(by=alice, name="Mine", query="is:open")
    for user, view in ((alice, ours), (charlie, ours), (bob, mine), (lea, mine)):
        with pytest.raises(PermissionDenied):
            change_view(view, by=user, name="Mine!", query="is:open")
        with pytest.raises(PermissionDenied):
            move_view(view, by=user, step=1)
        with pytest.raises(PermissionDenied):
            delete_view(view, by=user)
    change_view(ours, by=lea, name="Everybody's", query="is:solved", is_shared=True)
    assert names(charlie) == ["Everybody's"]
    delete_view(mine, by=alice)
    assert names(alice) == ["Everybody's"]


def test_views_change_places_among_those_of_the_same_people(alice, bob):
    for name in ("a", "b", "c"):
        save_view(by=alice, name=name, query="is:open")
    save_view(by=bob, name="bob's", query="is:open")
    views = {view.name: view for view in SavedView.objects.all()}
    move_view(views["c"], by=alice, step=-1)
    assert names(alice) == ["a", "c", "b"]
    move_view(views["a"], by=alice, step=1)
    assert names(alice) == ["c", "a", "b"]
    move_view(views["b"], by=alice, step=1)
    move_view(views["c"], by=alice, step=-1)
    assert names(alice) == ["c", "a", "b"]
    assert names(bob) == ["bob's"]


# --- On the page ---


def place(response, view: SavedView) -> dict:
    return next(row for row in response.context["saved_views"] if row["key"] == f"saved-{view.pk}")


def test_a_view_shows_and_counts_what_its_query_finds(client, write, alice):  # noqa: F811
    tag_ticket(write("first"), by=alice, tags=["vip"])
    tag_ticket(write("second"), by=alice, tags=["vip"])
    tag_ticket(write("asleep", snoozed_at=timezone.now()), by=alice, tags=["vip"])
    solved = write("solved")
    tag_ticket(solved, by=alice, tags=["vip"])
    resolve_ticket(solved, by=alice, root_cause=None)
    write("another")
    view = save_view(by=alice, name="VIP", query="is:unsolved tag:vip", sort="newest", columns=["number", "tags"])
    past = save_view(by=alice, name="All VIP", query="tag:vip", sort="oldest")
    client.force_login(alice)
    page = client.get(f"/inbox/?view=saved-{view.pk}")
    assert [ticket.subject for ticket in page.context["tickets"]] == ["second", "first"]
    assert (place(page, view)["count"], place(page, view)["is_current"]) == (2, True)
    assert place(page, past)["count"] is None, "what may hold solved tickets is not counted"
    assert '<span class="tag">vip</span>' in page.content.decode()
    assert "Email</span>" not in page.content.decode().split('id="rows"')[1].split("</section>")[0]
    page = client.get(f"/inbox/?view=saved-{past.pk}")
    assert [ticket.subject for ticket in page.context["tickets"]] == ["first", "second", "asleep", "solved"]


def test_a_view_of_words_is_counted_too(client, write, alice):  # noqa: F811
    write("The wrong tyre")
    write("A bent rim")
    while index_due():
        pass
    view = save_view(by=alice, name="Tyres", query="is:open tyre")
    client.force_login(alice)
    page = client.get(f"/inbox/?view=saved-{view.pk}")
    assert [ticket.subject for ticket in page.context["tickets"]] == ["The wrong tyre"]
    assert place(page, view)["count"] == 1


def test_foreign_views_and_those_that_are_gone_are_404(client, alice, bob, write):  # noqa: F811
    ticket = write("one")
    foreign = save_view(by=bob, name="Bob's", query="is:open")
    client.force_login(alice)
    for key in (f"saved-{foreign.pk}", "saved-999999", "saved-", "saved-x"):
        assert client.get(f"/inbox/?view={key}").status_code == 404, key
    for path in ("", "delete/", "move/"):
        assert client.post(f"/views/{foreign.pk}/{path}", {"name": "x", "query": "is:open"}).status_code == 404
    assert "Bob&#x27;s" not in client.get("/views/").content.decode()
    # Somebody else's address of a ticket that we may see still leads there.
    assert client.get(f"/tickets/{ticket.number}/?view=saved-{foreign.pk}").status_code == 200


def test_a_page_with_many_views_asks_no_more_than_one_with_none(client, write, alice, django_assert_max_num_queries):  # noqa: F811
    for number in range(5):
        assign_ticket(write(f"{number}"), by=alice, user=alice)
        save_view(
            by=alice,
            name=f"{number}",
            query=f"is:open tag:t{number} -{number} from:carla team:workshop",
            columns=["tags"],
        )
    client.force_login(alice)
    client.get("/inbox/?q=words")  # which writes down what was said in these tickets
    view = SavedView.objects.first()
    with django_assert_max_num_queries(15):
        client.get("/inbox/")
    with django_assert_max_num_queries(15):
        client.get(f"/inbox/?view=saved-{view.pk}")
    with django_assert_max_num_queries(15):
        client.get("/inbox/?q=words")
    assert Ticket.objects.count() == 5


def test_a_search_becomes_a_view_by_form(client, lea, alice, workshop):
    client.force_login(lea)
    form = client.get("/views/new/?q=is:open+tyre&sort=newest").content.decode()
    assert 'value="is:open tyre"' in form
    asked = {"name": "Tyres", "query": "is:open tyre", "sort": "newest", "whose": f"team:{workshop.pk}"}
    answer = client.post("/views/new/", asked | {"columns": ["tags"]})
    view = SavedView.objects.get()
    assert answer.headers["Location"] == f"/inbox/?view=saved-{view.pk}"
    assert (view.team, view.owner, view.columns) == (workshop, None, ["tags"])
    assert client.post(f"/views/{view.pk}/", asked | {"name": ""}).status_code == 422
    assert client.post(f"/views/{view.pk}/", asked | {"whose": "all"}).status_code == 302
    view.refresh_from_db()
    assert view.team is None
    client.force_login(alice)
    assert client.post("/views/new/", asked | {"whose": "all"}).status_code == 422
    assert client.get(f"/views/{view.pk}/").status_code == 403
    assert "Tyres" in client.get("/views/").content.decode()
