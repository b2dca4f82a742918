"""The cast and their world. Everything here is made by calling the actions.

Alice and Bob are agents of the workshop; Charlie is an agent of the shop and must see nothing of
theirs; Lea leads the workshop; Sue is a manager, Adam an administrator; Carla and Dora are customers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction
from django.test import TransactionTestCase

from accounts.models import Desk, Site, Team, User
from customers.actions import get_or_create_customer
from customers.models import Address, Customer
from helpdesk.asgi import application
from tests.live import serving
from tickets.actions import open_ticket
from tickets.models import RootCause, Ticket
from tickets.queries.inbox import _prepared_page
from tickets.queries.timelines import _prepared as _prepared_timeline
from tickets.queries.viewing import _prepared_counts

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Where a database is migrated already (by bin/test), those of the tests are copies of it."""
    connection.settings_dict["TEST"]["TEMPLATE"] = os.environ.get("TEST_DATABASE_TEMPLATE")


@pytest.fixture(autouse=True, scope="session")
def own_bells(worker_id: str) -> None:
    """Tests that run beside each other have databases of their own, with the same keys, but share one Redis."""
    settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"makegood-{worker_id}"


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Iterator[None]:
    """After a test that committed, all tables are emptied; to truncate them takes a hundred times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@cache
def tables_to_empty() -> list[str]:
    """All but those that migrating fills from the code."""
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    return [connection.ops.quote_name(name) for name in sorted(names)]


def empty_tables(*_: object) -> None:
    """Delete all rows. Whoever is still writing is waited for."""
    tables = tables_to_empty()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # in any order, and no trigger writes rows
        cursor.execute(f"LOCK TABLE {', '.join(tables)}")
        cursor.execute("; ".join(f"DELETE FROM {table}" for table in tables))


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def leaves_at_once(settings):
    """Most tests are about what follows once a reply has left; those of the moment before it set it themselves."""
    settings.UNDO_SEND_SECONDS = 0


@pytest.fixture(autouse=True)
def nothing_prepared() -> None:
    """How long a page is, is a part of a query's text; tests make pages short."""
    for prepared in (_prepared_page, _prepared_counts, _prepared_timeline):
        prepared.cache_clear()


@pytest.fixture
def desk_row(db) -> Desk:
    return Desk.objects.create(name="Bellwether Cycles", time_zone="Europe/Amsterdam", currency="EUR")


@pytest.fixture
def workshop(db) -> Team:
    return Team.objects.create(name="Workshop", slug="workshop")


@pytest.fixture
def shop(db) -> Team:
    return Team.objects.create(name="Shop", slug="shop")


def make_user(name: str, role: str, *teams: Team) -> User:
    user = User.objects.create_user(f"{name.split()[0].lower()}@example.com", PASSWORD, name=name, role=role)
    user.teams.set(teams)
    return user


@pytest.fixture
def alice(workshop) -> User:
    return make_user("Alice Arden", "agent", workshop)


@pytest.fixture
def bob(workshop) -> User:
    return make_user("Bob Bakker", "agent", workshop)


@pytest.fixture
def charlie(shop) -> User:
    return make_user("Charlie Chen", "agent", shop)


@pytest.fixture
def lea(workshop) -> User:
    return make_user("Lea Lind", "lead", workshop)


@pytest.fixture
def sue(db) -> User:
    return make_user("Sue Sato", "manager")


@pytest.fixture
def adam(db) -> User:
    return make_user("Adam Amari", "admin")


@pytest.fixture
def carla(db) -> Customer:
    return get_or_create_customer(by=None, email="carla@example.org", name="Carla Cortez", proof=Address.Proof.PROVED)[
        0
    ]


@pytest.fixture
def dora(db) -> Customer:
    return get_or_create_customer(by=None, email="dora@example.org", name="Dora Diaz", proof=Address.Proof.PROVED)[0]


@pytest.fixture
def site(workshop, desk_row, settings) -> Site:
    return Site.objects.create(
        name="Bellwether Cycles", key="bellwether", team=workshop, allowed_origins=[settings.SITE_URL]
    )


@pytest.fixture
def ticket(carla, workshop, desk_row) -> Ticket:
    """Carla's conversation with the workshop, waiting for a first answer."""
    return open_ticket(
        carla,
        by=carla,
        subject="The tyre is wrong",
        body="I ordered a 42 and got a 47.",
        channel="email",
        team=workshop,
    )


@pytest.fixture
def chat_ticket(carla, site) -> Ticket:
    """Carla's chat from the shop page."""
    return open_ticket(carla, by=carla, body="Hello? The tyre is wrong.", channel="chat", site=site)


@pytest.fixture
def cause(db) -> RootCause:
    return RootCause.objects.create(name="Tyre size read off the frame", slug="tyre-size")


@pytest.fixture
def live(transactional_db, settings) -> Iterator[str]:
    """The whole application on a real server; yields its address, which is also its SITE_URL."""
    with serving(application) as url:
        settings.SITE_URL = url
        settings.SOCKET_ORIGINS = [url]
        settings.ALLOWED_HOSTS = ["127.0.0.1"]
        yield url
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def no_leftover_connections(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Threads of test servers may still hold connections, which would keep the test database from being dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
