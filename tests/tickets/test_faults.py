"""What the clock should have done long ago is told of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tickets.actions import schedule_reply
from tickets.models import ScheduledReply
from tickets.queries.faults import late_work

pytestmark = pytest.mark.django_db


def test_a_reply_that_is_late_is_a_fault(ticket, alice):
    now = timezone.now()
    schedule_reply(ticket, by=alice, body="It leaves today.", send_at=now + timedelta(hours=1))
    assert list(late_work(now)) == []
    ScheduledReply.objects.update(send_at=now - timedelta(minutes=4))
    assert list(late_work(now)) == []
    ScheduledReply.objects.update(send_at=now - timedelta(minutes=6))
    assert [fault.key for fault in late_work(now)] == ["tickets.late"]
