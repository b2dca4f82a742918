"""Tickets belong together: how that is said, what it shows, and to whom."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    link_ticket,
    merge_ticket,
    newest_undo,
    offer_to_undo,
    open_ticket,
    reopen_ticket,
    resolve_ticket,
    trash_ticket,
    undo,
    unlink_ticket,
)
from tickets.actions.relating import MOST_LINKS
from tickets.models import Ticket, TicketLink
from tickets.queries.relating import links_of


@pytest.fixture
def others(dora, workshop, desk_row) -> list[Ticket]:
    return [open_ticket(dora, by=dora, body=f"Question {n}", channel="email", team=workshop) for n in range(3)]


def sides(ticket, viewer) -> list[tuple[str, int | None]]:
    return [(one.label, one.ticket.pk if one.ticket else None) for one in links_of(ticket, viewer).all]


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("related", "Related to", "Related to"),
        ("parent", "Part of", "Has part"),
        ("child", "Has part", "Part of"),
        ("duplicate", "Same as", "Same as"),
    ],
)
def test_both_sides_say_it_in_their_own_words(ticket, others, alice, kind, here, there):
    public = again(ticket).public_last_seq
    link_ticket(ticket, by=alice, other=others[0], kind=kind)
    assert sides(ticket, alice) == [(here, others[0].pk)]
    assert sides(others[0], alice) == [(there, ticket.pk)]
    assert last(ticket).data == {"other": others[0].pk, "kind": kind}
    assert log(ticket)[-1] == log(others[0])[-1] == "ticket.linked"
    assert again(ticket).public_last_seq == public
    check_log(ticket)
    check_log(others[0])


def test_twice_is_once_and_another_way_changes_it(ticket, others, alice):
    one = link_ticket(ticket, by=alice, other=others[0], kind="related")
    seq = again(ticket).last_seq
    assert link_ticket(ticket, by=alice, other=others[0], kind="related") == one
    assert again(ticket).last_seq == seq
    assert link_ticket(others[0], by=alice, other=ticket, kind="parent") == one
    assert sides(ticket, alice) == [("Has part", others[0].pk)]
    link_ticket(ticket, by=alice, other=others[0], kind="parent")  # turned round
    assert sides(ticket, alice) == [("Part of", others[0].pk)]
    assert TicketLink.objects.count() == 1


def test_what_cannot_be(ticket, others, alice, carla):
    with pytest.raises(PermissionDenied):
        link_ticket(ticket, by=carla, other=others[0], kind="related")
    for other, kind in ((ticket, "related"), (others[0], "split"), (others[0], "nonsense")):
        with pytest.raises(ValidationError):
            link_ticket(ticket, by=alice, other=other, kind=kind)
    trash_ticket(others[0], by=alice)
    with pytest.raises(ValidationError, match="in the trash"):
        link_ticket(ticket, by=alice, other=others[0], kind="related")
    assert not TicketLink.objects.exists()


def test_no_ticket_is_part_of_itself_however_far_round(ticket, others, alice):
    first, second, third = others
    link_ticket(first, by=alice, other=ticket, kind="parent")
    link_ticket(second, by=alice, other=first, kind="parent")
    link_ticket(third, by=alice, other=second, kind="parent")
    for above, below in ((ticket, first), (ticket, second), (ticket, third), (first, third)):
        if TicketLink.objects.filter(ticket=below, other=above).exists():
            continue
        with pytest.raises(ValidationError):
            link_ticket(above, by=alice, other=below, kind="parent")
    with pytest.raises(ValidationError, match="is part of ticket"):
        link_ticket(third, by=alice, other=ticket, kind="parent")


@pytest.mark.django_db(transaction=True)
def test_two_people_put_no_loop_together(ticket, others, alice, bob):
    first, second, _ = others
    link_ticket(second, by=alice, other=first, kind="parent")
    errors: list[Exception] = []

    def try_it(one: Ticket, other: Ticket) -> None:
        try:
            link_ticket(one, by=bob, other=other, kind="parent")
        except ValidationError as error:
            errors.append(error)
        finally:
            connection.close()

    # Together they would be a loop: first in ticket, ticket in second, second in first.
    threads = [threading.Thread(target=try_it, args=pair) for pair in ((first, ticket), (ticket, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert TicketLink.objects.count() == 2


def test_a_ticket_has_so_many_links_and_no_more(ticket, dora, alice, workshop):
    made = [Ticket(subject=str(n), channel="api", customer=dora, team=workshop) for n in range(MOST_LINKS + 1)]
    Ticket.objects.bulk_create(made)
    TicketLink.objects.bulk_create([TicketLink(ticket=ticket, other=other) for other in made[:-1]])
    with pytest.raises(ValidationError, match="50 links"):
        link_ticket(made[-1], by=alice, other=ticket, kind="related")


def test_a_link_gives_no_right_and_no_subject(ticket, others, alice, charlie, shop):
    link_ticket(ticket, by=alice, other=others[0], kind="related")
    assign_ticket(ticket, by=alice, team=shop)
    assert sides(ticket, charlie) == [("Related to", None)]
    assert not Ticket.objects.visible_to(charlie).filter(pk=others[0].pk).exists()
    assert others[0].subject not in str(last(ticket).data)


def test_one_in_the_trash_is_named_to_those_who_saw_it(ticket, others, alice, charlie, shop):
    link_ticket(ticket, by=alice, other=others[0], kind="child")
    trash_ticket(others[0], by=alice)
    (linked,) = links_of(ticket, alice).all
    assert (linked.ticket, linked.is_trashed) == (others[0], True)
    assert links_of(ticket, alice).open_parts == 0


def test_it_is_taken_off_and_put_back(ticket, others, alice):
    link = link_ticket(others[0], by=alice, other=ticket, kind="parent")
    assert unlink_ticket(link, by=alice)
    assert not unlink_ticket(link, by=alice)
    assert log(ticket)[-1] == log(others[0])[-1] == "ticket.unlinked"
    was = {"other": others[0].pk, "kind": "child"}
    offer_to_undo(ticket, by=alice, do="link", was=was, label="The link is taken off", also=[others[0].pk])
    assert undo(newest_undo(by=alice), by=alice).done == [ticket.pk]
    assert sides(ticket, alice) == [("Has part", others[0].pk)]
    assert last(ticket).data["undo"] is True


def test_the_last_part_that_is_solved_is_told_to_the_whole(
    ticket, others, alice, cause, django_capture_on_commit_callbacks
):
    for part in others[:2]:
        link_ticket(ticket, by=alice, other=part, kind="child")
    assert links_of(ticket, alice).open_parts == 2
    with django_capture_on_commit_callbacks(execute=True):
        resolve_ticket(others[0], by=alice, root_cause=cause)
    assert links_of(ticket, alice).open_parts == 1
    assert "parts.solved" not in log(ticket)
    with django_capture_on_commit_callbacks(execute=True):
        resolve_ticket(others[1], by=alice, root_cause=None)
    assert (last(ticket).type, last(ticket).data, last(ticket).by) == ("parts.solved", {"count": 2}, None)
    check_log(ticket)
    with django_capture_on_commit_callbacks(execute=True):  # taken up and solved anew, it is news again
        reopen_ticket(others[1], by=alice)
        resolve_ticket(others[1], by=alice, root_cause=None)
    assert log(ticket).count("parts.solved") == 2


def test_nothing_is_told_to_a_whole_that_is_solved(ticket, others, alice, django_capture_on_commit_callbacks):
    link_ticket(ticket, by=alice, other=others[0], kind="child")
    resolve_ticket(ticket, by=alice, root_cause=None)  # it may be, although a part is open
    with django_capture_on_commit_callbacks(execute=True):
        resolve_ticket(others[0], by=alice, root_cause=None)
    assert "parts.solved" not in log(ticket)


def test_a_part_that_is_merged_away_counts_as_solved(ticket, others, alice, django_capture_on_commit_callbacks):
    link_ticket(ticket, by=alice, other=others[0], kind="child")
    with django_capture_on_commit_callbacks(execute=True):
        merge_ticket(others[0], by=alice, into=others[1])
    assert log(ticket)[-1] == "parts.solved"
