"""The widget's addresses. `desk_patterns` are a namespace of their own."""

from django.urls import path

from chat import views

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
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/<str:ref>/messages/", views.messages, name="messages"),
    path("tickets/<str:ref>/events/", views.events, name="events"),
    path("tickets/<str:ref>/end/", views.end, name="end"),
    path("tickets/<str:ref>/rating/", views.rating, name="rating"),
    path("tickets/<str:ref>/copy/", views.copy, name="copy"),
]

# What people who work here answer when a chat rings.
desk_patterns = (
    [
        path("ringing/", views.ringing, name="ringing"),
        path("<int:number>/accept/", views.accept, name="accept"),
        path("<int:number>/decline/", views.decline, name="decline"),
    ],
    "chats",
)
