"""What guests and agents do over the live doors; tickets change through `tickets.actions` only."""

from chat.actions.blocking import block_address, unblock_address
from chat.actions.checking import check_guest
from chat.actions.identifying import Identified, identify_visitor, rotate_secret
from chat.actions.noting import forget_trails, note_arrival, note_page
from chat.actions.posting import post_soon
from chat.actions.proving import Proved, send_code, verify_address
from chat.actions.reading import read_soon
from chat.actions.ringing import (
    Ringing,
    accept_chat,
    decline_chat,
    forget_rings,
    ringing_for,
    take_back_abandoned_chats,
)
from chat.actions.setting_up import (
    change_widget,
    create_proactive_message,
    delete_proactive_message,
    reveal_secret,
    update_proactive_message,
)
from chat.actions.sharing import Shared, who_waits
from chat.actions.visiting import (
    Start,
    allow_file,
    allow_guest,
    begin_conversation,
    bring_file,
    leave_address,
    start_visit,
)

__all__ = [
    "Identified",
    "Proved",
    "Ringing",
    "Shared",
    "Start",
    "accept_chat",
    "allow_file",
    "allow_guest",
    "begin_conversation",
    "block_address",
    "bring_file",
    "change_widget",
    "check_guest",
    "create_proactive_message",
    "decline_chat",
    "delete_proactive_message",
    "forget_rings",
    "forget_trails",
    "identify_visitor",
    "leave_address",
    "note_arrival",
    "note_page",
    "post_soon",
    "read_soon",
    "reveal_secret",
    "ringing_for",
    "rotate_secret",
    "send_code",
    "start_visit",
    "take_back_abandoned_chats",
    "unblock_address",
    "update_proactive_message",
    "verify_address",
    "who_waits",
]
