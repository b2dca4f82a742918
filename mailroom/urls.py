"""Mail under Settings, and the doors that mail providers and programs use."""

from django.urls import path

from mailroom.views import blocking, connecting, hooks, mailboxes, mails, outgoing, senders, spam, wordings

app_name = "mailroom"
urlpatterns = [
    path("settings/email/", mailboxes.mailboxes, name="mailboxes"),
    path("settings/email/new/<slug:kind>/", mailboxes.new_mailbox, name="new_mailbox"),
    path("settings/email/mailboxes/<int:pk>/", mailboxes.mailbox, name="mailbox"),
    path("settings/email/mailboxes/<int:pk>/remove/", mailboxes.remove, name="remove_mailbox"),
    path("settings/email/mailboxes/<int:pk>/connect/", connecting.connect, name="connect"),
    path("settings/email/connected/", connecting.connected, name="connected"),
    path("settings/email/mailboxes/<int:pk>/test/", mailboxes.try_out, name="test_mailbox"),
    path("settings/email/mailboxes/<int:pk>/count/", mailboxes.count, name="reconcile"),
    path("settings/email/mails/", mails.mails, name="mails"),
    path("settings/email/mails/<uuid:pk>/", mails.mail, name="mail"),
    path("settings/email/mails/<uuid:pk>/source/", mails.source, name="source"),
    path("settings/email/mails/<uuid:pk>/do/", mails.deed, name="mail_deed"),
    path("settings/email/sending/", outgoing.outgoing, name="outgoing"),
    path("settings/email/sending/switch/", outgoing.switch, name="switch"),
    path("settings/email/sending/suppressed/", outgoing.suppressed, name="suppressed"),
    path("settings/email/sending/suppressed/<int:pk>/release/", outgoing.release, name="release"),
    path("settings/email/sending/<uuid:pk>/", outgoing.outgoing_mail, name="outgoing_mail"),
    path("settings/email/sending/<uuid:pk>/do/", outgoing.outgoing_deed, name="outgoing_deed"),
    path("settings/email/senders/", senders.senders, name="senders"),
    path("settings/email/senders/new/", senders.sender, name="new_sender"),
    path("settings/email/senders/preview/", senders.preview, name="preview_sender"),
    path("settings/email/senders/<int:pk>/", senders.sender, name="sender"),
    path("settings/email/senders/<int:pk>/do/", senders.sender_deed, name="sender_deed"),
    path("settings/email/wordings/", wordings.wordings, name="wordings"),
    path("settings/email/wordings/<slug:kind>/<slug:language>/", wordings.wording, name="wording"),
    path("settings/email/wordings/<slug:kind>/<slug:language>/preview/", wordings.preview, name="preview_wording"),
    path("settings/email/blocked/", blocking.blocked, name="blocked"),
    path("settings/email/blocked/<int:pk>/unblock/", blocking.unblock, name="unblock"),
    path("messages/<int:pk>/spam/", spam.spam, name="spam"),
    path("hooks/mail/<str:key>/", hooks.hook, name="hook"),
]
