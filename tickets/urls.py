"""The workspace's addresses. `customer_patterns` are a namespace of their own."""

from django.urls import path

from tickets.views import (
    amending,
    articles,
    bulk,
    causes,
    customers,
    files,
    finding,
    inbox,
    macros,
    merging,
    notifying,
    outgoing,
    panels,
    planning,
    portal,
    promises,
    relating,
    shaping,
    sharing,
    signing,
    snoozing,
    ticket,
    trashing,
    undoing,
    uniting_customers,
    viewing,
)
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
    path("tickets/new/", outgoing.new, name="new"),
    path("tickets/new/people/", outgoing.people, name="people"),
    path("tickets/new/<int:pk>/", outgoing.outreach, name="outreach"),
    path("tickets/new/<int:pk>/stop/", outgoing.stop_outreach, name="stop_outreach"),
    path("tickets/bulk/", bulk.bulk, name="bulk"),
    path("tickets/bulk/replies/", bulk.replies, name="bulk_replies"),
    path("tickets/bulk/replies/<int:pk>/stop/", bulk.stop, name="stop_bulk_reply"),
    path("follow-ups/", planning.due, name="due"),
    path("notifications/", notifying.notifications, name="notifications"),
    path("notifications/bell/", notifying.bell, name="bell"),
    path("notifications/read/", notifying.read, name="read_notifications"),
    path("notifications/worker.js", notifying.push_worker, name="push_worker"),
    path("notifications/browsers/", notifying.subscribe, name="subscribe"),
    path("notifications/browsers/remove/", notifying.unsubscribe, name="unsubscribe"),
    path("settings/notifications/", notifying.notification_settings, name="notification_settings"),
    path("tags/", shaping.tag_names, name="tag_names"),
    path("find/", finding.find, name="find"),
    path("undo/<int:pk>/", undoing.undo, name="undo"),
    path("signature/preview/", signing.preview_signature, name="preview_signature"),
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
    path("tickets/<int:number>/fields/", ticket.fields, name="fields"),
    path("tickets/<int:number>/panels/<int:pk>/", panels.panel, name="panel"),
    path("tickets/<int:number>/panels/<int:pk>/frame/", panels.panel_frame, name="panel_frame"),
    path("tickets/<int:number>/panels/<int:pk>/page/", panels.panel_door, name="panel_door"),
    path("tickets/<int:number>/resolve/", ticket.resolve, name="resolve"),
    path("tickets/<int:number>/follow-up/", ticket.follow_up, name="follow_up"),
    path("tickets/<int:number>/follow-ups/", planning.plan, name="plan"),
    path("tickets/<int:number>/follow-ups/preview/", planning.preview, name="plan_preview"),
    path("tickets/<int:number>/follow-ups/<int:pk>/", planning.planned, name="planned"),
    path("tickets/<int:number>/follow-ups/<int:pk>/do/", planning.deed, name="follow_up_deed"),
    path("tickets/<int:number>/reopen/", ticket.reopen, name="reopen"),
    path("tickets/<int:number>/copy/", ticket.copy, name="copy"),
    path("tickets/<int:number>/copies/", sharing.add_copied, name="add_copied"),
    path("tickets/<int:number>/copies/<int:pk>/remove/", sharing.remove_copied, name="remove_copied"),
    path("tickets/<int:number>/forward/", sharing.forward, name="forward"),
    path("tickets/<int:number>/merge/", merging.merge, name="merge"),
    path("tickets/<int:number>/unmerge/", merging.undo, name="unmerge"),
    path("tickets/<int:number>/link/", relating.link, name="link"),
    path("tickets/<int:number>/unlink/", relating.unlink, name="unlink"),
    path("tickets/<int:number>/split/", relating.split, name="split"),
    path("tickets/<int:number>/checklist/", relating.checklist, name="checklist"),
    path("tickets/<int:number>/checklist/<int:pk>/", relating.checklist_item, name="checklist_item"),
    path("tickets/<int:number>/trash/", trashing.trash, name="trash"),
    path("tickets/<int:number>/restore/", trashing.restore, name="restore"),
    path("tickets/<int:number>/follow/", notifying.follow, name="follow"),
    path("tickets/<int:number>/unfollow/", notifying.unfollow, name="unfollow"),
    path("tickets/<int:number>/mentions/", notifying.mention_options, name="mention_options"),
    path("tickets/<int:number>/snooze/", snoozing.snooze, name="snooze"),
    path("tickets/<int:number>/wake/", snoozing.wake, name="wake"),
    path("tickets/<int:number>/unread/", snoozing.unread, name="unread"),
    path("tickets/when/", snoozing.when, name="when"),
    path("tickets/<int:number>/macros/", macros.choices, name="macros"),
    path("tickets/<int:number>/macros/<int:pk>/", macros.choice, name="macro"),
    path("tickets/<int:number>/macros/apply/", macros.apply, name="apply_macros"),
    path("tickets/<int:number>/articles/", articles.choices, name="articles"),
    path("tickets/preview/", articles.preview, name="preview"),
    path("tickets/<int:number>/draft/", draft, name="draft"),
    path("tickets/<int:number>/later/", later, name="later"),
    path("messages/<int:pk>/edit/", amending.edit_note, name="edit_note"),
    path("messages/<int:pk>/redact/", amending.redact, name="redact"),
    path("files/<uuid:pk>/remove/", amending.remove_file, name="remove_file"),
    path("uploads/", files.upload, name="upload"),
    path("files/<uuid:pk>/", files.download, name="file"),
    path("rate/<str:token>/", portal.rate, name="rate"),
]

customer_patterns = (
    [
        path("", customers.index, name="list"),
        path("<int:pk>/", customers.detail, name="detail"),
        path("<int:pk>/same-person/", uniting_customers.same_person, name="same_person"),
        path("<int:pk>/merges/<int:merge_pk>/undo/", uniting_customers.another_person, name="another_person"),
    ],
    "customers",
)

# Under Settings, beside the pages of `accounts`.
macro_patterns = (
    [
        path("", macros.macros, name="list"),
        path("new/", macros.new_macro, name="new"),
        path("standard/", macros.add_standard, name="add_standard"),
        path("preview/", macros.preview, name="preview"),
        path("<int:pk>/", macros.macro, name="macro"),
        path("<int:pk>/duplicate/", macros.duplicate, name="duplicate"),
        path("<int:pk>/delete/", macros.delete, name="delete"),
    ],
    "macros",
)

# Under Settings, too: what managers set of tickets.
shape_patterns = (
    [
        path("fields/", shaping.fields, name="fields"),
        path("fields/new/", shaping.new_field, name="new_field"),
        path("fields/<int:pk>/", shaping.field, name="field"),
        path("fields/<int:pk>/move/", shaping.move_field, name="move_field"),
        path("fields/<int:pk>/archive/", shaping.archive_field, name="archive_field"),
        path("statuses/", shaping.statuses, name="statuses"),
        path("statuses/<int:pk>/", shaping.change_status, name="change_status"),
        path("tags/", shaping.tags, name="tags"),
        path("follow-ups/", planning.templates, name="follow_ups"),
        path("follow-ups/new/", planning.new_template, name="new_follow_up"),
        path("follow-ups/<int:pk>/", planning.template, name="follow_up"),
        path("follow-ups/<int:pk>/archive/", planning.archive_template, name="archive_follow_up"),
        path("tags/<int:pk>/", shaping.tag, name="tag"),
        path("panels/", panels.panels, name="panels"),
        path("panels/new/", panels.new_panel, name="new_panel"),
        path("panels/<int:pk>/", panels.change_panel, name="panel"),
        path("panels/<int:pk>/secret/", panels.new_panel_secret, name="new_panel_secret"),
        path("panels/<int:pk>/try/", panels.try_panel, name="try_panel"),
        path("panels/<int:pk>/move/", panels.move_panel, name="move_panel"),
        path("panels/<int:pk>/delete/", panels.delete_panel, name="delete_panel"),
    ],
    "shaping",
)

# Under /root-causes/: everybody sees them, managers keep them.
cause_patterns = (
    [
        path("", causes.causes, name="list"),
        path("<int:pk>/", causes.cause, name="cause"),
    ],
    "causes",
)

promise_patterns = (
    [
        path("", promises.promises, name="list"),
        path("new/", promises.new_promise, name="new"),
        path("<int:pk>/", promises.promise, name="change"),
        path("<int:pk>/move/", promises.move_promise, name="move"),
        path("<int:pk>/switch/", promises.switch_promise, name="switch"),
    ],
    "promises",
)

article_patterns = (
    [
        path("", articles.articles, name="list"),
        path("new/", articles.new_article, name="new"),
        path("<int:pk>/", articles.article, name="article"),
        path("<int:pk>/archive/", articles.archive, name="archive"),
    ],
    "articles",
)
