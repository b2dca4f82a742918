"""What agents' forms accept. They check and clean; the actions save."""

from tickets.forms.amending import NoteForm, RedactForm
from tickets.forms.bulk import BulkAssignForm, BulkFieldForm, BulkForm, BulkReplyForm, BulkTagsForm
from tickets.forms.fields import new_client_id, problems_of
from tickets.forms.keeping import MacroForm, SavedViewForm
from tickets.forms.outgoing import CopyForm, ForwardForm, NewTicketForm
from tickets.forms.relating import ChecklistForm, ChecklistItemForm, LinkForm, SplitForm, UnlinkForm
from tickets.forms.ticket import (
    ApplyForm,
    AssignForm,
    CustomerForm,
    FieldsForm,
    FollowUpForm,
    InviteForm,
    MergeForm,
    PriorityForm,
    ReplyForm,
    ResolveForm,
    StatusForm,
    TagsForm,
    TransferForm,
)

__all__ = [
    "UnlinkForm",
    "SplitForm",
    "LinkForm",
    "ChecklistItemForm",
    "ChecklistForm",
    "ApplyForm",
    "AssignForm",
    "BulkAssignForm",
    "BulkFieldForm",
    "BulkForm",
    "BulkReplyForm",
    "BulkTagsForm",
    "CopyForm",
    "CustomerForm",
    "FieldsForm",
    "FollowUpForm",
    "ForwardForm",
    "InviteForm",
    "MacroForm",
    "MergeForm",
    "NewTicketForm",
    "NoteForm",
    "PriorityForm",
    "RedactForm",
    "ReplyForm",
    "ResolveForm",
    "SavedViewForm",
    "StatusForm",
    "TagsForm",
    "TransferForm",
    "new_client_id",
    "problems_of",
]
