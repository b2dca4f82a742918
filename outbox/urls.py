from django.urls import path

from outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.mail_list, name="mail_list"),
    path("<str:key>/", views.mail_detail, name="mail_detail"),
    path("<str:key>/html/", views.mail_html, name="mail_html"),
]

reader_patterns = [path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe")]
