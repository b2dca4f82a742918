"""Follow-ups on a ticket's page, the page of what is due, and their templates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tickets.looking import again, last, log
from tests.tickets.test_actions_planning import answered, asked, in_days, plan, strike, task  # noqa: F401  (fixtures)
from tickets.actions import newest_undo, set_priority, trash_ticket, undo
from tickets.actions.follow_up_templates import archive_template, create_template
from tickets.jobs import run_due_follow_ups
from tickets.models import FollowUp, FollowUpTemplate

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PLAN = {"kind": "message", "body": "Is it there?", "words": "in 3 days", "unless": ["customer_writes"]}


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def at(ticket, end: str = "") -> str:
    return f"/tickets/{ticket.pk}/follow-ups/{end}"


def text(response) -> str:
    return response.content.decode()


# --- On a ticket ---------------------------------------------------------------------------


def test_one_is_planned_on_the_customers_clock_and_shown_on_both(page, answered, carla):  # noqa: F811
    type(carla).objects.filter(pk=carla.pk).update(time_zone="America/New_York")
    year = timezone.now().year + 1
    assert page.post(at(answered), PLAN | {"words": f"{year}-01-15 09:00"}).status_code == 303
    row = FollowUp.objects.planned().get()
    assert row.due_at == datetime(year, 1, 15, 9, tzinfo=ZoneInfo("America/New_York"))
    assert (row.time_zone, row.unless, row.by.name) == ("America/New_York", ["customer_writes"], "Alice Arden")
    shown = text(page.get(answered.get_absolute_url()))
    assert "Is it there?" in shown
    assert f"15 Jan {year}, 9:00" in shown
    assert f"15 Jan {year}, 15:00 yours" in shown
    assert "Not if the customer writes" in shown


@pytest.mark.parametrize(
    ("words", "wall"),
    [("2027-03-28 02:30", "03:30"), ("2027-10-31 02:30", "02:30"), ("2027-07-01 09:00", "09:00")],
)
def test_clocks_that_change_do_not_matter(page, answered, words, wall):  # noqa: F811
    page.post(at(answered), PLAN | {"words": words})
    local = FollowUp.objects.planned().get().due_at.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert f"{local:%H:%M}" == wall


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": "soonish"},
        {"words": "until they reply"},
        {"words": "2020-01-01"},
        {"body": " "},
        {"body": "x" * 5001},
        {"kind": "after_solving"},
        {"unless": ["it rains"]},
        {"kind": "task", "assignee": "999999"},
        {"kind": "task", "assignee": "x"},
        {"client_id": "x" * 65},
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(page, answered, wrong):  # noqa: F811
    for headers in ({}, HTMX):
        answer = page.post(at(answered), PLAN | wrong, headers=headers)
        assert answer.status_code == 422
        assert "That did not work yet" in text(answer)
        assert ("<html" in text(answer)) == (not headers)
        assert str(dict(PLAN | wrong)["words"]) in text(answer)
    assert not FollowUp.objects.planned().exists()


def test_planning_is_undone_with_one_key(page, answered, alice):  # noqa: F811
    answer = page.post(at(answered), PLAN, headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#conversation")
    assert "desk:undoable" in answer["HX-Trigger"]
    undo(newest_undo(by=alice), by=alice)
    assert FollowUp.objects.planned().get().state == "cancelled"
    assert last(answered).data["undo"] is True


def test_the_form_comes_filled_from_a_template(page, answered, sue, shop, workshop):  # noqa: F811
    mine = create_template(
        by=sue, name="Arrived?", kind="message", body="Hello {{ customer.first_name }}, all well?", when="friday 9",
        unless=["customer_writes"], team=workshop,
    )  # fmt: skip
    foreign = create_template(by=sue, name="Foreign", kind="task", body="Secret", when="friday 9", team=shop)
    gone = archive_template(
        create_template(by=sue, name="Gone", kind="task", body="Old", when="friday 9"), by=sue, is_archived=True
    )
    shown = text(page.get(at(answered), {"template": mine.pk}, headers=HTMX))
    assert 'value="friday 9"' in shown
    assert "Hello Carla, all well?" in shown  # how it reads
    assert "Foreign" not in shown
    assert "Gone" not in shown
    for other in (foreign, gone):
        assert other.body not in text(page.get(at(answered), {"template": other.pk}))
    page.post(at(answered), PLAN | {"template": mine.pk})
    assert FollowUp.objects.planned().get().template == mine


def test_it_says_beforehand_when_that_is_and_how_it_reads(page, answered):  # noqa: F811
    shown = text(page.post(at(answered, "preview/"), {"words": "tomorrow 9", "body": "**Hi** {{ customer.nam }}"}))
    assert "9:00" in shown
    assert "<strong>Hi</strong>" in shown
    assert "customer.nam" in shown
    assert "No time that I know" in text(page.post(at(answered, "preview/"), {"words": "soonish"}))


def test_one_is_changed_and_put_back(page, asked, answered, alice):  # noqa: F811
    was = asked.body
    shown = text(page.get(at(answered, f"{asked.pk}/"), headers=HTMX))
    assert "Change the follow-up" in shown
    before = f"{asked.due_at.astimezone(ZoneInfo('Europe/Amsterdam')):%Y-%m-%d %H:%M}"
    assert before in shown
    page.post(at(answered, f"{asked.pk}/"), {"body": "Is it there?", "words": before, "unless": ["solved"]})
    due_at = asked.due_at
    asked.refresh_from_db()
    assert (asked.body, asked.unless, asked.due_at) == ("Is it there?", ["solved"], due_at)
    undo(newest_undo(by=alice), by=alice)
    asked.refresh_from_db()
    assert (asked.body, asked.unless) == (was, ["customer_writes"])


def test_a_due_task_is_changed_without_a_new_time(page, task, answered, bob):  # noqa: F811
    strike(task)
    words = f"{task.due_at.astimezone(ZoneInfo('Europe/Amsterdam')):%Y-%m-%d %H:%M}"
    answer = page.post(at(answered, f"{task.pk}/"), {"body": "Call twice", "words": words, "assignee": bob.pk})
    assert answer.status_code == 303
    task.refresh_from_db()
    assert (task.body, task.state, task.assignee) == ("Call twice", "due", bob)


@pytest.mark.parametrize(
    ("do", "state", "undone"), [("now", "done", None), ("call_off", "cancelled", "scheduled"), ("x", "scheduled", None)]
)
def test_a_message_is_sent_now_or_called_off(page, asked, answered, alice, do, state, undone):  # noqa: F811
    for headers in ({}, HTMX):
        page.post(at(answered, f"{asked.pk}/do/"), {"do": do}, headers=headers)
    asked.refresh_from_db()
    assert asked.state == state
    if undone:
        undo(newest_undo(by=alice), by=alice)
        asked.refresh_from_db()
        assert asked.state == undone


def test_a_task_is_ticked_off_and_undone(page, task, answered, alice):  # noqa: F811
    strike(task)
    assert "due" in text(page.get(answered.get_absolute_url()))
    answer = page.post(at(answered, f"{task.pk}/do/"), {"do": "done"}, headers=HTMX)
    assert "Call the depot" in text(answer)  # on the timeline
    assert "desk:due" in answer["HX-Trigger-After-Settle"]
    undo(newest_undo(by=alice), by=alice)
    task.refresh_from_db()
    assert task.state == "due"
    page.post(at(answered, f"{task.pk}/do/"), {"do": "done"})
    page.post(at(answered, f"{task.pk}/do/"), {"do": "restore"})
    task.refresh_from_db()
    assert task.state == "due"


def test_what_cannot_be_is_said(page, asked, answered):  # noqa: F811
    answered.customer.addresses.all().delete()
    answer = page.post(at(answered, f"{asked.pk}/do/"), {"do": "now"}, headers=HTMX)
    assert "no address to write to" in answer["HX-Trigger"]
    answer = page.post(at(answered, f"{asked.pk}/do/"), {"do": "now"}, follow=True)
    assert "no address to write to" in text(answer)


def test_another_tickets_follow_up_is_not_there(page, asked, answered, chat_ticket, client, charlie):  # noqa: F811
    for end in (f"{asked.pk}/", f"{asked.pk}/do/"):
        assert page.post(at(chat_ticket, end), {"do": "call_off"}).status_code == 404
    client.force_login(charlie)
    for end in ("", "preview/", f"{asked.pk}/", f"{asked.pk}/do/"):
        assert client.post(at(answered, end), PLAN | {"do": "call_off"}).status_code == 404
    assert FollowUp.objects.get(pk=asked.pk).state == "scheduled"


def test_a_ticket_without_one_costs_no_query_and_with_some_two(page, answered, alice, django_assert_max_num_queries):  # noqa: F811
    def count() -> int:
        with django_assert_max_num_queries(100) as asked_for:
            page.get(answered.get_absolute_url(), headers=HTMX)
        return len(asked_for)

    page.get(answered.get_absolute_url())
    without = count()
    plan(answered, alice)
    plan(answered, alice, kind="task", assignee=alice)
    assert count() <= without + 2


def test_every_event_of_it_is_said(page, asked, task, answered, alice, carla):  # noqa: F811
    page.post(at(answered, f"{task.pk}/"), {"body": "Call the depot", "words": "in 5 days"})
    strike(task)
    page.post(at(answered, f"{task.pk}/do/"), {"do": "done"})
    page.post(at(answered, f"{task.pk}/do/"), {"do": "restore"})
    page.post(at(answered, f"{task.pk}/do/"), {"do": "call_off"})
    strike(plan(answered, alice))
    answered.customer.addresses.all().delete()
    strike(asked)
    shown = text(page.get(answered.get_absolute_url()))
    for words in (
        "planned a message for", "planned a task for", "moved the follow-up to", "A task is due", "You did",
        "opened the task again", "called the task off", "The planned message left",
        "The planned message could not leave: there is no address to write to",
    ):  # fmt: skip
        assert words in shown.replace("<b>You</b>", "You"), words


# --- The page ------------------------------------------------------------------------------


def test_the_page_says_what_is_due_when(page, asked, task, answered, alice, client, charlie):  # noqa: F811
    FollowUp.objects.filter(pk=asked.pk).update(due_at=in_days(30))
    strike(task)
    shown = text(page.get("/follow-ups/"))
    assert shown.index(">Due<") < shown.index("Call the depot") < shown.index(">Later<") < shown.index("has the tyre")
    for show in ("teams", "all", "x"):
        assert "Call the depot" in text(page.get("/follow-ups/", {"show": show}))
    client.force_login(charlie)
    for show in ("mine", "teams", "all"):
        assert "Call the depot" not in text(client.get("/follow-ups/", {"show": show}))


def test_nonsense_begins_at_the_top(page, task):  # noqa: F811
    for cursor in ("x", "f0-1", "w1-1", "ffffffffffffffffff-1", "f1-ffffffffffffffff"):
        assert page.get("/follow-ups/", {"cursor": cursor}).status_code == 200


def test_something_is_done_from_the_page(page, task, asked, answered, alice):  # noqa: F811
    told = {"do": "done", "from": "list", "show": "all"}
    answer = page.post(at(answered, f"{task.pk}/do/"), told, headers=HTMX)
    assert "due-list" in text(answer)
    assert "Call the depot" not in text(answer)
    assert "desk:undoable" in answer["HX-Trigger"]
    answer = page.post(at(answered, f"{asked.pk}/do/"), {"do": "now", "from": "list", "show": "//evil.example"})
    assert answer["Location"] == "/follow-ups/?show=mine"
    run_due_follow_ups()
    assert "follow_up.done" in log(answered)


def test_the_rail_counts_what_is_due(page, task):  # noqa: F811
    assert "<b>1" not in text(page.get("/notifications/bell/"))
    strike(task)
    with CaptureQueriesContext(connection) as queries:
        shown = text(page.get("/notifications/bell/"))
    assert sum("tickets_followup" in query["sql"] for query in queries) == 1
    assert 'hx-swap-oob="true"' in shown
    assert "<b>1" in shown


# --- In bulk and by macro ------------------------------------------------------------------


def test_many_are_followed_up_at_once_each_on_its_own_clock(page, answered, chat_ticket, alice, dora):  # noqa: F811
    numbers = [answered.pk, chat_ticket.pk, 999_999]
    trash_ticket(set_priority(chat_ticket, by=alice, priority=3), by=alice)
    told = PLAN | {"do": "follow_up", "number": numbers}
    assert page.post("/tickets/bulk/", told).status_code == 303
    assert [row.ticket_id for row in FollowUp.objects.planned()] == [answered.pk]
    undo(newest_undo(by=alice), by=alice)
    assert FollowUp.objects.planned().get().state == "cancelled"
    for wrong in ({"words": "soonish"}, {"body": ""}, {"kind": "x"}):
        assert page.post("/tickets/bulk/", told | wrong, headers=HTMX).status_code == 422
    shown = text(page.get("/tickets/bulk/", {"do": "follow_up"}, headers=HTMX))
    assert "Plan a follow-up" in shown


# --- Templates -----------------------------------------------------------------------------
TEMPLATE = {"name": "Arrived?", "kind": "message", "body": "Is it there?", "when": "friday 9", "unless": "solved"}


def test_a_manager_keeps_templates(client, sue, workshop):
    client.force_login(sue)
    assert client.post("/settings/follow-ups/new/", TEMPLATE | {"team": workshop.pk}).status_code == 302
    kept = FollowUpTemplate.objects.get()
    assert (kept.name, kept.when, kept.unless, kept.team) == ("Arrived?", "friday 9", ["solved"], workshop)
    for address in ("/settings/follow-ups/", f"/settings/follow-ups/{kept.pk}/"):
        assert "Arrived?" in text(client.get(address))
    assert client.post(f"/settings/follow-ups/{kept.pk}/", TEMPLATE | {"name": "There?"}).status_code == 302
    client.post(f"/settings/follow-ups/{kept.pk}/archive/")
    kept.refresh_from_db()
    assert (kept.name, kept.team, kept.archived_at is not None) == ("There?", None, True)
    assert "Bring back" in text(client.get("/settings/follow-ups/"))
    client.post(f"/settings/follow-ups/{kept.pk}/archive/", {"do": "restore"})
    kept.refresh_from_db()
    assert kept.archived_at is None


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 81}, {"when": "soonish"}, {"when": "until they reply"}, {"body": ""},
              {"kind": "after_solving"}, {"unless": "x"}, {"team": "999"}]
)  # fmt: skip
def test_a_template_that_makes_no_sense_is_not_kept(client, sue, wrong):
    client.force_login(sue)
    answer = client.post("/settings/follow-ups/new/", TEMPLATE | wrong)
    assert answer.status_code == 422
    assert not FollowUpTemplate.objects.exists()


def test_only_managers_keep_templates(client, lea):
    client.force_login(lea)
    assert client.post("/settings/follow-ups/new/", TEMPLATE).status_code == 403


def test_a_macro_plans_one(page, answered, sue, alice):  # noqa: F811
    kept = create_template(by=sue, name="Arrived?", kind="task", body="Ask", when="friday 9")
    told = {"steps": f"follow_up:{kept.pk}", "client_id": "m1"}
    assert page.post(f"/tickets/{answered.pk}/macros/apply/", {"step": told["steps"]} | told).status_code == 303
    row = FollowUp.objects.planned().get()
    assert (row.body, row.template, row.by) == ("Ask", kept, alice)
    assert row.due_at.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%a %H:%M") == "Fri 09:00"
    assert row.due_at - timezone.now() < timedelta(days=8)
    assert again(answered).last_seq == last(answered).seq


def test_what_is_offered_is_on_the_customers_clock(page, answered, carla):  # noqa: F811
    type(carla).objects.filter(pk=carla.pk).update(time_zone="Pacific/Auckland")
    (tomorrow,) = re.findall(r'<option value="([^"]+)">Tomorrow', text(page.get(at(answered))))
    page.post(at(answered), PLAN | {"words": tomorrow})
    local = FollowUp.objects.planned().get().due_at.astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"{local:%H:%M}" == "09:00"


def test_what_could_not_leave_is_planned_anew_with_its_words(page, asked, answered):  # noqa: F811
    answered.customer.addresses.all().delete()
    strike(asked)
    address = f"{at(answered)}?again={asked.pk}"
    assert address in text(page.get(answered.get_absolute_url()))
    shown = text(page.get(address, headers=HTMX))
    assert "has the tyre arrived?" in shown
    assert 'name="words" value=""' in shown
    assert page.get(f"{at(answered)}?again=99999999").status_code == 200
