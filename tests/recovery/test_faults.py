"""Administrators are told where the ledger and the offers disagree, until somebody has settled it."""

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from recovery.models import LedgerAlarm
from recovery.queries.faults import ledger_faults

pytestmark = pytest.mark.django_db


def test_an_open_alarm_is_a_fault_and_a_settled_one_is_none():
    assert list(ledger_faults(timezone.now())) == []
    alarm = LedgerAlarm.objects.create(what="An offer without an entry.")
    (fault,) = ledger_faults(timezone.now())
    assert fault.words % fault.values == "The ledger and the offers disagree in so many places: 1."
    alarm.settled_at = timezone.now()
    alarm.save()
    assert list(ledger_faults(timezone.now())) == []


def test_whoever_is_asked_what_is_wrong_answers():
    for path in settings.TROUBLE_SOURCES:
        assert list(import_string(path)(timezone.now())) == []
