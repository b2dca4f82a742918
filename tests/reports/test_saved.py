"""Reports that are kept: whose they are, who opens them, and that they show what is so today."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from reports import actions
from reports.actions import saving
from reports.models import SavedReport

pytestmark = pytest.mark.django_db


def test_a_page_is_kept_with_its_filters_and_opened_again(client, lea, workshop):
    client.force_login(lea)
    page = client.get("/dashboard/trends/save/?span=7&team=workshop&colour=red")
    assert "Trends" in page.content.decode()
    answer = client.post(
        "/dashboard/trends/save/?span=7&team=workshop&colour=red", {"name": "Our week", "whose": "me"}, follow=True
    )
    assert "Our week" in answer.content.decode()
    assert "Trends · <bdi>Last 7 days, workshop</bdi>" in answer.content.decode()
    saved = SavedReport.objects.get()
    assert (saved.page, saved.query, saved.owner) == ("trends", "span=7&team=workshop", lea)
    opened = client.get(f"/dashboard/saved/{saved.pk}/")
    assert opened["Location"] == "/dashboard/trends/?span=7&team=workshop"
    assert client.get(opened["Location"]).status_code == 200


def test_nobody_opens_or_deletes_what_is_not_shared_with_them(client, lea, sue, charlie, workshop, shop):
    hers = actions.save_report(by=lea, name="Mine", page="trends")
    theirs = actions.save_report(by=lea, name="Ours", page="causes", team=workshop)
    everybody = actions.save_report(by=sue, name="All", page="changes", is_shared=True)
    foreign = actions.save_report(by=sue, name="Shop", page="tags", team=shop)
    client.force_login(lea)
    listed = client.get("/dashboard/saved/").content.decode()
    assert [one.name in listed for one in (hers, theirs, everybody)] == [True] * 3
    assert foreign.name + "</a>" not in listed
    assert client.get(f"/dashboard/saved/{foreign.pk}/").status_code == 404
    assert client.post(f"/dashboard/saved/{foreign.pk}/delete/").status_code == 404
    client.force_login(sue)
    assert client.get(f"/dashboard/saved/{hers.pk}/").status_code == 404
    assert client.post(f"/dashboard/saved/{hers.pk}/delete/").status_code == 404
    assert client.get(f"/dashboard/saved/{everybody.pk}/")["Location"] == "/dashboard/changes/"
    with pytest.raises(PermissionDenied):
        actions.delete_report(hers, by=sue)
    client.force_login(lea)
    client.post(f"/dashboard/saved/{theirs.pk}/delete/")
    assert set(SavedReport.objects.all()) == {hers, everybody, foreign}


def test_only_who_sees_figures_keeps_them_and_shares_them_with_their_teams(alice, lea, workshop, shop):
    with pytest.raises(PermissionDenied):
        actions.save_report(by=alice, name="Mine", page="trends")
    with pytest.raises(PermissionDenied):
        actions.save_report(by=lea, name="Ours", page="trends", team=shop)


def test_what_cannot_be_kept_is_refused(client, lea, monkeypatch):
    def code(**more) -> str:
        with pytest.raises(ValidationError) as caught:
            actions.save_report(**({"by": lea, "name": "A", "page": "trends"} | more))
        return str(caught.value.code)

    assert code(name=" \x00 ") == "empty"
    assert code(page="nothing") == "invalid"
    assert code(query="x" * 501) == "invalid"
    monkeypatch.setattr(saving, "MOST", 1)
    actions.save_report(by=lea, name="First", page="trends")
    assert code() == "too_many"
    client.force_login(lea)
    page = client.post("/dashboard/trends/save/", {"name": "Second", "whose": "me"})
    assert page.status_code == 422
    assert "Delete one first" in page.content.decode()
    assert client.get("/dashboard/nothing/save/").status_code == 404
