"""The workspace's addresses. `customer_patterns` are a namespace of their own."""

from django.urls import path

from tickets.views import bulk, customers, files, finding, inbox, macros, merging, snoozing, ticket, undoing, viewing
from tickets.views.drafts import draft
from tickets.views.later import later

app_name = "tickets"

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("views/", viewing.views, name="views"),
    path("views/new/", viewing.new_view, name="new_view"),
    path("views/<int:pk>/", viewing.view, name="view"),
    path("views/<int:pk>/delete/", viewing.delete_view, name="delete_view"),
    path("views/<int:pk>/move/", viewing.move_view, name="move_view"),
    path("tickets/new/", ticket.new, name="new"),
    path("tickets/bulk/", bulk.bulk, name="bulk"),
    path("tickets/bulk/replies/", bulk.replies, name="bulk_replies"),
    path("tickets/bulk/replies/<int:pk>/stop/", bulk.stop, name="stop_bulk_reply"),
    path("find/", finding.find, name="find"),
    path("undo/<int:pk>/", undoing.undo, name="undo"),
    path("tickets/<int:number>/", ticket.show, name="show"),
    path("tickets/<int:number>/reply/", ticket.reply, name="reply"),
    path("tickets/<int:number>/note/", ticket.note, name="note"),
    path("tickets/<int:number>/assign/", ticket.assign, name="assign"),
    path("tickets/<int:number>/transfer/", ticket.transfer, name="transfer"),
    path("tickets/<int:number>/invite/", ticket.invite, name="invite"),
    path("tickets/<int:number>/join/", ticket.join, name="join"),
    path("tickets/<int:number>/leave/", ticket.leave, name="leave"),
    path("tickets/<int:number>/status/", ticket.status, name="status"),
    path("tickets/<int:number>/priority/", ticket.priority, name="priority"),
    path("tickets/<int:number>/tags/", ticket.tags, name="tags"),
    path("tickets/<int:number>/resolve/", ticket.resolve, name="resolve"),
    path("tickets/<int:number>/follow-up/", ticket.follow_up, name="follow_up"),
    path("tickets/<int:number>/reopen/", ticket.reopen, name="reopen"),
    path("tickets/<int:number>/copy/", ticket.copy, name="copy"),
    path("tickets/<int:number>/merge/", merging.merge, name="merge"),
    path("tickets/<int:number>/unmerge/", merging.undo, name="unmerge"),
    path("tickets/<int:number>/snooze/", snoozing.snooze, name="snooze"),
    path("tickets/<int:number>/wake/", snoozing.wake, name="wake"),
    path("tickets/<int:number>/unread/", snoozing.unread, name="unread"),
    path("tickets/when/", snoozing.when, name="when"),
    path("tickets/<int:number>/macros/", macros.choices, name="macros"),
    path("tickets/<int:number>/macros/<int:pk>/", macros.choice, name="macro"),
    path("tickets/<int:number>/macros/apply/", macros.apply, name="apply_macros"),
    path("tickets/<int:number>/draft/", draft, name="draft"),
    path("tickets/<int:number>/later/", later, name="later"),
    path("uploads/", files.upload, name="upload"),
    path("files/<uuid:pk>/", files.download, name="file"),
]

customer_patterns = (
    [
        path("", customers.index, name="list"),
        path("<int:pk>/", customers.detail, name="detail"),
    ],
    "customers",
)

# Under Settings, beside the pages of `accounts`.
macro_patterns = (
    [
        path("", macros.macros, name="list"),
        path("new/", macros.new_macro, name="new"),
        path("preview/", macros.preview, name="preview"),
        path("<int:pk>/", macros.macro, name="macro"),
        path("<int:pk>/duplicate/", macros.duplicate, name="duplicate"),
        path("<int:pk>/delete/", macros.delete, name="delete"),
    ],
    "macros",
)
