"""What the clock starts: each tick is there to be lost."""

from __future__ import annotations

from celery.schedules import crontab
from django.conf import settings

from helpdesk.celery import app


def test_ticks_do_not_pile_up_where_workers_are_too_slow():
    for name, tick in settings.CELERY_BEAT_SCHEDULE.items():
        expires = tick["options"]["expires"]
        assert expires >= 60, f"{name}: a worker that is busy for a moment would lose it"
        if not isinstance(tick["schedule"], crontab):
            assert expires >= tick["schedule"], f"{name} may be lost each time"
            assert expires <= max(60, tick["schedule"]), f"{name} piles up"


def test_the_clock_and_the_workers_know_every_task():
    app.loader.import_default_modules()
    assert {tick["task"] for tick in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
