from django.urls import path

from reports.pages import PAGES
from reports.views import behind, changes, figures, mailing, now, saved

app_name = "reports"

urlpatterns = [
    path("", now.dashboard, name="dashboard"),
    path("overview/", now.overview, name="overview"),
    path("team/", now.team, name="team"),
    path("made-good/", now.good, name="made_good"),
    path("changes/", changes.page, name="changes"),
    path("mail/", mailing.all_mailings, name="all_mailings"),
    path("mail/<int:pk>/", mailing.mailing, name="mailing"),
    path("mail/<int:pk>/stop/", mailing.stop_mailing, name="stop_mailing"),
    path("mail/<int:pk>/leave/", mailing.leave_mailing, name="leave_mailing"),
    path("mail/<int:pk>/send/", mailing.send_mailing, name="send_mailing"),
    path("behind/<str:key>/", behind.tickets, name="behind"),
    path("behind/<str:key>.csv", behind.raw_rows, name="raw_rows"),
    path("saved/", saved.saved_reports, name="saved_reports"),
    path("saved/<int:pk>/", saved.saved_report, name="saved_report"),
    path("saved/<int:pk>/delete/", saved.delete_report, name="delete_report"),
    path("<slug:page>/save/", saved.save_report, name="save_report"),
    path("<slug:page>/<slug:chart>.csv", behind.chart_file, name="chart_file"),
    path("saved/<int:pk>/mail/", mailing.mailings, name="mailings"),
    *(path(f"{key}/", figures.page, {"page": key}, name=key) for key in PAGES),
]
