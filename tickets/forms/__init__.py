"""What agents' forms accept. They check and clean; the actions save."""

from tickets.forms.bulk import BulkAssignForm, BulkForm, BulkReplyForm, BulkTagsForm
from tickets.forms.fields import new_client_id, problems_of
from tickets.forms.keeping import MacroForm, SavedViewForm
from tickets.forms.ticket import (
    ApplyForm,
    AssignForm,
    CustomerForm,
    FollowUpForm,
    InviteForm,
    MergeForm,
    NewTicketForm,
    PriorityForm,
    ReplyForm,
    ResolveForm,
    StatusForm,
    TagsForm,
    TransferForm,
)

__all__ = [
    "ApplyForm",
    "AssignForm",
    "BulkAssignForm",
    "BulkForm",
    "BulkReplyForm",
    "BulkTagsForm",
    "CustomerForm",
    "FollowUpForm",
    "InviteForm",
    "MacroForm",
    "MergeForm",
    "NewTicketForm",
    "PriorityForm",
    "ReplyForm",
    "ResolveForm",
    "SavedViewForm",
    "StatusForm",
    "TagsForm",
    "TransferForm",
    "new_client_id",
    "problems_of",
]
