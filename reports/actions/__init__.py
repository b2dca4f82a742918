"""What is written for reports: facts as the log of events tells them, and reports that come by mail. Import it from
here."""

from reports.actions.counting import count_past, differences, recount, skip_counted, sweep
from reports.actions.mailing import (
    change_mailing,
    forget_pictures,
    leave_mailing,
    send_mailing,
    send_now,
    set_up_mailing,
    stop_mailing,
)
from reports.actions.saving import delete_report, save_report

__all__ = [
    "change_mailing",
    "count_past",
    "delete_report",
    "differences",
    "forget_pictures",
    "leave_mailing",
    "recount",
    "save_report",
    "send_mailing",
    "send_now",
    "set_up_mailing",
    "skip_counted",
    "stop_mailing",
    "sweep",
]
