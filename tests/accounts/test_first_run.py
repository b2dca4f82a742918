"""The very first visit, and that there is only one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.actions import set_up_desk
from accounts.models import Desk, Site, User
from accounts.tokens import setup_token
from accounts.views.first_run import setup_link

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Ada Adams",
    "email": "Ada@Shop.example",
    "password": "a sentence of my own",
    "company": "Bellwether Cycles",
    "time_zone": "Europe/Amsterdam",
    "currency": "eur",
    "site_url": "https://www.Shop.example/contact",
}


@pytest.fixture
def development(settings):
    settings.DEBUG = True


def test_the_front_door_leads_there_as_long_as_nobody_was_here(client):
    assert client.get("/")["Location"] == "/start/"


def test_one_form_makes_company_administrator_and_site(client, development):
    answer = client.post("/start/", FORM, follow=True)
    desk, admin, site = Desk.objects.get(), User.objects.get(), Site.objects.get()
    assert (desk.name, desk.time_zone, desk.currency) == ("Bellwether Cycles", "Europe/Amsterdam", "EUR")
    assert (admin.email, admin.role, admin.is_active) == ("ada@shop.example", "admin", True)
    assert (site.name, site.allowed_origins) == ("Bellwether Cycles", ["https://www.shop.example"])
    assert answer.redirect_chain[-1][0] == f"/settings/sites/{site.pk}/"  # signed in, with the line to paste
    assert f"data-site=&quot;{site.key}&quot;" in answer.content.decode()


def test_afterwards_the_page_does_not_exist(client, development):
    client.post("/start/", FORM)
    for visitor in (client, Client()):
        assert visitor.get("/start/").status_code == 404
        assert visitor.post("/start/", FORM | {"email": "mallory@example.com"}).status_code == 404
    assert User.objects.count() == 1
    assert Client().get("/")["Location"] == "/accounts/login/"


def test_it_does_not_exist_where_people_are_even_without_a_company(client, development, alice):
    assert client.get("/start/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "12345"),
        ("email", "ada"),
        ("currency", "EURO"),
        ("time_zone", "Mars/Base"),
        ("site_url", "javascript:x"),
        ("company", ""),
    ],
)
def test_a_mistake_makes_nothing_and_keeps_what_was_typed(client, development, field, value):
    answer = client.post("/start/", FORM | {field: value})
    assert answer.status_code == 422
    assert 'value="Ada Adams"' in answer.content.decode()
    assert FORM["password"] not in answer.content.decode()
    assert (Desk.objects.count(), User.objects.count(), Site.objects.count()) == (0, 0, 0)


def test_outside_development_the_link_from_the_log_is_needed(client):
    for path in ("/start/", "/start/?token=", "/start/?token=guess", f"/start/?token={setup_token()[:-1]}"):
        assert client.get(path).status_code == 403
        assert client.post(path, FORM).status_code == 403
    assert not User.objects.exists()
    path = setup_link().removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert client.post(path, FORM).status_code == 302
    assert User.objects.get().role == "admin"


def test_the_token_follows_from_the_secret_key(settings):
    before = setup_token()
    settings.SECRET_KEY = "another" * 10
    assert setup_token() != before


def test_the_command_prints_the_link_until_it_was_used(capsys, desk_row):
    with pytest.raises(CommandError):
        call_command("setup_link")
    desk_row.delete()
    call_command("setup_link")
    assert setup_token() in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_becomes_the_administrator():
    def begin(name):
        try:
            set_up_desk(
                by=None,
                company=name,
                time_zone="UTC",
                currency="EUR",
                name=name,
                email=f"{name}@example.com",
                password="a sentence of my own",
                site_name=name,
                site_url="https://shop.example",
            )
        except ValidationError as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, ["ann", "ben", "cas", "dot"])) == ["done", "set_up", "set_up", "set_up"]
    assert (Desk.objects.count(), User.objects.count(), Site.objects.count()) == (1, 1, 1)
