"""The environment that bin/run makes, and how it is handed to bin/manage."""

import os
import socket
import stat

import pytest

from runner.console import SetupError
from runner.development import DataDir, address, answers, choose_mail_port, is_free, read_env, write_env


def test_what_is_written_down_is_read_back_and_private(tmp_path):
    file = tmp_path / "run.env"
    environment = {"A": 'it\'s "two" words', "B": "postgres://u:p@h/d?x=1", "OTHER": "no"}
    write_env(file, environment, {"A", "B"})
    assert read_env(file) == {"A": environment["A"], "B": environment["B"]}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_env_file_may_have_comments_exports_and_empty_values(tmp_path):
    file = tmp_path / ".env"
    file.write_text("# A=1\n\nexport B=2\nC=\nD='3 4'  # why\nE=a#b=\n")
    assert read_env(file) == {"B": "2", "C": "", "D": "3 4", "E": "a#b="}


def test_a_data_dir_has_one_user_at_a_time(tmp_path):
    assert DataDir(tmp_path).try_lock()  # let go at once, as nothing holds on to it
    first, second = DataDir(tmp_path), DataDir(tmp_path)
    assert first.try_lock()
    assert not second.try_lock()


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="name another with DATA_DIR"):
        DataDir(tmp_path / "file" / "data").try_lock()


def test_wiping_leaves_nothing_but_the_lock(tmp_path):
    data = DataDir(tmp_path)
    data.try_lock()
    data.secret_key()
    (tmp_path / "mail").mkdir()
    data.wipe()
    assert os.listdir(tmp_path) == ["lock"]


def test_the_secret_is_made_once_and_kept(tmp_path):
    secret = DataDir(tmp_path).secret_key()
    assert len(secret) >= 50
    assert DataDir(tmp_path).secret_key() == secret


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("desk.local", "desk.local")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host, expected):
    assert address({"HOST": host, "PORT": "8000"}) == f"http://{expected}:8000"


def test_nobody_listening_is_no_answer():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not answers({"HOST": "127.0.0.1", "PORT": str(port)})


def test_a_port_in_use_is_seen_and_another_taken_for_mail():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free("127.0.0.1", taken.getsockname()[1])
    assert choose_mail_port({"MAIL_PORT": "2525"}) == "2525"
    assert is_free("127.0.0.1", int(choose_mail_port({})))
