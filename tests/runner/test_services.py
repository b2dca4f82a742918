"""The embedded databases, started for real on free ports."""

import os
import shutil

import psycopg2
import pytest
import redis

from runner.account import Account, database_account, database_home, reachable_program
from runner.console import SetupError
from runner.services import Postgres, Valkey, end_process


@pytest.fixture
def account() -> Account:
    return database_account()


@pytest.fixture
def home(tmp_path, account):
    folder = database_home(tmp_path, account)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(home, account):
    service = Postgres(home, account, durable=False)
    yield service
    service.stop()


def ask(url: str, question: str):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def test_what_postgres_holds_is_there_after_another_start(postgres):
    postgres.start()
    ask(postgres.url, "create table kept as select 42 as number")
    port = postgres.port
    postgres.stop()
    postgres.start()
    assert postgres.port == port
    assert ask(postgres.url, "select number from kept") == 42


def test_postgres_wants_the_password(postgres):
    postgres.start()
    with pytest.raises(psycopg2.OperationalError, match="password"):
        ask(postgres.url.replace(postgres.password, "wrong"), "select 1")


def test_a_dead_postgres_is_noticed_and_starts_again_where_it_was(postgres):
    postgres.start()
    url = postgres.url
    postgres.process.kill()
    postgres.process.wait()
    assert postgres.has_died()
    postgres.start()
    assert postgres.url == url
    assert ask(url, "select 1") == 1


def test_a_pid_file_whose_number_is_another_process_now_does_not_stop_it(postgres):
    postgres.start()
    pid_file = postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    postgres.start()
    assert ask(postgres.url, "select 1") == 1


def test_a_postgres_that_outlived_its_runner_is_ended_first(postgres, home, account):
    postgres.start()
    leftover = postgres.process
    again = Postgres(home, account, durable=False)
    try:
        again.start()
        assert leftover.wait(10) is not None
        assert ask(again.url, "select 1") == 1
    finally:
        again.stop()


def test_data_of_another_major_version_is_refused_with_the_way_out(postgres):
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(SetupError, match="written by PostgreSQL 13, and the one here is .*pg_dump"):
        postgres.start()


def test_valkey_answers_with_its_password_only_and_keeps_what_it_holds(home, account):
    valkey = Valkey(home, account, durable=True)
    try:
        valkey.start()
        redis.Redis.from_url(valkey.url).set("kept", "yes")
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis.from_url(f"redis://127.0.0.1:{valkey.port}/0").ping()
        valkey.stop()
        valkey.start()
        assert redis.Redis.from_url(valkey.url).get("kept") == b"yes"
    finally:
        valkey.stop()


def test_only_a_process_that_is_ours_is_ended():
    assert not end_process(os.getpid(), "/no/such/data/folder", 15)
    assert not end_process(0, "", 15)


def test_a_private_home_is_out_of_reach_of_another_account(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert not Account(uid=65534, gid=65534).can_reach(private / "data")
    assert Account().can_reach(private / "data")


def test_programs_out_of_reach_are_copied_once_for_each_version(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(Account, "can_run", lambda _self, program: home in program.parents)
    packages = [tmp_path / "database", tmp_path / "bell"]
    for package in packages:
        (package / "bin").mkdir(parents=True)
        (package / "bin" / "server").write_text("1")

    def copies() -> list[str]:
        found = [reachable_program(package / "bin" / "server", package, home, Account()) for package in packages]
        assert all(path.exists() for path in found)
        return sorted(path.name for path in (home / "programs").iterdir())

    first = copies()
    assert len(first) == 2
    assert copies() == first
    os.utime(packages[0], (1, 1))
    assert len(copies()) == 2
    assert copies() != first
