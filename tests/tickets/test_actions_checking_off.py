"""What is to be done on a ticket, line by line."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    add_items,
    apply_steps,
    change_item,
    check_item,
    move_item,
    newest_undo,
    offer_to_undo,
    remove_item,
    trash_ticket,
    undo,
)
from tickets.actions.checking_off import read_lines
from tickets.models import ChecklistItem
from tickets.queries import timeline


def texts(ticket) -> list[str]:
    return list(ticket.checklist.values_list("text", flat=True))


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("Call them", ["Call them"]),
        ("- Call\n* Write\n• Ask\n", ["Call", "Write", "Ask"]),
        ("1. Call\r\n2) Write\r\n\r\n- [ ] Ask\n- [x] Tell", ["Call", "Write", "Ask", "Tell"]),
        ("-5 degrees\n2026 is over\n [ ] Pack", ["-5 degrees", "2026 is over", "Pack"]),
        ("  many   blanks\x00 ", ["many blanks"]),
    ],
)
def test_a_list_that_is_pasted_becomes_its_lines(typed, lines):
    assert read_lines(typed) == lines


@pytest.mark.parametrize("typed", ["", " \n- \n", "\x00", "x" * 201, "\n".join("abc" for _ in range(51))])
def test_what_is_no_list_is_said_so(typed):
    with pytest.raises(ValidationError):
        read_lines(typed)


def test_lines_are_added_at_the_end_fifty_at_most(ticket, alice):
    add_items(ticket, by=alice, text="\n".join(f"Thing {n}" for n in range(49)))
    add_items(ticket, by=alice, text="The last")
    assert texts(ticket)[-1] == "The last"
    with pytest.raises(ValidationError, match="50 lines"):
        add_items(ticket, by=alice, text="One more")
    assert len(texts(ticket)) == 50


def test_ticking_makes_no_noise_until_all_is_done(ticket, alice, bob):
    one, two = add_items(ticket, by=alice, text="Call\nWrite")
    check_item(one, by=bob, is_done=True)
    assert (last(ticket).type, last(ticket).is_public) == ("checklist.changed", False)
    shown = [event.type for event in timeline(again(ticket), alice).events]
    assert "checklist.changed" not in shown
    check_item(two, by=alice, is_done=True)
    assert (last(ticket).type, last(ticket).data, last(ticket).by) == ("checklist.done", {"count": 2}, alice)
    assert [event.type for event in timeline(again(ticket), alice).events][-1] == "checklist.done"
    one.refresh_from_db()
    assert (one.done_by, one.done_at is not None) == (bob, True)
    seq = again(ticket).last_seq
    check_item(one, by=alice, is_done=True)  # it is bob's still
    one.refresh_from_db()
    assert (again(ticket).last_seq, one.done_by) == (seq, bob)
    check_item(one, by=alice, is_done=False)
    one.refresh_from_db()
    assert (one.done_by, one.done_at) == (None, None)
    check_log(ticket)


def test_a_line_is_changed_moved_and_taken_off(ticket, alice):
    items = add_items(ticket, by=alice, text="A\nB\nC\nD")
    change_item(items[0], by=alice, text="  A  better\none ")
    move_item(items[3], by=alice, steps=-2)
    assert texts(ticket) == ["A better one", "D", "B", "C"]
    move_item(items[3], by=alice, steps=-99)
    move_item(items[1], by=alice, steps=1)
    assert texts(ticket) == ["D", "A better one", "C", "B"]
    assert remove_item(items[2], by=alice)["text"] == "C"
    assert remove_item(items[2], by=alice) == {}
    assert texts(ticket) == ["D", "A better one", "B"]
    with pytest.raises(ValidationError, match="not there"):
        check_item(items[2], by=alice, is_done=True)


def test_a_removed_line_comes_back_where_it_was_ticked_as_it_was(ticket, alice, bob):
    items = add_items(ticket, by=alice, text="A\nB\nC")
    check_item(items[1], by=bob, is_done=True)
    before = list(ticket.checklist.values("text", "position", "done_at", "done_by"))
    was = remove_item(items[1], by=alice)
    offer_to_undo(ticket, by=alice, do="item", was=was, label="B is taken off")
    assert undo(newest_undo(by=alice), by=alice).done == [ticket.pk]
    assert list(ticket.checklist.values("text", "position", "done_at", "done_by")) == before


def test_only_who_may_and_never_in_the_trash(ticket, alice, carla):
    (item,) = add_items(ticket, by=alice, text="A")
    with pytest.raises(PermissionDenied):
        add_items(ticket, by=carla, text="B")
    with pytest.raises(PermissionDenied):
        check_item(item, by=carla, is_done=True)
    trash_ticket(ticket, by=alice)
    for act in (
        lambda: add_items(ticket, by=alice, text="B"),
        lambda: check_item(item, by=alice, is_done=True),
        lambda: remove_item(item, by=alice),
    ):
        with pytest.raises(ValidationError, match="in the trash"):
            act()
    assert ChecklistItem.objects.count() == 1


def test_a_macro_brings_its_lines(ticket, alice):
    steps = [{"do": "checklist", "value": "Call {{ customer.name }}\nSend the tyre"}]
    apply_steps(ticket, by=alice, steps=steps)
    assert texts(ticket) == ["Call Carla Cortez", "Send the tyre"]
    assert "checklist.changed" in log(ticket)
