"""The addresses of making good: beside a ticket, the queue, the customers' pages and the settings."""

from django.urls import path

from recovery.views import panel

app_name = "recovery"

urlpatterns = [
    path("tickets/<int:number>/recovery/", panel.panel, name="panel"),
]
