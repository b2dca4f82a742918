"""The desk with development's letter box, which it leaves out where DEBUG is off."""

from django.urls import include, path

from helpdesk.urls import urlpatterns as desk

urlpatterns = [*desk, path("mail/", include("outbox.urls"))]
