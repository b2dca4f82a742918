"""`python -m tests.mailroom.servers`: both servers, to try things by hand."""

import signal
import sys
from threading import Event

from tests.mailroom.servers import PASSWORD, MissingError, running

stop = Event()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: stop.set())
try:
    with running() as servers:
        print(f"SMTP 127.0.0.1:{servers.smtp}, LMTP {servers.lmtp}, IMAP {servers.imap}, with TLS {servers.imaps}")
        print(f"Anybody at example.com and example.org signs in with {PASSWORD!r}. Logs are in {servers.folder}.")
        sys.stdout.flush()
        stop.wait()
except MissingError as error:
    sys.exit(str(error))
