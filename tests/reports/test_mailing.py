"""Reports by mail: each reader gets what they may see, once, in their language, and nobody who may not."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.db import OperationalError, connections
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from accounts.models import User
from outbox.mime import to_bytes
from outbox.models import Mail
from reports import emails, replica
from reports.actions import (
    change_mailing,
    forget_pictures,
    leave_mailing,
    send_mailing,
    send_now,
    set_up_mailing,
    stop_mailing,
)
from reports.actions import mailing as module
from reports.actions.mailing import MOST, MOST_PEOPLE
from reports.jobs import guard_report, send_due_mailings
from reports.measures import Kind
from reports.models import Fact, Mailing, SavedReport
from reports.replica import COPY, MAIN, Router
from tests.conftest import make_user
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db
Make = Callable[..., Mailing]


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def report(sue, desk_row) -> SavedReport:
    return SavedReport.objects.create(owner=sue, name="How we <do>", page="trends", query="span=7")


@pytest.fixture
def mailed(report, sue) -> Make:
    def make(*people: User, every: str = "day", hour: int = 7, is_due: bool = True) -> Mailing:
        mailing = set_up_mailing(report, by=sue, every=every, hour=hour, people=people or [sue])
        return make_due(mailing) if is_due else mailing

    return make


@pytest.fixture
def opened(carla, workshop, shop) -> Callable[..., None]:
    """Conversations that began some days ago."""

    def make(count: int, *, team=workshop, days: float = 2) -> None:
        for _ in range(count):
            ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", team=team)
            at = timezone.now() - timedelta(days=days)
            Fact.objects.update_or_create(
                ticket=ticket, kind=Kind.OPENED, seq=1, defaults={"at": at, "channel": "email", "team": team}
            )

    return make


def make_due(mailing: Mailing) -> Mailing:
    Mailing.objects.filter(pk=mailing.pk).update(next_at=timezone.now() - timedelta(minutes=1))
    return Mailing.objects.get(pk=mailing.pk)


def again(mailing: Mailing) -> Mailing:
    return Mailing.objects.get(pk=mailing.pk)


def sent_to() -> list[str]:
    mails = Mail.objects.filter(kind="report").order_by("created_at", "recipients__email")
    return list(mails.values_list("recipients__email", flat=True))


# --- Setting it up -------------------------------------------------------------------------


def test_it_comes_at_its_makers_hour(mailed, sue):
    User.objects.filter(pk=sue.pk).update(time_zone="Asia/Kathmandu")
    sue.refresh_from_db()
    mailing = mailed(every="week", hour=6, is_due=False)
    local = mailing.next_at.astimezone(sue.zone)
    assert (local.weekday(), local.hour, local.minute) == (0, 6, 0)
    assert timezone.now() < mailing.next_at <= timezone.now() + timedelta(days=7)
    assert (mailing.made_by, list(mailing.people.all())) == (sue, [sue])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"every": "hour"}, "invalid"),
        ({"hour": 24}, "invalid"),
        ({"hour": -1}, "invalid"),
        ({"people": []}, "empty"),
    ],
)
def test_what_cannot_be_is_refused(report, sue, change, code):
    right = {"every": "day", "hour": 7, "people": [sue]}
    with pytest.raises(ValidationError) as refused:
        set_up_mailing(report, by=sue, **right | change)
    errors = refused.value.error_dict["people"] if hasattr(refused.value, "error_dict") else [refused.value]
    assert [error.code for error in errors] == [code]
    assert not Mailing.objects.exists()


def test_nobody_gets_figures_who_may_not_see_them(report, sue, alice, lea):
    with pytest.raises(ValidationError, match="Alice Arden may not see figures"):
        set_up_mailing(report, by=sue, every="day", hour=7, people=[lea, alice])
    User.objects.filter(pk=lea.pk).update(is_active=False)
    lea.refresh_from_db()
    with pytest.raises(ValidationError, match="Lea Lind may not see figures"):
        set_up_mailing(report, by=sue, every="day", hour=7, people=[lea])


def test_there_are_limits(report, sue, mailed):
    people = [make_user(f"Lead{number} Number", "lead") for number in range(MOST_PEOPLE + 1)]
    with pytest.raises(ValidationError, match="50 people at most"):
        mailed(*people)
    for _ in range(MOST):
        mailed()
    with pytest.raises(ValidationError, match="in 20 ways already"):
        mailed()


def test_only_who_may_see_a_report_lets_it_come(report, lea, alice, sue):
    for viewer in (lea, alice):
        with pytest.raises(PermissionDenied):
            set_up_mailing(report, by=viewer, every="day", hour=7, people=[sue])
    shared = SavedReport.objects.create(name="All", page="trends")
    assert set_up_mailing(shared, by=lea, every="day", hour=7, people=[lea, sue]).people.count() == 2
    with pytest.raises(PermissionDenied):
        set_up_mailing(shared, by=alice, every="day", hour=7, people=[lea])


def test_who_made_it_or_may_change_the_report_changes_and_stops_it(mailed, report, sue, lea, adam, charlie):
    mailing = mailed(lea)
    for other in (lea, adam, charlie):
        with pytest.raises(PermissionDenied):
            change_mailing(mailing, by=other, every="day", hour=8, people=[lea])
        with pytest.raises(PermissionDenied):
            stop_mailing(mailing, by=other)
    changed = change_mailing(mailing, by=sue, every="month", hour=23, people=[sue, lea])
    local = changed.next_at.astimezone(sue.zone)
    assert (local.day, local.hour) == (1, 23)
    assert set(changed.people.all()) == {sue, lea}
    SavedReport.objects.update(owner=None)
    stop_mailing(mailing, by=lea)
    assert again(mailing).stopped_at is not None


def test_to_change_only_its_people_does_not_send_it_again(mailed, sue, lea):
    mailing = mailed(is_due=False)
    change_mailing(mailing, by=sue, every="day", hour=7, people=[lea])
    assert again(mailing).next_at == mailing.next_at


def test_who_gets_it_can_leave_and_without_readers_it_stops(mailed, sue, lea):
    mailing = mailed(sue, lea)
    leave_mailing(mailing, by=lea)
    assert list(mailing.people.all()) == [sue]
    assert again(mailing).stopped_at is None
    leave_mailing(mailing, by=sue)
    assert again(mailing).stopped_at is not None
    assert send_due_mailings() == 0


# --- Sending it ----------------------------------------------------------------------------


def test_each_gets_one_and_then_it_waits_for_its_next_time(mailed, sue, lea):
    mailing = mailed(sue, lea)
    assert send_due_mailings() == 2
    assert sorted(sent_to()) == ["lea@example.com", "sue@example.com"]
    after = again(mailing)
    assert after.sent_at is not None
    assert after.next_at.astimezone(sue.zone).hour == 7
    assert after.next_at > timezone.now()
    assert send_due_mailings() == 0


def test_after_a_standstill_one_comes_and_not_ten(mailed, sue):
    mailing = mailed()
    Mailing.objects.update(next_at=timezone.now() - timedelta(days=10))
    assert send_due_mailings() == 1
    assert send_due_mailings() == 0
    assert timezone.now() < again(mailing).next_at <= timezone.now() + timedelta(days=1, hours=1)


def test_each_reads_what_they_may_see(mailed, opened, sue, lea, shop):
    opened(3)
    opened(4, team=shop)
    mailed(sue, lea)
    send_due_mailings()
    mails = {mail.recipients.get().email: mail for mail in Mail.objects.filter(kind="report")}
    assert "New conversations: 7" in mails["sue@example.com"].text
    assert "New conversations: 3" in mails["lea@example.com"].text


def test_today_which_is_not_over_does_not_count(mailed, opened):
    opened(2, days=2)
    opened(5, days=0)
    mailed()
    send_due_mailings()
    assert "New conversations: 2" in Mail.objects.get(kind="report").text


def test_who_may_not_see_figures_any_more_gets_none(mailed, sue, lea, adam):
    mailing = mailed(sue, lea, adam)
    User.objects.filter(pk=lea.pk).update(role="agent")
    User.objects.filter(pk=adam.pk).update(is_active=False)
    assert send_due_mailings() == 1
    assert sent_to() == ["sue@example.com"]
    User.objects.filter(pk=lea.pk).update(role="lead")  # and is there again when they may
    make_due(mailing)
    Mail.objects.all().delete()
    assert send_due_mailings() == 2


def test_it_goes_on_when_its_maker_has_left(mailed, sue, lea):
    mailing = mailed(lea)
    User.objects.filter(pk=sue.pk).update(is_active=False)
    assert send_due_mailings() == 1
    assert again(mailing).next_at > timezone.now()


def test_a_right_lost_on_the_way_keeps_it_back(mailed, sue):
    mailed()
    send_due_mailings()
    mail = Mail.objects.get(kind="report")
    assert guard_report(mail) is None
    User.objects.filter(pk=sue.pk).update(role="agent")
    assert guard_report(mail) == "may see no figures"
    User.objects.filter(pk=sue.pk).delete()
    assert guard_report(mail) == "may see no figures"


def test_the_outbox_asks_before_it_sends(settings):
    assert settings.OUTBOX_GUARDS["report"] == "reports.jobs.guard_report"


def test_one_copy_now_is_for_who_asks(mailed, sue, lea, alice, monkeypatch):
    mailing = mailed(sue, lea, is_due=False)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # both in the same minute
    send_now(mailing, by=lea)
    send_now(mailing, by=lea)
    assert sent_to() == ["lea@example.com"]
    with pytest.raises(PermissionDenied):
        send_now(mailing, by=alice)
    assert again(mailing).sent_at is None


# --- What it is ----------------------------------------------------------------------------


def test_it_has_numbers_charts_and_a_link(mailed, opened, sue):
    opened(3)
    mailed()
    send_due_mailings()
    mail = Mail.objects.get(kind="report")
    assert mail.subject.startswith("How we <do>")
    assert mail.is_automatic
    assert mail.is_at_most_once
    assert "How we &lt;do&gt;" in mail.html
    assert "New conversations" in mail.html
    message = message_from_bytes(to_bytes(mail, timezone.now()), policy=policy.default)
    assert message.get_content_type() == "multipart/related"
    pictures = [part for part in message.iter_attachments() if part.get_content_type() == "image/png"]
    assert pictures
    for part in pictures:
        assert part.get_payload(decode=True).startswith(b"\x89PNG")  # type: ignore[union-attr]
        assert f"cid:{part['Content-ID'].strip('<>')}" in mail.html
    assert "/dashboard/trends/?span=" in mail.text
    assert "/dashboard/mail/" in mail.text


@pytest.mark.parametrize(("own", "spoken"), [("de", "de"), ("", "en")])
def test_it_speaks_its_readers_language(mailed, sue, own, spoken):
    User.objects.filter(pk=sue.pk).update(language=own)
    mailed()
    send_due_mailings()
    mail = Mail.objects.get(kind="report")
    assert mail.language == spoken
    with override(spoken):
        assert gettext("New conversations") in mail.text
        assert date_format(mail.created_at, "F") in mail.subject
    assert f'<html lang="{spoken}">' in mail.html


@pytest.mark.parametrize("page", ["trends", "promises", "satisfaction", "causes", "channels", "tags", "changes"])
def test_every_page_can_come(report, mailed, opened, page):
    opened(2)
    SavedReport.objects.update(page=page, query="")
    mailed()
    assert send_due_mailings() == 1


def test_what_changed_is_of_a_week_where_nothing_else_is_said(mailed, opened):
    opened(2)
    SavedReport.objects.update(page="changes", query="")
    mailed()
    send_due_mailings()
    mail = Mail.objects.get(kind="report")
    assert "against the 7 days before" in mail.text
    assert "Nothing to compare with yet" in mail.text
    assert "Nothing to compare with yet" in mail.html
    assert "/dashboard/changes/?span=" in mail.text


@pytest.mark.parametrize("query", ["span=nonsense&team=gone&channel=pigeon&tag=%00&company=999999", "span=%ff", "?&=&"])
def test_a_query_that_means_nothing_any_more_is_read_as_usual(mailed, query):
    SavedReport.objects.update(query=query)
    mailed()
    assert send_due_mailings() == 1


def test_pictures_are_kept_a_while_and_then_forgotten(mailed, opened):
    opened(1)
    mailed()
    send_due_mailings()
    stored = Mail.objects.get(kind="report").files[0][0]
    now = timezone.now()
    assert forget_pictures(older_than=now - timedelta(days=14)) == 0
    assert default_storage.exists(stored)
    assert forget_pictures(older_than=now + timedelta(days=2)) > 0
    assert not default_storage.exists(stored)
    assert forget_pictures(older_than=now + timedelta(days=2)) == 0


def test_who_sees_the_same_gets_the_same_pictures_drawn_once(mailed, opened, sue, adam, lea, shop, monkeypatch):
    opened(2)
    opened(1, team=shop)
    drawn = []
    draw = emails.as_picture
    monkeypatch.setattr(emails, "as_picture", lambda *args, **more: drawn.append(1) or draw(*args, **more))
    mailing = mailed(sue, adam)
    assert send_due_mailings() == 2
    first, second = Mail.objects.filter(kind="report")
    assert first.files == second.files
    assert len(drawn) == len(first.files)
    change_mailing(mailing, by=sue, every="day", hour=8, people=[lea])
    make_due(mailing)
    assert send_due_mailings() == 1
    assert Mail.objects.get(recipients__email="lea@example.com").files != first.files


def test_where_the_copy_of_the_database_is_gone_the_database_is_asked(mailed, settings, monkeypatch):
    mailed()
    write, asked = emails._report_letter, []

    def write_but(*args):
        asked.append(Router().db_for_read(Fact))
        if asked[-1] == COPY:
            raise OperationalError("gone")
        return write(*args)

    monkeypatch.setattr(emails, "_report_letter", write_but)
    monkeypatch.setattr(replica, "has_replica", lambda: True)
    monkeypatch.setattr(emails, "has_replica", lambda: True)
    assert send_due_mailings() == 1
    assert asked == [COPY, MAIN]


def test_what_cannot_be_drawn_is_said_in_words(mailed, opened, monkeypatch):
    opened(3)
    monkeypatch.setattr(emails, "as_picture", lambda *args, **more: 1 / 0)
    mailed()
    assert send_due_mailings() == 1
    mail = Mail.objects.get(kind="report")
    assert mail.files == []
    assert "<li>Email: 3</li>" in mail.html
    assert "cid:" not in mail.html


# --- When something dies -------------------------------------------------------------------


def test_one_readers_trouble_does_not_hold_up_the_others(mailed, sue, lea, monkeypatch):
    mailing = mailed(sue, lea)
    write = module.report_letter

    def write_but(mailing, user, now):
        if user == sue:
            raise RuntimeError
        return write(mailing, user, now)

    monkeypatch.setattr(module, "report_letter", write_but)
    assert send_due_mailings() == 1
    assert sent_to() == ["lea@example.com"]
    assert again(mailing).next_at.astimezone(sue.zone).hour == 7


def test_what_could_be_written_for_nobody_is_tried_again_a_little_later(mailed, sue, monkeypatch):
    mailing = mailed()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    Mailing.objects.update(next_at=noon)
    write = module.report_letter
    monkeypatch.setattr(module, "report_letter", lambda *args: 1 / 0)
    assert send_mailing(again(mailing), now=noon) == 0
    assert again(mailing).next_at == noon + timedelta(minutes=10)
    assert again(mailing).sent_at is None
    monkeypatch.setattr(module, "report_letter", write)
    assert send_mailing(again(mailing), now=noon + timedelta(minutes=10)) == 1
    morning = datetime(2026, 11, 21, 5, 55, tzinfo=UTC)  # the next one is due at 6:00, seven in Amsterdam
    Mailing.objects.update(next_at=morning)
    monkeypatch.setattr(module, "report_letter", lambda *args: 1 / 0)
    assert send_mailing(again(mailing), now=morning) == 0
    assert again(mailing).next_at == datetime(2026, 11, 21, 6, tzinfo=UTC)


def test_a_mail_that_cannot_be_promised_takes_nothing_with_it(mailed, sue, lea, monkeypatch):
    mailing = mailed(sue, lea)
    post = module.post_letter

    def post_but(letter, mailing, user, **more):
        if user == sue:
            raise RuntimeError
        return post(letter, mailing, user, **more)

    monkeypatch.setattr(module, "post_letter", post_but)
    assert send_due_mailings() == 0
    assert not Mail.objects.filter(kind="report").exists()
    assert again(mailing).next_at == mailing.next_at
    monkeypatch.setattr(module, "post_letter", post)
    assert send_due_mailings() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_send_one(mailed, sue, monkeypatch):
    mailing = mailed()
    both = threading.Barrier(2)
    write = module.report_letter

    def write_together(*args):
        letter = write(*args)
        both.wait(timeout=20)  # both have seen that it is due
        return letter

    monkeypatch.setattr(module, "report_letter", write_together)
    counts = []

    def tick():
        try:
            counts.append(send_mailing(mailing, now=timezone.now()))
        finally:
            connections.close_all()

    clocks = [threading.Thread(target=tick) for _ in range(2)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    assert sorted(counts) == [0, 1]
    assert sent_to() == ["sue@example.com"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_between_has_sent_nothing_and_the_next_sends_it(mailed, sue, lea, monkeypatch):
    mailing = mailed(sue, lea)
    connections.close_all()
    child = os.fork()
    if child == 0:
        post = module.post_letter

        def post_and_die(*args, **more):
            post(*args, **more)
            os.kill(os.getpid(), signal.SIGKILL)

        module.post_letter = post_and_die
        send_due_mailings()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert sent_to() == []
    assert again(mailing).next_at == mailing.next_at
    assert send_due_mailings() == 2
    assert sorted(sent_to()) == ["lea@example.com", "sue@example.com"]
