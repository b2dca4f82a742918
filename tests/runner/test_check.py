"""What bin/test makes of its arguments."""

import subprocess

import pytest

from runner import check


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """The commands that would be run; each answers with success."""
    seen: list[list[str]] = []

    def run(command, **_options):
        seen.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(check.subprocess, "run", run)
    return seen


def test_browser_tests_run_apart(commands):
    assert check.run_pytest(["-n", "2"], {}) == [0, 0]
    assert commands[0][-4:] == ["-m", "(not long) and not browser", "-n", "2"]
    assert commands[1][-4:] == ["-m", "(not long) and browser", "-n", "2"]


def test_arguments_are_passed_on_and_a_marker_is_kept(commands):
    check.run_pytest(["tests/chat", "-k", "resume", "-m", "long", "-x"], {})
    assert commands[0][3:] == ["-m", "(long) and not browser", "tests/chat", "-k", "resume", "-x"]
    assert commands[1][3:] == ["-m", "(long) and browser", "tests/chat", "-k", "resume", "-x"]


def test_tests_never_see_the_database_of_an_installation(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://the.real.one/desk")
    monkeypatch.setenv("SENTRY_DSN", "https://key@sentry.example/1")
    environment = check._neutral_environment()
    assert "DATABASE_URL" not in environment
    assert "SENTRY_DSN" not in environment
