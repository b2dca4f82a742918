"""Where development has its letter box; in tests DEBUG is off, so the desk itself leaves it out."""

from django.urls import include, path

urlpatterns = [path("mail/", include("outbox.urls"))]
