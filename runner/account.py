"""Who the databases run as, and where their files are.

PostgreSQL refuses to run as root, so as root they run under an account of their own, which must be
able to reach the programs and the data: a clone in root's private home is out of its reach.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.console import SetupError, say

NAME = "makegood"
PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The account that owns the databases' files; `None` ids mean: whoever started us."""

    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """What subprocess needs to start something under this account."""
        options: dict[str, Any] = {"cwd": "/", "env": PLAIN_ENVIRONMENT, "stdin": subprocess.DEVNULL}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def give(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_run(self, program: Path) -> bool:
        try:
            done = subprocess.run([program, "--version"], capture_output=True, **self.popen_options())
        except OSError:
            return False
        return done.returncode == 0

    def can_reach(self, folder: Path) -> bool:
        if self.uid is None:
            return True
        existing = (parent for parent in (folder, *folder.parents) if parent != folder and parent.exists())
        return all(parent.stat().st_mode & 0o001 for parent in existing)


def database_account() -> Account:
    """Ourselves, or, as root, the first of these that there is: makegood (made if need be), postgres, nobody."""
    if os.geteuid() != 0:
        return Account()
    if not _exists(NAME) and shutil.which("useradd"):
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
        if subprocess.run(command, capture_output=True).returncode == 0:
            say(f"PostgreSQL does not run as root: made the system account '{NAME}' for it")
    for name in (NAME, "postgres", "nobody"):
        if _exists(name):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise SetupError(
        "PostgreSQL does not run as root and no other account could be made: run this as an ordinary user."
    )


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def database_home(data_dir: Path, account: Account) -> Path:
    """A private folder for the databases: in `data_dir`, or where their account can reach it."""
    home = data_dir / "databases"
    if not account.can_reach(home):
        place = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
        home = Path(f"/var/lib/makegood-{place}")
        say(f"{data_dir} is in a private home, out of reach of the database's own account: its files are in {home}")
    try:
        home.mkdir(parents=True, exist_ok=True)
        account.give(home)
        home.chmod(0o700)
    except OSError as error:
        raise SetupError(f"{home} cannot be made ({error.strerror}): name another place with DATA_DIR.") from None
    return home


def reachable_program(program: Path, package: Path, home: Path, account: Account) -> Path:
    """That program, or, if the account cannot run it where it is, a copy of its package in `home`."""
    if account.can_run(program):
        return program
    copy = home / "programs" / f"{package.name}-{int(package.stat().st_mtime)}"
    inside = program.relative_to(package)
    if not copy.exists():
        unfinished = copy.with_name(copy.name + ".unfinished")
        for older in copy.parent.glob(f"{package.name}-*"):
            shutil.rmtree(older, ignore_errors=True)
        for part in (package, package.with_name(package.name + ".libs")):
            if part.exists():  # the libraries are found beside the package by their relative path
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        _open_for(account, unfinished)
        unfinished.rename(copy)
    found = copy / package.name / inside
    if not account.can_run(found):
        raise SetupError(
            f"{found} does not run on this machine: set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return found


def _open_for(account: Account, folder: Path) -> None:
    account.give(folder.parent)
    account.give(folder)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            account.give(path)
