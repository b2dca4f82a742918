"""The widget's addresses. `desk_patterns` and `site_patterns` are namespaces of their own."""

from django.urls import path

from chat import views
from chat.views import settings

app_name = "chat"
urlpatterns = [
    path("embed.js", views.embed, name="embed"),
    path("rules.json", views.rules, name="rules"),
    path("frame/", views.frame, name="frame"),
    path("demo/", views.shop, name="shop"),
    path("start/", views.start, name="start"),
    path("unread/", views.unread, name="unread"),
    path("contact/", views.contact, name="contact"),
    path("identify/", views.identify, name="identify"),
    path("code/", views.code, name="code"),
    path("verify/", views.verify, name="verify"),
    path("files/<uuid:pk>/", views.file, name="file"),
    path("uploads/", views.uploads, name="uploads"),
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/<str:ref>/messages/", views.messages, name="messages"),
    path("tickets/<str:ref>/events/", views.events, name="events"),
    path("tickets/<str:ref>/end/", views.end, name="end"),
    path("tickets/<str:ref>/rating/", views.rating, name="rating"),
    path("tickets/<str:ref>/copy/", views.copy, name="copy"),
]

# What people who work here answer when a chat rings, see of a visitor, and whom they turn away.
desk_patterns = (
    [
        path("chats/ringing/", views.ringing, name="ringing"),
        path("chats/<int:number>/accept/", views.accept, name="accept"),
        path("chats/<int:number>/decline/", views.decline, name="decline"),
        path("chats/<int:number>/visitor/", views.visitor, name="visitor"),
        path("chats/<int:number>/block/", views.block, name="block"),
        path("settings/blocked/", views.blocks, name="blocks"),
        path("settings/blocked/<int:pk>/unblock/", views.unblock, name="unblock"),
    ],
    "chats",
)

# What administrators set for the chat of a website; beside the pages of `accounts`.
site_patterns = (
    [
        path("<int:pk>/snippet/", settings.snippet, name="snippet"),
        path("<int:pk>/offers/", settings.offers, name="offers"),
        path("<int:pk>/identity/", settings.identity, name="identity"),
        path("<int:pk>/identity/secret/", settings.show_secret, name="show_secret"),
        path("<int:pk>/identity/secret/new/", settings.new_secret, name="new_secret"),
        path("<int:pk>/proactive/", settings.proactive, name="proactive"),
        path("<int:pk>/proactive/new/", settings.new_proactive, name="new_proactive"),
        path("<int:pk>/proactive/<int:message_pk>/", settings.proactive_message, name="proactive_message"),
        path("<int:pk>/proactive/<int:message_pk>/switch/", settings.switch_proactive, name="switch_proactive"),
        path("<int:pk>/proactive/<int:message_pk>/delete/", settings.delete_proactive, name="delete_proactive"),
    ],
    "sites",
)
