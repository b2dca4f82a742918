"""The only writers of tickets. Every door calls these: page, API, socket, mail, clock.

Each locks the ticket's row, asks "may they?" and "can it be?", changes, and records an event.
`by` is whoever acts (None: the system); `at` is for demo and import only.
"""

from tickets.actions.amending import ChangedError, edit_note, empty_removed_files, redact_message, remove_file
from tickets.actions.articles import archive_article, change_article, create_article, restore_article
from tickets.actions.attaching import add_attachment, discard_unsent
from tickets.actions.bulk import (
    begin_bulk_reply,
    change_many,
    forget_bulk_replies,
    send_next_of,
    stop_bulk_reply,
)
from tickets.actions.checking_off import add_items, change_item, check_item, move_item, put_item_back, remove_item
from tickets.actions.copying import mail_copy
from tickets.actions.copying_in import add_copied, remove_copied
from tickets.actions.drafting import discard_draft, save_draft
from tickets.actions.ending import end_chat, tell_of_address
from tickets.actions.falling_due import do_follow_up_now, drop_pointless, run_follow_up
from tickets.actions.filling import set_fields
from tickets.actions.following import follow_ticket, unfollow_ticket
from tickets.actions.following_up import call_off_follow_up, move_follow_up
from tickets.actions.forwarding import forward_ticket, take_back_forward
from tickets.actions.handing_over import (
    invite_agent,
    join_ticket,
    leave_ticket,
    release_ticket,
    take_chat,
    transfer_ticket,
)
from tickets.actions.indexing import index_due
from tickets.actions.lettering import acknowledge, flag_sender, open_by_letter, post_letter
from tickets.actions.macros import (
    apply_macro,
    apply_steps,
    change_macro,
    copy_macro,
    create_macro,
    delete_macro,
    post_with_steps,
)
from tickets.actions.merging import merge_guest, tell_of_identity
from tickets.actions.notifying import (
    change_notification_settings,
    forget_notifications,
    notify,
    read_notifications,
    subscribe_browser,
    sweep_events,
    unsubscribe_browser,
)
from tickets.actions.opening import open_ticket
from tickets.actions.outreach import begin_outreach, forget_outreaches, stop_outreach, write_first, write_next_of
from tickets.actions.planning import (
    change_follow_up,
    complete_task,
    drop_follow_up,
    plan_follow_up,
    plan_from_template,
    restore_follow_up,
)
from tickets.actions.posting import Post, post_message, post_messages
from tickets.actions.rating import rate_ticket
from tickets.actions.reaching import due_for, mail_digest, push_to
from tickets.actions.reading import mark_seen, mark_unread
from tickets.actions.relating import link_ticket, unlink_ticket
from tickets.actions.reporting import report_mail_trouble
from tickets.actions.scheduling import (
    HeldError,
    discard_reply,
    hold_reply,
    run_scheduled_reply,
    schedule_reply,
    send_reply,
    send_reply_now,
    take_back_reply,
)
from tickets.actions.snoozing import snooze_ticket, wake_ticket
from tickets.actions.solving import reopen_ticket, resolve_ticket
from tickets.actions.sorting import assign_ticket, retag_ticket, set_priority, set_status, tag_ticket
from tickets.actions.splitting import split_ticket
from tickets.actions.sweeping import read_log
from tickets.actions.trashing import restore_ticket, trash_ticket
from tickets.actions.undoing import (
    forget_undos,
    newest_undo,
    offer_to_undo,
    offer_to_undo_each,
    remembering,
    undo,
)
from tickets.actions.uniting import merge_ticket, undo_merge
from tickets.actions.uniting_customers import merge_customers, preview_merge, undo_customer_merge
from tickets.actions.viewing import change_view, delete_view, move_view, save_view

__all__ = [
    "ChangedError",
    "HeldError",
    "Post",
    "acknowledge",
    "add_attachment",
    "add_copied",
    "add_items",
    "apply_macro",
    "apply_steps",
    "archive_article",
    "assign_ticket",
    "begin_bulk_reply",
    "begin_outreach",
    "call_off_follow_up",
    "change_article",
    "change_follow_up",
    "change_item",
    "change_macro",
    "change_many",
    "change_notification_settings",
    "change_view",
    "check_item",
    "complete_task",
    "copy_macro",
    "create_article",
    "create_macro",
    "delete_macro",
    "delete_view",
    "discard_draft",
    "discard_reply",
    "discard_unsent",
    "do_follow_up_now",
    "drop_follow_up",
    "drop_pointless",
    "due_for",
    "edit_note",
    "empty_removed_files",
    "end_chat",
    "flag_sender",
    "follow_ticket",
    "forget_bulk_replies",
    "forget_notifications",
    "forget_outreaches",
    "forget_undos",
    "forward_ticket",
    "hold_reply",
    "index_due",
    "invite_agent",
    "join_ticket",
    "leave_ticket",
    "link_ticket",
    "mail_copy",
    "mail_digest",
    "mark_seen",
    "mark_unread",
    "merge_customers",
    "merge_guest",
    "merge_ticket",
    "move_follow_up",
    "move_item",
    "move_view",
    "newest_undo",
    "notify",
    "offer_to_undo",
    "offer_to_undo_each",
    "open_by_letter",
    "open_ticket",
    "plan_follow_up",
    "plan_from_template",
    "post_letter",
    "post_message",
    "post_messages",
    "post_with_steps",
    "push_to",
    "put_item_back",
    "preview_merge",
    "rate_ticket",
    "read_log",
    "read_notifications",
    "redact_message",
    "release_ticket",
    "remembering",
    "remove_copied",
    "remove_file",
    "remove_item",
    "reopen_ticket",
    "report_mail_trouble",
    "resolve_ticket",
    "restore_article",
    "restore_follow_up",
    "restore_ticket",
    "retag_ticket",
    "run_follow_up",
    "run_scheduled_reply",
    "save_draft",
    "save_view",
    "schedule_reply",
    "send_next_of",
    "send_reply",
    "send_reply_now",
    "set_fields",
    "set_priority",
    "set_status",
    "snooze_ticket",
    "split_ticket",
    "stop_bulk_reply",
    "stop_outreach",
    "subscribe_browser",
    "sweep_events",
    "tag_ticket",
    "take_back_forward",
    "take_back_reply",
    "take_chat",
    "tell_of_address",
    "tell_of_identity",
    "transfer_ticket",
    "trash_ticket",
    "undo",
    "undo_customer_merge",
    "undo_merge",
    "unfollow_ticket",
    "unlink_ticket",
    "unsubscribe_browser",
    "wake_ticket",
    "write_first",
    "write_next_of",
]
