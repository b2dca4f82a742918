"""The pages of reports by mail: set up, changed, stopped and left by a form, without a script."""

from __future__ import annotations

import pytest
from django.test import Client

from outbox.models import Mail
from reports.actions import set_up_mailing
from reports.models import Mailing, SavedReport
from tests.hostile.payloads import FEW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def report(sue, desk_row) -> SavedReport:
    return SavedReport.objects.create(owner=sue, name="Mondays", page="channels", query="span=7")


@pytest.fixture
def mailing(report, sue, lea) -> Mailing:
    return set_up_mailing(report, by=sue, every="week", hour=7, people=[sue, lea])


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_one_sets_it_up_and_sees_that_it_runs(report, sue, lea, alice):
    client, address = browser(sue), f"/dashboard/saved/{report.pk}/mail/"
    page = client.get(address).content.decode()
    assert "Lea Lind" in page
    assert "Alice Arden" not in page  # she may see no figures
    answer = client.post(address, {"every": "month", "hour": "6", "people": [sue.pk, lea.pk]})
    assert (answer.status_code, answer["Location"]) == (302, address)
    mailing = Mailing.objects.get()
    assert (mailing.every, mailing.hour, mailing.people.count()) == ("month", 6, 2)
    page = client.get(address).content.decode()
    assert "On the first of the month" in page
    assert "Lea Lind" in page


@pytest.mark.parametrize("name", ["every", "hour", "people"])
def test_what_is_none_of_the_choices_is_refused(report, sue, name):
    client, right = browser(sue), {"every": "week", "hour": "7", "people": str(sue.pk)}
    for hostile in [*FEW, "", "-1", "24", "9" * 30]:
        answer = client.post(f"/dashboard/saved/{report.pk}/mail/", right | {name: hostile})
        assert answer.status_code == 422, hostile
    assert not Mailing.objects.exists()


def test_nobody_sets_up_what_they_cannot_see(report, lea, alice):
    for viewer, status in ((lea, 404), (alice, 403)):
        for method in ("get", "post"):
            assert getattr(browser(viewer), method)(f"/dashboard/saved/{report.pk}/mail/").status_code == status


def test_one_changes_it(mailing, sue, lea):
    client, address = browser(sue), f"/dashboard/mail/{mailing.pk}/"
    assert 'value="week" selected' in client.get(address).content.decode()
    assert client.post(address, {"every": "day", "hour": "5", "people": [lea.pk]}).status_code == 302
    mailing.refresh_from_db()
    assert (mailing.every, mailing.hour, list(mailing.people.all())) == ("day", 5, [lea])
    assert client.post(address, {"every": "day", "hour": "5"}).status_code == 422


def test_who_only_gets_it_leaves_it_and_changes_nothing(mailing, sue, lea):
    client = browser(lea)
    page = client.get("/dashboard/mail/").content.decode()
    assert "Mondays" in page
    assert f"/dashboard/mail/{mailing.pk}/leave/" in page
    assert f"/dashboard/mail/{mailing.pk}/stop/" not in page
    assert client.get(f"/dashboard/mail/{mailing.pk}/").status_code == 403
    assert client.post(f"/dashboard/mail/{mailing.pk}/stop/").status_code == 403
    assert client.post(f"/dashboard/mail/{mailing.pk}/leave/").status_code == 302
    assert list(mailing.people.all()) == [sue]
    assert client.post(f"/dashboard/mail/{mailing.pk}/leave/").status_code == 404
    assert "No report comes by mail yet" in client.get("/dashboard/mail/").content.decode()


def test_its_maker_stops_it(mailing, sue):
    client = browser(sue)
    assert client.post(f"/dashboard/mail/{mailing.pk}/stop/").status_code == 302
    assert Mailing.objects.running().count() == 0
    assert client.get(f"/dashboard/mail/{mailing.pk}/").status_code == 404


def test_others_see_nothing_of_it(mailing, adam, charlie):
    assert "Mondays" not in browser(adam).get("/dashboard/mail/").content.decode()
    for what in ("", "stop/", "leave/", "send/"):
        assert browser(adam).post(f"/dashboard/mail/{mailing.pk}/{what}").status_code == 404
        assert browser(charlie).post(f"/dashboard/mail/{mailing.pk}/{what}").status_code == 403


def test_one_copy_comes_at_once(mailing, lea):
    assert browser(lea).post(f"/dashboard/mail/{mailing.pk}/send/").status_code == 302
    mail = Mail.objects.get(kind="report")
    assert [one.email for one in mail.recipients.all()] == ["lea@example.com"]
    assert "/dashboard/channels/?span=" in mail.text


def test_any_name_of_a_report_is_only_a_name(mailing, report, sue):
    client = browser(sue)
    for hostile in FEW:
        SavedReport.objects.filter(pk=report.pk).update(name=hostile.replace("\x00", "")[:80])
        for address in ("/dashboard/mail/", f"/dashboard/saved/{report.pk}/mail/", f"/dashboard/mail/{mailing.pk}/"):
            answer = client.get(address)
            assert answer.status_code == 200, hostile
            assert "<script>alert" not in answer.content.decode()
        assert client.post(f"/dashboard/mail/{mailing.pk}/send/").status_code == 302
        mail = Mail.objects.get(kind="report")
        assert "<script>alert" not in mail.html
        assert not set("\r\n") & set(mail.subject)
        mail.delete()


def test_a_list_of_many_asks_few_questions(report, sue, lea, adam, django_assert_max_num_queries):
    for hour in range(8):
        set_up_mailing(report, by=sue, every="day", hour=hour, people=[sue, lea, adam])
    client = browser(sue)
    with django_assert_max_num_queries(16):
        client.get("/dashboard/mail/")
