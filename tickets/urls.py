"""The workspace's addresses. `customer_patterns` are a namespace of their own."""

from django.urls import path

from tickets.views import bulk, customers, files, inbox, macros, ticket, undoing

app_name = "tickets"

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("tickets/new/", ticket.new, name="new"),
    path("tickets/bulk/", bulk.bulk, name="bulk"),
    path("tickets/bulk/replies/", bulk.replies, name="bulk_replies"),
    path("tickets/bulk/replies/<int:pk>/stop/", bulk.stop, name="stop_bulk_reply"),
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
    path("tickets/<int:number>/macros/", macros.choices, name="macros"),
    path("tickets/<int:number>/macros/<int:pk>/", macros.choice, name="macro"),
    path("tickets/<int:number>/macros/apply/", macros.apply, name="apply_macros"),
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
