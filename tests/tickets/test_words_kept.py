"""What is kept of what was said: in English, so that each reader has it in their language, or for whoever it is for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override, pgettext

from accounts.models import Desk, User
from tests.tickets.looking import again, last
from tickets.actions import (
    add_attachment,
    assign_ticket,
    begin_bulk_reply,
    change_many,
    create_macro,
    hold_reply,
    open_ticket,
    post_message,
    run_scheduled_reply,
    send_next_of,
    send_reply,
    set_fields,
    set_status,
    trash_ticket,
)
from tickets.actions.shaping import create_field
from tickets.macros import Steps
from tickets.models import BulkReplyRow, Field, ScheduledReply
from tickets.templatetags.telling import said_value

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def undo_send(settings):
    settings.UNDO_SEND_SECONDS = 10


@pytest.fixture
def german(alice) -> User:
    """Alice, who reads German."""
    User.objects.filter(pk=alice.pk).update(language="de")
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def damaged(sue) -> Field:
    return create_field(by=sue, name="Damaged", kind="yes_no")


def due(reply: ScheduledReply) -> ScheduledReply:
    ScheduledReply.objects.filter(pk=reply.pk).update(send_at=timezone.now() - timedelta(seconds=1))
    return ScheduledReply.objects.get(pk=reply.pk)


def in_german(text: str, **values: object) -> str:
    with override("de"):
        return gettext(text) % values


def test_why_a_reply_is_held_is_in_its_authors_language(ticket, german, bob):
    reply = send_reply(ticket, by=german, body="It is the tyre")
    post_message(ticket, by=bob, body="It was the wheel")
    run_scheduled_reply(due(reply))
    why = in_german("%(name)s answered meanwhile.", name="Bob Bakker")
    assert (ScheduledReply.objects.get().reason, last(ticket).data["reason"]) == (why, why)


def test_who_stops_a_reply_says_so_in_its_authors_language(ticket, german, bob):
    hold_reply(send_reply(ticket, by=german, body="It is the tyre"), by=bob)
    assert ScheduledReply.objects.get().reason == in_german("%(name)s stopped it.", name="Bob Bakker")


def test_a_reason_without_values_is_kept_in_english_and_said_as_its_reader_reads(ticket, german, sue):
    reply = send_reply(ticket, by=german, body="It is the tyre")
    trash_ticket(ticket, by=sue)
    with override("de"):
        run_scheduled_reply(due(reply))
    assert ScheduledReply.objects.get().reason == "The ticket is in the trash."


def test_why_one_of_many_replies_was_not_sent_is_in_its_authors_language(ticket, german, carla):
    bulk = begin_bulk_reply([ticket], by=german, body="Done", client_id="many")
    post_message(ticket, by=carla, body="Never mind")
    send_next_of(bulk, by=german)
    assert BulkReplyRow.objects.get().reason == in_german("They wrote meanwhile.")


def test_yes_is_kept_in_english_and_typed_in_either_language(ticket, alice, damaged):
    with override("de"):
        set_fields(ticket, by=alice, values={damaged.slug: "ja"})
    assert (again(ticket).fields[damaged.slug], last(ticket).data["to"]) == (True, "Yes")
    with override("de"):
        assert said_value("Yes") == pgettext("field", "Yes")
    assert said_value("Yes, I think") == "Yes, I think"


def test_a_macro_keeps_its_fields_in_english(sue, damaged):
    with override("de"):
        steps = [{"do": "field", "value": "Damaged: Nein"}]
        macro = create_macro(by=sue, name="Whole", body="", kind="reply", steps=steps, owner=sue, team=None)
    assert macro.steps == [{"do": "field", "value": "damaged: No"}]


def test_what_stands_for_words_is_in_the_companys_language(desk_row, carla):
    Desk.objects.update(language="de")
    file = add_attachment(SimpleUploadedFile("a.txt", b"x"), by=carla)
    ticket = open_ticket(carla, by=carla, body="", channel="form", attachments=(str(file.pk),))
    assert ticket.preview == in_german("A file")


def test_what_can_be_undone_is_said_to_whoever_did_it(ticket, chat_ticket, alice, bob):
    with override("de"):
        changed = change_many(
            [ticket, chat_ticket], by=alice, change=lambda one: assign_ticket(one, by=alice, user=bob)
        )
        done = gettext("assigned to %(name)s") % {"name": "Bob Bakker"}
        said = ngettext("%(count)s ticket %(done)s", "%(count)s tickets %(done)s", 2) % {"count": 2, "done": done}
    assert changed.undo.label == said


def test_a_refusal_is_said_to_whoever_is_refused(ticket, alice):
    with override("de"), pytest.raises(ValidationError) as refused:
        set_status(ticket, by=alice, status="solved")
    assert refused.value.messages == [in_german("Use Solve to solve a ticket.")]


def test_a_step_is_rehearsed_in_the_readers_language():
    step = {"do": "status", "value": "pending"}
    assert Steps().say(step) == "mark as pending"
    with override("de"):
        assert Steps().say(step) == gettext("mark as {}").format(Steps().options("status")["pending"])
