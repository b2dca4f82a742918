"""Debian's dovecot and postfix, on free ports of 127.0.0.1 and in a folder of their own, for the long tests.

    python -m tests.mailroom.servers      starts both and says where, until Ctrl-C

They are started in the foreground, by nobody's leave but ours, and ended by their process ids. Dovecot runs without any
rights. Postfix's master wants to be root; its services run as `postfix`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.services import ends_with_parent, free_port
from tests.mailroom.servers.certificates import write_certificate

PASSWORD = "secret"
INSTALL = "apt-get install dovecot-imapd dovecot-lmtpd postfix"
_SBIN = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


class MissingError(Exception):
    """What is needed is not there; says what to install."""


@dataclass(frozen=True)
class Servers:
    """Where they are. Whoever they have mail for signs in with PASSWORD under their address."""

    folder: Path
    certificate: Path
    imap: int
    imaps: int
    lmtp: int
    smtp: int


@contextmanager
def running(*, desk_lmtp: int | None = None) -> Iterator[Servers]:
    """Both, started and ended. Mail for example.com and example.org goes to dovecot; that for desk.example.net, if a
    port is given, to whoever speaks LMTP there. There is no way outside. Errors: MissingError."""
    dovecot, master = _program("dovecot"), Path("/usr/lib/postfix/sbin/master")
    if not master.exists() or not Path("/usr/lib/dovecot/lmtp").exists():
        raise MissingError(f"Postfix and dovecot are needed: {INSTALL}")
    if os.geteuid() != 0:
        raise MissingError("Postfix's master process can be started by root only: run this as root, in a container.")
    folder = Path(tempfile.mkdtemp(prefix="makegood-mail-"))
    folder.chmod(0o755)
    servers = Servers(folder, folder / "certificate.pem", *(free_port() for _ in range(4)))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        write_certificate(servers.certificate, folder / "key.pem")
        processes.append(_start_dovecot(dovecot, servers))
        processes.append(_start_postfix(master, servers, desk_lmtp))
        for port in (servers.imap, servers.lmtp, servers.smtp):
            _until(lambda port=port: _answers(port), processes, folder)
        yield servers
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name, path=_SBIN)
    if found is None:
        raise MissingError(f"{name} is needed: {INSTALL}")
    return found


# --- Dovecot -----------------------------------------------------------------------------------
_DOVECOT = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:~/Maildir
first_valid_uid = 1
last_valid_uid = 0
recipient_delimiter = +
lmtp_hdr_delivery_address = original
auth_mechanisms = plain login
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Done {{
    auto = create
  }}
}}
"""


def _start_dovecot(program: str, servers: Servers) -> subprocess.Popen[bytes]:
    nobody = pwd.getpwnam("nobody")
    home = servers.folder / "dovecot"
    for folder in (home, home / "run", home / "state", home / "mail"):
        folder.mkdir()
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    os.chown(servers.folder / "key.pem", nobody.pw_uid, nobody.pw_gid)
    text = _DOVECOT.format(
        home=home, user="nobody", group="nogroup", password=PASSWORD, certificate=servers.certificate,
        key=servers.folder / "key.pem", imap=servers.imap, imaps=servers.imaps, lmtp=servers.lmtp,
    )  # fmt: skip
    file = home / "dovecot.conf"
    file.write_text(text)
    return subprocess.Popen(
        [program, "-F", "-c", file],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        preexec_fn=ends_with_parent(15),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


# --- Postfix -----------------------------------------------------------------------------------
_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/log/mail.log
maillog_file_prefixes = {home}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.com
mydestination =
alias_maps =
local_transport = error:nobody lives here
default_transport = error:there is no way outside
virtual_mailbox_domains = example.com example.org {desk}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
transport_maps = {maps}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
recipient_delimiter = +
smtputf8_enable = yes
message_size_limit = 40000000
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""
_MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def _start_postfix(master: Path, servers: Servers, desk_lmtp: int | None) -> subprocess.Popen[bytes]:
    owner = pwd.getpwnam("postfix")
    home = servers.folder / "postfix"
    for name in ("", "queue", "data", "log"):
        (home / name).mkdir()
    os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    desk = "desk.example.net" if desk_lmtp else ""
    maps = f"inline:{{ {{ {desk} = lmtp:inet:127.0.0.1:{desk_lmtp} }} }}" if desk_lmtp else ""
    (home / "main.cf").write_text(_MAIN.format(home=home, lmtp=servers.lmtp, desk=desk, maps=maps))
    (home / "master.cf").write_text(_MASTER.format(smtp=servers.smtp))
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {"PATH": _SBIN, "LANG": "C"}
    subprocess.run([_program("postfix"), "-c", home, "check"], env=environment, check=True, **quiet)
    return subprocess.Popen([master, "-c", home, "-d"], env=environment, preexec_fn=ends_with_parent(15), **quiet)


# --- Waiting -----------------------------------------------------------------------------------
def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def _until(is_so: Callable[[], bool], processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    end = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > end or any(process.poll() is not None for process in processes):
            logs = [path for path in (folder / "dovecot/dovecot.log", folder / "postfix/log/mail.log") if path.exists()]
            words = "\n".join(path.read_text(errors="replace")[-3000:] for path in logs)
            raise RuntimeError(f"The mail servers did not start.\n{words}")
        time.sleep(0.1)
