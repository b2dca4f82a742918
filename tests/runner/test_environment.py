"""What set-up says when something is missing, and the lock files that it installs from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner import environment
from runner.console import SetupError
from runner.environment import DEV_LOCK, ROOT, RUNTIME_LOCK


def test_a_failing_command_shows_its_last_words_and_what_failed():
    with pytest.raises(SetupError, match=r"(?s)out of luck.*Making tea failed; the lines above say why"):
        environment.call([sys.executable, "-c", "print('out of luck'); raise SystemExit(1)"], "Making tea")


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("npm error code ENOTFOUND", "registry cannot be reached"),
        ("error sending request for url", "registry cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
    ],
)
def test_a_known_cause_comes_with_its_remedy(output, advice):
    with pytest.raises(SetupError, match=advice):
        environment.call([sys.executable, "-c", f"print({output!r}); raise SystemExit(1)"], "Installing")


def test_a_python_error_is_not_taken_for_a_missing_network():
    with pytest.raises(SetupError, match="the lines above say why"):
        environment.call([sys.executable, "-c", "import no_such_module"], "Installing")


def test_a_missing_venv_module_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "STATE", tmp_path / "state.json")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"apt-get install python3\.\d+-venv"):
        environment._make_venv()


def test_a_venv_of_another_folder_is_made_anew(monkeypatch, tmp_path):
    (tmp_path / "state.json").write_text('{"place": "/somewhere/else", "runtime": "x"}')
    made = []
    monkeypatch.setattr(environment, "STATE", tmp_path / "state.json")
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "call", lambda command, _what: made.append(command))
    assert environment._make_venv() == {}
    assert made[0][1:3] == ["-m", "venv"]


def test_an_old_python_is_told_what_is_needed(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    done = subprocess.run(
        ["/bin/sh", ROOT / "bin" / "run"], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.mark.parametrize("lock", [RUNTIME_LOCK, DEV_LOCK], ids=lambda path: path.name)
def test_every_package_is_pinned_with_its_digests_and_no_host(lock):
    text = lock.read_text()
    packages = re.findall(r"^[a-z0-9]\S*", text, re.MULTILINE)
    assert len(packages) > 50
    assert all(re.fullmatch(r"[a-z0-9.-]+==\S+", package) for package in packages)
    assert text.count("--hash=") >= len(packages)
    assert "://" not in text


@pytest.mark.parametrize("folder", ["", "tests/browser"])
def test_front_end_packages_are_locked_by_digest_without_a_host(folder):
    text = (ROOT / folder / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text


def test_a_chosen_package_is_installed_as_locked():
    with environment._locked("uv") as file:
        text = Path(file).read_text()
    assert text.startswith("uv==")
    assert "--hash=sha256:" in text
    assert text.count("==") == 1
