"""The pages of root causes, and the counts behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tickets.actions import open_ticket, resolve_ticket, trash_ticket
from tickets.actions.causes import add_cause, archive_cause, look_after_cause, merge_causes
from tickets.models import RootCause, Ticket
from tickets.queries.causes import WEEKS, by_pareto, cause_counts, cause_lines

pytestmark = pytest.mark.django_db
LIST = "/root-causes/"


@pytest.fixture
def tree(sue, desk_row) -> dict[str, RootCause]:
    delivery = add_cause(by=sue, name="Delivery")
    depot = add_cause(by=sue, name="Left at the depot", parent=delivery)
    return {"delivery": delivery, "depot": depot, "price": add_cause(by=sue, name="Wrong price")}


@pytest.fixture
def solve(carla, alice, workshop):
    """A solved ticket with this cause, opened so many days ago."""

    def make(cause: RootCause, *, days: int = 0, team=workshop) -> Ticket:
        ticket = open_ticket(carla, by=carla, subject=f"{cause.name} {days}", body="Words", channel="email", team=team)
        resolve_ticket(ticket, by=None, root_cause=cause)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=timezone.now() - timedelta(days=days))
        return Ticket.objects.get(pk=ticket.pk)

    return make


def counted(viewer) -> dict[str, tuple[int, int, int]]:
    lines = cause_lines(RootCause.objects.going_on(), cause_counts(viewer, timezone.now()))
    return {line.cause.slug: (line.total.short, line.total.long, line.total.all) for line in lines}


def test_counts_go_up_the_tree(sue, tree, solve):
    for days in (0, 29, 40, 89, 95, 400):
        solve(tree["depot"], days=days)
    solve(tree["delivery"], days=1)
    assert counted(sue) == {"delivery": (3, 5, 7), "left-at-the-depot": (2, 4, 6), "wrong-price": (0, 0, 0)}
    counts = cause_counts(sue, timezone.now())[tree["depot"].pk]
    assert (len(counts.weeks), counts.weeks[-1], sum(counts.weeks)) == (WEEKS, 1, 4)


def test_one_counts_what_one_sees(alice, bob, charlie, sue, tree, solve, shop):
    ours, theirs = solve(tree["depot"]), solve(tree["depot"], team=shop)
    assert [counted(who)["delivery"][2] for who in (alice, charlie, sue)] == [1, 1, 2]
    trash_ticket(ours, by=alice)
    assert [counted(who)["delivery"][2] for who in (alice, charlie, sue)] == [0, 1, 1]
    Ticket.objects.filter(pk=theirs.pk).update(assignee=bob)
    assert counted(bob)["delivery"][2] == 1


def test_a_merged_cause_counts_as_the_one_that_goes_on(sue, tree, solve, monkeypatch):
    monkeypatch.setattr("tickets.actions.causes.AT_ONCE", 0)  # none of them has moved over yet
    solve(tree["depot"], days=3)
    merge_causes(tree["depot"], by=sue, into=tree["price"])
    assert counted(sue)["wrong-price"] == (1, 1, 1)


def test_pareto_counts_each_ticket_once(sue, tree, solve):
    for _each in range(3):
        solve(tree["depot"])
    solve(tree["delivery"])
    lines = by_pareto(cause_lines(RootCause.objects.going_on(), cause_counts(sue, timezone.now())))
    assert [(line.cause.slug, line.share, line.share_so_far) for line in lines] == [
        ("left-at-the-depot", 75, 75),
        ("delivery", 25, 100),
    ]


@pytest.mark.parametrize("order", ["", "?order=most"])
def test_each_figure_leads_to_its_tickets(client, alice, tree, solve, order):
    solve(tree["depot"], days=2)
    solve(tree["depot"], days=50)
    solve(tree["delivery"], days=60)
    client.force_login(alice)
    page = client.get(LIST + order)
    lines = {line.cause.slug: line for line in page.context["lines"]}
    html = page.content.decode()
    for line in lines.values():
        counts, slug = (line.own, line.only) if order else (line.total, line.cause.slug)
        for count, since in ((counts.short, page.context["spans"].short), (counts.long, page.context["spans"].long)):
            if not count:
                continue
            day = timezone.localtime(since, alice.zone).date()
            address = f"/inbox/?q=cause:{slug.replace('!', '%21')}%20after:{day}"
            assert f'href="{address}">{count}</a>' in html.replace("&amp;", "&")
            found = client.get(address)
            assert len(found.context["tickets"]) == count


def test_a_manager_keeps_the_tree_and_others_read_it(client, alice, sue, tree):
    client.force_login(alice)
    assert "Another cause" not in client.get(LIST).content.decode()
    assert client.post(LIST, {"name": "Mine"}).status_code == 403
    one = reverse("causes:cause", args=[tree["depot"].pk])
    assert client.post(one, {"do": "archive"}).status_code == 403
    client.force_login(sue)
    assert client.post(LIST, {"name": "Rude", "parent": tree["delivery"].pk}).status_code == 302
    assert RootCause.objects.get(name="Rude").parent == tree["delivery"]
    client.post(one, {"do": "place", "name": "Depot", "parent": ""})
    client.post(one, {"do": "state", "state": "fixed", "owner": alice.pk, "change": "They ring first."})
    depot = RootCause.objects.get(pk=tree["depot"].pk)
    assert (depot.name, depot.parent, depot.state, depot.owner) == ("Depot", None, "fixed", alice)
    assert "They ring first." in client.get(one).content.decode()


def test_what_is_refused_is_said_beside_its_field(client, sue, tree):
    client.force_login(sue)
    one = reverse("causes:cause", args=[tree["delivery"].pk])
    answer = client.post(one, {"do": "state", "state": "fixed", "change": ""})
    assert answer.status_code == 422
    assert "what you changed" in answer.context["state_form"].errors["change"][0]
    answer = client.post(one, {"do": "place", "name": "Delivery", "parent": tree["depot"].pk})
    assert answer.status_code == 422  # what is below it is not offered
    assert client.post(LIST, {"name": ""}).status_code == 422


def test_merging_asks_first(client, sue, tree):
    client.force_login(sue)
    one = reverse("causes:cause", args=[tree["depot"].pk])
    asked = client.post(one, {"do": "ask", "into": tree["price"].pk})
    assert "This cannot be undone" in asked.content.decode()
    assert RootCause.objects.get(pk=tree["depot"].pk).merged_into is None
    client.post(one, {"do": "merge", "into": tree["price"].pk})
    assert client.get(one).headers["Location"] == reverse("causes:cause", args=[tree["price"].pk])


def test_it_says_whether_it_holds(client, alice, sue, tree, solve):
    look_after_cause(
        tree["depot"], by=sue, state="fixed", owner=None, change="Done.", at=timezone.now() - timedelta(days=5)
    )
    solve(tree["depot"], days=9)
    client.force_login(alice)
    one = reverse("causes:cause", args=[tree["depot"].pk])
    assert "It holds." in client.get(one).content.decode()
    solve(tree["depot"], days=1)
    assert "Is it really fixed?" in client.get(one).content.decode()


def test_the_newest_tickets_are_those_that_one_sees(client, charlie, tree, solve):
    ticket = solve(tree["depot"])
    client.force_login(charlie)
    page = client.get(reverse("causes:cause", args=[tree["depot"].pk]))
    assert (page.status_code, page.context["tickets"]) == (200, [])
    assert ticket.subject not in page.content.decode()


def test_the_search_knows_the_tree(client, alice, sue, tree, solve):
    solve(tree["depot"])
    solve(tree["delivery"])
    solve(tree["price"])
    client.force_login(alice)

    def found(words: str) -> int:
        return len(client.get("/inbox/", {"q": words}).context["tickets"])

    assert [found(f"cause:{slug}") for slug in ("delivery", "delivery!", "left-at-the-depot", "wrong-price")] == [
        2,
        1,
        1,
        1,
    ]
    archive_cause(tree["delivery"], by=sue, is_archived=True)
    assert found("cause:delivery") == 2
    assert found('cause:"at the depot"') == 1
    assert found("cause:nothing-like-it") == 0


def test_the_pages_ask_little(client, sue, tree, solve, django_assert_max_num_queries):
    for _each in range(3):
        solve(tree["depot"])
    client.force_login(sue)
    client.get(LIST)
    with django_assert_max_num_queries(11):
        client.get(LIST)
    with django_assert_max_num_queries(16):
        client.get(reverse("causes:cause", args=[tree["depot"].pk]))
