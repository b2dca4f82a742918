"""The addresses of making good: beside a ticket, the queue, the customers' pages and the settings."""

from django.urls import path

from recovery.views import panel, portal

app_name = "recovery"

urlpatterns = [
    path("tickets/<int:number>/recovery/", panel.panel, name="panel"),
    path("tickets/<int:number>/recovery/failure/", panel.note, name="failure"),
    path("tickets/<int:number>/recovery/failure/withdraw/", panel.withdraw, name="withdraw_failure"),
    path("tickets/<int:number>/recovery/fault/", panel.fault, name="fault"),
    path("tickets/<int:number>/recovery/marks/", panel.mark, name="mark"),
    path("offer/<str:token>/", portal.offer, name="offer"),
    path("survey/<str:token>/", portal.survey, name="survey"),
]
