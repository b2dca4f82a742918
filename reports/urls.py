from django.urls import path

from reports.views import now

app_name = "reports"

urlpatterns = [
    path("", now.dashboard, name="dashboard"),
    path("team/", now.team, name="team"),
    path("made-good/", now.good, name="made_good"),
]
