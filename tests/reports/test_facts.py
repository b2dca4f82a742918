"""Histories whose figures are worked out by hand: each measure of each story, in opening hours and by the clock.

All times are those of Amsterdam in the autumn of 2026, where the shop is open on weekdays from nine to five, but not on
11 November. The second of November is a Monday; on the 25th of October the clocks go back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.actions import deactivate_person
from accounts.models import Calendar, Site, Team, User
from customers.models import Customer
from reports.actions import recount
from reports.measures import MEASURES, How, Kind
from reports.models import Fact
from reports.periods import Period
from reports.queries.figures import Found, course, totals
from reports.queries.question import Question
from tickets.actions import (
    assign_ticket,
    merge_ticket,
    open_by_letter,
    open_ticket,
    post_letter,
    post_message,
    rate_ticket,
    remembering,
    reopen_ticket,
    resolve_ticket,
    restore_ticket,
    run_follow_up,
    snooze_ticket,
    split_ticket,
    transfer_ticket,
    trash_ticket,
    undo,
    undo_merge,
    wake_ticket,
)
from tickets.actions.lettering import Incoming, acknowledge
from tickets.models import FollowUp, Message, Ticket

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Amsterdam")
WEEK = {str(day): [["09:00", "17:00"]] for day in range(5)}
MINUTE, HOUR, DAY = 60, 3600, 86400
NONE = (0, None)


@dataclass
class Desk:
    """The cast, and what they do in a story, each at a time of 2026."""

    carla: Customer
    dora: Customer
    alice: User
    bob: User
    charlie: User
    adam: User
    site: Site
    shop: Team
    set_clock: Callable[[str], datetime]

    def writes(self, at: str, ticket: Ticket | None = None, *, by: Customer | None = None, channel: str = "email"):
        self.set_clock(at)
        by = by or self.carla
        if ticket is None:
            return open_ticket(by, by=by, body="The tyre is wrong.", channel=channel, site=self.site)
        return post_message(ticket, by=by, body="Still wrong.").ticket

    def answers(self, at: str, ticket: Ticket, *, by: User | None = None) -> Message:
        self.set_clock(at)
        return post_message(ticket, by=by or self.alice, body="We send the right one.")

    def notes(self, at: str, ticket: Ticket) -> None:
        self.set_clock(at)
        post_message(ticket, by=self.alice, body="Ask the workshop.", kind="note")

    def solves(self, at: str, ticket: Ticket) -> None:
        self.set_clock(at)
        resolve_ticket(ticket, by=self.alice, root_cause=None)

    def does(self, at: str, what: Callable[[], object]) -> None:
        """What can be undone."""
        self.set_clock(at)
        with remembering(Ticket.objects.all(), by=self.alice) as noted:
            what()
        self.last = noted.undo

    def takes_it_back(self, at: str) -> None:
        self.set_clock(at)
        assert self.last is not None
        assert not undo(self.last, by=self.alice).left


@pytest.fixture
def set_clock(monkeypatch) -> Callable[[str], datetime]:
    def set_to(text: str) -> datetime:
        moment = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return set_to


@pytest.fixture
def desk(desk_row, carla, dora, alice, bob, charlie, adam, site, shop, set_clock) -> Desk:
    set_clock("10-01 10:00")
    site.calendar = Calendar.objects.create(
        name="Shop", time_zone="Europe/Amsterdam", hours=WEEK, holidays=["2026-11-11"]
    )
    site.save()
    return Desk(carla, dora, alice, bob, charlie, adam, site, shop, set_clock)


STORIES: dict[str, tuple[Callable[[Desk], object], dict[str, object]]] = {}


def story(name: str, **expected: object) -> Callable[[Callable[[Desk], object]], Callable[[Desk], object]]:
    """What each measure says afterwards: how many; (how many, share or mean); or (how many, (median, 90th percentile)
    in opening hours, the same by the clock), in seconds."""

    def add(tell: Callable[[Desk], object]) -> Callable[[Desk], object]:
        STORIES[name] = tell, expected
        return tell

    return add


def same(seconds: float) -> tuple[float, float]:
    """Of one, the median is the 90th percentile."""
    return (seconds, seconds)


@story(
    "over night",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    # 30 min, and 16:30 to 9:30: one open hour, or 17. The middle; nine tenths of the way up.
    answer=(2, (45 * MINUTE, 57 * MINUTE), (8.75 * HOUR, 0.5 * HOUR + 0.9 * 16.5 * HOUR)),
    solved=1,
    resolution=(1, same(8 * HOUR), same(24 * HOUR)),
    one_answer=(1, 0.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def over_night(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:30", ticket)
    desk.writes("11-02 16:30", ticket)
    desk.writes("11-02 18:00", ticket)  # begins nothing anew
    desk.answers("11-03 09:30", ticket)
    desk.answers("11-03 09:40", ticket)  # ends no wait
    desk.solves("11-03 10:00", ticket)


@story(
    "reopened by the customer",
    opened=1,
    first_answer=(1, same(10 * MINUTE), same(10 * MINUTE)),
    answer=(2, (20 * MINUTE, 28 * MINUTE), (20 * MINUTE, 28 * MINUTE)),  # 10 and 30 minutes
    solved=1,
    resolution=(1, same(3 * HOUR), same(3 * HOUR)),
    one_answer=(1, 0.0),
    reopened=(2, 0.5),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def reopened_by_the_customer(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:10", ticket)
    desk.solves("11-02 10:20", ticket)
    desk.writes("11-02 12:00", ticket)
    desk.answers("11-02 12:30", ticket)
    desk.solves("11-02 13:00", ticket)


@story(
    "reopened by us, and never solved",
    opened=1,
    first_answer=(0, None, None),
    answer=(0, None, None),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=(1, 1.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def reopened_by_us(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.solves("11-02 10:30", ticket)
    desk.set_clock("11-02 11:00")
    reopen_ticket(ticket, by=desk.alice)


@story(
    "solved by mistake, and taken back",
    opened=1,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(1, same(HOUR), same(HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def solved_by_mistake(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.does("11-02 10:30", lambda: resolve_ticket(ticket, by=desk.alice, root_cause=None))
    desk.takes_it_back("11-02 10:31")
    desk.answers("11-02 11:00", ticket)


@story(
    "merged: the longer wait counts, and the earlier beginning",
    opened=1,
    first_answer=(1, same(4 * HOUR), same(4 * HOUR)),
    answer=(1, same(4 * HOUR), same(4 * HOUR)),
    solved=1,
    resolution=(1, same(5 * HOUR), same(5 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def merged(desk: Desk) -> None:
    gone = desk.writes("11-02 10:00")
    ticket = desk.writes("11-02 12:00")
    desk.set_clock("11-02 13:00")
    merge_ticket(gone, by=desk.alice, into=ticket)
    desk.answers("11-02 14:00", ticket)
    desk.solves("11-02 15:00", ticket)


@story(
    "merged into a solved one, which opens",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(2, (75 * MINUTE, 111 * MINUTE), (75 * MINUTE, 111 * MINUTE)),  # half an hour, and two
    solved=1,
    resolution=(1, same(5 * HOUR), same(5 * HOUR)),
    one_answer=(1, 0.0),
    reopened=(2, 0.5),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def merged_into_a_solved_one(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:30", ticket)
    desk.solves("11-02 11:00", ticket)
    gone = desk.writes("11-02 12:00")
    desk.set_clock("11-02 13:00")
    merge_ticket(gone, by=desk.alice, into=ticket)
    desk.answers("11-02 14:00", ticket)
    desk.solves("11-02 15:00", ticket)


@story(
    "merged with an old story, which makes nothing older",
    opened=1,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(1, same(HOUR), same(HOUR)),
    solved=1,
    resolution=(1, same(2 * HOUR), same(2 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def merged_with_an_old_story(desk: Desk) -> None:
    old = desk.writes("10-05 10:00")
    desk.answers("10-05 11:00", old)
    desk.solves("10-05 12:00", old)
    ticket = desk.writes("11-02 10:00")
    desk.set_clock("11-02 10:30")
    merge_ticket(old, by=desk.alice, into=ticket)
    desk.answers("11-02 11:00", ticket)
    desk.solves("11-02 12:00", ticket)


@story(
    "a call, and a mail that is merged into it",
    opened=1,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(1, same(HOUR), same(HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def merged_into_a_call(desk: Desk) -> None:
    desk.set_clock("11-02 09:00")
    call = open_ticket(desk.carla, by=desk.alice, body="Rang.", channel="phone", kind="note", site=desk.site)
    mail = desk.writes("11-02 10:00")
    desk.set_clock("11-02 10:30")
    merge_ticket(mail, by=desk.alice, into=call)
    desk.answers("11-02 11:00", call)


@story(
    "a call, and a mail that was answered before it is merged into it",
    opened=1,
    first_answer=(0, None, None),  # it was given on the mail, before
    answer=(2, (45 * MINUTE, 57 * MINUTE), (45 * MINUTE, 57 * MINUTE)),  # an hour, and half of one
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def answered_before_it_is_merged(desk: Desk) -> None:
    mail = desk.writes("11-02 10:00")
    desk.answers("11-02 10:30", mail)
    desk.writes("11-02 11:00", mail)
    desk.set_clock("11-02 11:10")
    call = open_ticket(desk.carla, by=desk.alice, body="Rang.", channel="phone", kind="note", site=desk.site)
    desk.set_clock("11-02 11:30")
    merge_ticket(mail, by=desk.alice, into=call)
    desk.answers("11-02 12:00", call)
    desk.writes("11-02 13:00", call)
    desk.answers("11-02 13:30", call)


@story(
    "merged, and not after all",
    opened=2,
    # The first one waited from ten to two, the other from noon to three.
    first_answer=(2, (3.5 * HOUR, 3.9 * HOUR), (3.5 * HOUR, 3.9 * HOUR)),
    answer=(2, (3.5 * HOUR, 3.9 * HOUR), (3.5 * HOUR, 3.9 * HOUR)),
    solved=1,
    resolution=(1, same(4 * HOUR), same(4 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def unmerged(desk: Desk) -> None:
    one = desk.writes("11-02 10:00")
    other = desk.writes("11-02 12:00")
    desk.set_clock("11-02 13:00")
    merge_ticket(one, by=desk.alice, into=other)
    desk.set_clock("11-02 13:30")
    undo_merge(one, by=desk.alice)
    desk.answers("11-02 14:00", one)
    desk.answers("11-02 15:00", other)
    desk.solves("11-02 16:00", other)


@story(
    "merged, answered, and not after all",
    opened=2,
    # A quarter past one on the one that went on, since ten; the other one waits as before, until two.
    first_answer=(2, (3.625 * HOUR, 3.925 * HOUR), (3.625 * HOUR, 3.925 * HOUR)),
    answer=(2, (3.625 * HOUR, 3.925 * HOUR), (3.625 * HOUR, 3.925 * HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def answered_while_merged(desk: Desk) -> None:
    one = desk.writes("11-02 10:00")
    other = desk.writes("11-02 12:00")
    desk.set_clock("11-02 13:00")
    merge_ticket(one, by=desk.alice, into=other)
    desk.answers("11-02 13:15", other)
    desk.set_clock("11-02 13:30")
    undo_merge(one, by=desk.alice)
    desk.answers("11-02 14:00", one)


@story(
    "solved without a word, and answered after all",
    opened=1,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(0, None, None),  # nobody waited any more
    solved=1,
    resolution=(1, same(30 * MINUTE), same(30 * MINUTE)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def answered_after_all(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.solves("11-02 10:30", ticket)
    desk.answers("11-02 11:00", ticket)


@story(
    "split off while it waits",
    opened=2,
    # Half past eleven on the one, noon on the other; both since ten.
    first_answer=(2, (1.75 * HOUR, 1.95 * HOUR), (1.75 * HOUR, 1.95 * HOUR)),
    answer=(2, (1.75 * HOUR, 1.95 * HOUR), (1.75 * HOUR, 1.95 * HOUR)),
    solved=1,
    resolution=(1, same(2.5 * HOUR), same(2.5 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def split_off(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    message = ticket.messages.get()
    desk.set_clock("11-02 11:00")
    new = split_ticket(ticket, message=message, by=desk.alice, subject="The other matter")
    desk.answers("11-02 11:30", ticket)
    desk.answers("11-02 12:00", new)
    desk.solves("11-02 12:30", new)


@story(
    "split off after the answer",
    opened=2,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    solved=1,
    resolution=(1, same(HOUR), same(HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def split_off_later(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    message = ticket.messages.get()
    desk.answers("11-02 10:30", ticket)
    desk.set_clock("11-02 11:00")
    new = split_ticket(ticket, message=message, by=desk.alice, subject="The other matter")
    desk.answers("11-02 11:30", new)  # answers nobody
    desk.solves("11-02 12:00", new)


@story(
    "handed to another team and back, and another one by mistake",
    opened=2,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(1, same(HOUR), same(HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=2,
    satisfaction=NONE,
    csat=NONE,
)
def handed_on(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.set_clock("11-02 10:20")
    transfer_ticket(ticket, by=desk.alice, team=desk.shop, note="It is about a bill.")
    desk.answers("11-02 11:00", ticket, by=desk.charlie)
    desk.set_clock("11-02 11:10")
    transfer_ticket(ticket, by=desk.charlie, team=desk.site.team, note="Paid.")  # only in a chat one waits from then on
    desk.answers("11-02 11:30", ticket)
    other = desk.writes("11-02 12:00", by=desk.dora)
    desk.set_clock("11-02 12:10")
    assign_ticket(other, by=desk.alice, user=desk.alice)  # no other team
    teams = [desk.shop, Team.objects.create(name="Bills", slug="bills")]
    desk.does("11-02 12:20", lambda: [transfer_ticket(other, by=desk.alice, team=team) for team in teams])
    desk.takes_it_back("11-02 12:21")


@story(
    "from nobody's hands into a team's, and out of them",
    opened=1,
    first_answer=(0, None, None),
    answer=(0, None, None),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def from_nobodys_hands(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.set_clock("11-02 10:20")
    assign_ticket(ticket, by=desk.alice, team=None)
    assign_ticket(ticket, by=desk.alice, team=desk.shop)


@story(
    "a chat that goes to a team waits there",
    opened=1,
    first_answer=(1, same(5 * MINUTE), same(5 * MINUTE)),
    answer=(2, (17.5 * MINUTE, 27.5 * MINUTE), (17.5 * MINUTE, 27.5 * MINUTE)),  # five minutes, and thirty
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=1,
    satisfaction=NONE,
    csat=NONE,
)
def chat_to_a_team(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00", channel="chat")
    desk.answers("11-02 10:05", ticket)
    desk.set_clock("11-02 10:20")
    transfer_ticket(ticket, by=desk.alice, team=desk.shop, note="They ask for a bill.")
    desk.answers("11-02 10:50", ticket, by=desk.charlie)


@story(
    "snoozed for days: no clock stops",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    solved=1,
    resolution=(1, same(24 * HOUR), same(3 * DAY)),  # seven hours, eight, eight, and one
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def snoozed(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:30", ticket)
    desk.set_clock("11-02 10:40")
    snooze_ticket(ticket, by=desk.alice, until=None)
    desk.set_clock("11-05 09:00")
    wake_ticket(ticket, by=desk.alice)
    desk.solves("11-05 10:00", ticket)


@story(
    "over a holiday",
    opened=1,
    first_answer=(1, same(90 * MINUTE), same(41.5 * HOUR)),
    answer=(1, same(90 * MINUTE), same(41.5 * HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def over_a_holiday(desk: Desk) -> None:
    ticket = desk.writes("11-10 16:00")
    desk.answers("11-12 09:30", ticket)


@story(
    "in the night in which the clocks go back",
    opened=1,
    first_answer=(1, same(6 * HOUR), same(7 * HOUR)),
    answer=(1, same(6 * HOUR), same(7 * HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def clocks_go_back(desk: Desk) -> None:
    Calendar.objects.update(hours={"6": [["00:00", "06:00"]]})
    ticket = desk.writes("10-24 23:00")
    desk.answers("10-25 05:00", ticket)


@story(
    "the hours of a site at the other end of the world",
    opened=1,
    # On Sunday evening, where it is Monday morning in Auckland: from half past eight to half past ten.
    first_answer=(1, same(90 * MINUTE), same(2 * HOUR)),
    answer=(1, same(90 * MINUTE), same(2 * HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def at_the_other_end(desk: Desk) -> None:
    Calendar.objects.update(time_zone="Pacific/Auckland")
    ticket = desk.writes("11-01 20:30")
    desk.answers("11-01 22:30", ticket)


@story(
    "a note before the reply",
    opened=1,
    first_answer=(1, same(HOUR), same(HOUR)),
    answer=(1, same(HOUR), same(HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def note_before_reply(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.notes("11-02 10:05", ticket)
    desk.answers("11-02 11:00", ticket)


@story(
    "whoever answered works here no more",
    opened=1,
    first_answer=(1, same(20 * MINUTE), same(20 * MINUTE)),
    answer=(2, same(20 * MINUTE), same(20 * MINUTE)),
    solved=1,
    resolution=(1, same(2 * HOUR), same(2 * HOUR)),
    one_answer=(1, 0.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def agent_deactivated(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.set_clock("11-02 10:10")
    assign_ticket(ticket, by=desk.alice, user=desk.bob)
    desk.answers("11-02 10:20", ticket, by=desk.bob)
    desk.set_clock("11-02 10:30")
    deactivate_person(desk.bob, by=desk.adam)
    desk.writes("11-02 11:00", ticket)
    desk.answers("11-02 11:20", ticket)
    desk.solves("11-02 12:00", ticket)


@story(
    "automatic mails are no answers",
    opened=1,
    first_answer=(0, None, None),
    answer=(0, None, None),
    solved=1,
    resolution=(1, same(30 * MINUTE), same(30 * MINUTE)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def automatic_mails(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    assert acknowledge(ticket, by=desk.carla, to="carla@example.org") is not None
    desk.solves("11-02 10:30", ticket)
    follow_up = FollowUp.objects.get(ticket=ticket, state="scheduled")
    desk.set_clock("11-06 10:30")
    run_follow_up(follow_up)
    assert ticket.events.filter(type="follow_up.sent").exists()


@story(
    "into the trash, and back by the customer's words",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def into_the_trash(desk: Desk) -> None:
    spam, ticket = desk.writes("11-02 09:30", by=desk.dora), desk.writes("11-02 10:00")
    desk.answers("11-02 10:10", spam)
    desk.answers("11-02 10:30", ticket)
    desk.set_clock("11-02 11:00")
    trash_ticket(spam, by=desk.alice)
    trash_ticket(ticket, by=desk.alice)
    desk.writes("11-02 12:00", ticket)


@story(
    "trashed and restored",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    solved=1,
    resolution=(1, same(2 * HOUR), same(2 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=(1, 4.0),
    csat=(1, 1.0),
)
def restored(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:30", ticket)
    desk.set_clock("11-02 11:00")
    trash_ticket(ticket, by=desk.alice)
    desk.set_clock("11-02 11:30")
    restore_ticket(ticket, by=desk.alice)
    desk.solves("11-02 12:00", ticket)
    desk.set_clock("11-02 13:00")
    rate_ticket(ticket, by=desk.carla, score=4)


@story(
    "we wrote first",
    opened=1,
    first_answer=(1, same(45 * MINUTE), same(45 * MINUTE)),
    answer=(1, same(45 * MINUTE), same(45 * MINUTE)),
    solved=1,
    resolution=(1, same(2 * HOUR), same(2 * HOUR)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def outbound_first(desk: Desk) -> None:
    desk.set_clock("11-02 10:00")
    ticket = open_ticket(desk.carla, by=desk.alice, body="Your tyre is recalled.", channel="email", site=desk.site)
    desk.answers("11-02 10:05", ticket)  # and once more: nobody has asked yet
    desk.writes("11-02 11:00", ticket)
    desk.answers("11-02 11:45", ticket)
    desk.solves("11-02 12:00", ticket)


@story(
    "a call",
    opened=1,
    first_answer=(0, None, None),
    answer=(0, None, None),
    solved=1,
    resolution=(1, same(10 * MINUTE), same(10 * MINUTE)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def phone(desk: Desk) -> None:
    desk.set_clock("11-02 10:00")
    ticket = open_ticket(desk.carla, by=desk.alice, body="Rang.", channel="phone", kind="note", site=desk.site)
    desk.solves("11-02 10:10", ticket)


@story(
    "rated twice: the newest word counts",
    opened=1,
    first_answer=(1, same(10 * MINUTE), same(10 * MINUTE)),
    answer=(1, same(10 * MINUTE), same(10 * MINUTE)),
    solved=1,
    resolution=(1, same(20 * MINUTE), same(20 * MINUTE)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=(1, 3.0),
    csat=(1, 0.0),
)
def rated_twice(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:10", ticket)
    desk.solves("11-02 10:20", ticket)
    desk.set_clock("11-02 11:00")
    rate_ticket(ticket, by=desk.carla, score=5)
    desk.set_clock("11-03 11:00")
    rate_ticket(ticket, by=desk.carla, score=3, comment="It came flat.")


@story(
    "words that come long after begin another one",
    opened=2,
    first_answer=(2, (20 * MINUTE, 28 * MINUTE), (20 * MINUTE, 28 * MINUTE)),  # ten minutes, and thirty
    answer=(2, (20 * MINUTE, 28 * MINUTE), (20 * MINUTE, 28 * MINUTE)),
    solved=1,
    resolution=(1, same(20 * MINUTE), same(20 * MINUTE)),
    one_answer=(1, 1.0),
    reopened=(1, 0.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def much_later(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:10", ticket)
    desk.solves("11-02 10:20", ticket)
    new = desk.writes("11-30 10:00", ticket)
    assert new.pk != ticket.pk
    desk.answers("11-30 10:30", new)


@story(
    "mails that were there before us",
    opened=1,
    first_answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    answer=(1, same(30 * MINUTE), same(30 * MINUTE)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def there_before_us(desk: Desk) -> None:
    long_ago = desk.set_clock("10-05 10:00")
    desk.set_clock("11-02 09:00")
    letter = Incoming("carla@example.org", text="It is flat.")
    message = open_by_letter(desk.carla, by=desk.carla, incoming=letter, client_id="one", at=long_ago)
    Ticket.objects.filter(pk=message.ticket_id).update(site=desk.site)
    desk.answers("11-02 10:00", message.ticket)
    desk.writes("11-02 11:00", message.ticket)
    desk.answers("11-02 11:30", message.ticket)


@story(
    "a mail of long ago, found while its customer waits",
    opened=1,
    first_answer=(1, same(2 * HOUR), same(2 * HOUR)),
    answer=(1, same(2 * HOUR), same(2 * HOUR)),
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=NONE,
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def found_while_they_wait(desk: Desk) -> None:
    long_ago = desk.set_clock("10-05 10:00")
    ticket = desk.writes("11-02 10:00")
    desk.set_clock("11-02 11:00")
    letter = Incoming("carla@example.org", text="It is flat.")
    post_letter(ticket, by=desk.carla, incoming=letter, client_id="three", at=long_ago)
    assert Ticket.objects.waiting().get() == ticket
    desk.answers("11-02 12:00", ticket)


@story(
    "a stranger's words call us",
    opened=1,
    first_answer=(1, same(10 * MINUTE), same(10 * MINUTE)),
    answer=(2, (20 * MINUTE, 28 * MINUTE), (20 * MINUTE, 28 * MINUTE)),  # ten minutes, and thirty
    solved=0,
    resolution=(0, None, None),
    one_answer=NONE,
    reopened=(1, 1.0),
    handed_on=0,
    satisfaction=NONE,
    csat=NONE,
)
def stranger_calls(desk: Desk) -> None:
    ticket = desk.writes("11-02 10:00")
    desk.answers("11-02 10:10", ticket)
    desk.solves("11-02 10:20", ticket)
    desk.set_clock("11-02 11:00")
    letter = Incoming("someone@example.net", text="It is my bicycle.", is_by_stranger=True)
    post_letter(ticket, by=None, incoming=letter, kind="note", client_id="two")
    desk.answers("11-02 11:30", ticket)


@pytest.mark.parametrize("name", STORIES)
def test_each_measure_says_what_was_worked_out_by_hand(name, desk, sue):
    tell, expected = STORIES[name]
    assert expected.keys() == MEASURES.keys(), "a story without a figure proves nothing about it"
    tell(desk)
    recount(Ticket.objects.values_list("pk", flat=True))
    period = Period(date(2026, 9, 1), date(2026, 12, 31), ZONE)
    in_hours, by_clock = (
        totals(MEASURES.values(), Question(sue, period, by_clock=by_clock)) for by_clock in (False, True)
    )
    for key, measure in MEASURES.items():
        value = expected[key]
        if measure.how is How.COUNT:
            assert (in_hours[key].now, by_clock[key].now) == (Found(value, value), Found(value, value)), key
        elif measure.how is How.TIME:
            n, hours, clock = value
            assert in_hours[key].now == found(n, hours), key
            assert by_clock[key].now == found(n, clock), key
        else:
            assert in_hours[key].now == by_clock[key].now == Found(*value), key
        assert in_hours[key].before.n == 0


def found(n: int, both: tuple[float, float] | None) -> Found:
    return Found(n, *(pytest.approx(value) for value in both)) if both else Found(n)


def test_a_day_is_that_of_whoever_asks(desk, sue):
    """Half past eight on a Sunday evening, where it is Monday in Auckland."""
    at_the_other_end(desk)
    recount(Ticket.objects.values_list("pk", flat=True))
    days = Period(date(2026, 10, 31), date(2026, 11, 3), ZONE)
    assert [step.found.n for step in course(MEASURES["opened"], Question(sue, days))] == [0, 1, 0, 0]
    days = Period(date(2026, 10, 31), date(2026, 11, 3), ZoneInfo("Pacific/Auckland"))
    assert [step.found.n for step in course(MEASURES["opened"], Question(sue, days))] == [0, 0, 1, 0]


def test_facts_have_the_team_and_the_channel_of_today(desk):
    ticket = desk.writes("11-02 10:00")
    recount([ticket.pk])
    assert set(Fact.objects.values_list("team", "channel")) == {(ticket.team_id, "email")}
    desk.set_clock("11-03 10:00")
    transfer_ticket(ticket, by=desk.alice, team=desk.shop)
    recount([ticket.pk])
    assert set(Fact.objects.values_list("kind", "team")) == {
        (Kind.OPENED, desk.shop.pk),
        (Kind.HANDED_ON, desk.shop.pk),
    }
