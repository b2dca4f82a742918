"""Who gets what at every address; `tests/test_access_matrix.py` holds the desk against it.

The ticket, the file and the customer belong to the workshop: Alice and Lea are in that team, Charlie is in another,
Sue and Adam see everything. An outcome is a status code, or `login`: sent to the sign-in. Where it says 404, what is
foreign looks exactly like what does not exist; and whoever is refused has changed nothing.
"""

from __future__ import annotations

from typing import Any

DESK_VIEWERS = ("stranger", "charlie", "alice", "lea", "sue", "adam")
WIDGET_VIEWERS = ("anybody", "carla", "dora")

# Not in the URL configuration outside development.
DEVELOPMENT_ONLY = {"outbox:mail_list", "outbox:mail_detail", "outbox:mail_html", "styleguide"}
# The only pages that another page may show in a frame: the widget's own on its site, a caught mail on ours.
FRAMED_ELSEWHERE = {"chat:frame", "outbox:mail_html"}

# Which thing of the world an address is asked for; a ticket where nothing is said.
OBJECTS = {
    "account_reset_password_from_key": "reset",
    "accounts:accept_invitation": "invitation",
    "accounts:activate": "person",
    "accounts:deactivate": "person",
    "accounts:invite_again": "invited",
    "accounts:person": "person",
    "accounts:rename_team": "team",
    "accounts:revoke_token": "alices_key",
    "accounts:set_role": "person",
    "accounts:site": "site",
    "accounts:site_hours": "site",
    "accounts:withdraw": "invited",
    "api:customer": "customer",
    "chat:events": "chat",
    "chat:copy": "chat",
    "chat:end": "chat",
    "chat:rating": "chat",
    "chat:file": "file",
    "chat:messages": "chat",
    "chats:accept": "call",
    "chats:decline": "call",
    "customers:detail": "customer",
    "outbox:mail_detail": "mail",
    "outbox:mail_html": "mail",
    "tickets:file": "file",
}

# Addresses of the desk that take an API token as well: a token that is none is told so, not sent to the sign-in.
TAKE_TOKENS = {"tickets:upload", "tickets:file"}

_SITE = {"name": "Shop", "url": "https://shop.example", "color": "#aa0000", "greeting": "Hi"}
_COMPANY = {"time_zone": "UTC", "currency": "EUR", "follow_up_days": 3, "reopen_days": 14, "promise_minutes": 10}
_WORDS = {"client_id": "matrix-1", "body": "Hello?"}
_NEW_TICKET = {"customer": {"email": "new@example.com"}, "subject": "The bell", "body": "It does not ring."}

# What stands behind the question mark.
QUERIES = {"chat:frame": "site=bellwether", "chat:rules": "site=bellwether"}

# What is sent, so that a refusal is one of rights and not of form.
BODIES: dict[str, dict[str, Any]] = {
    "accounts:accept_invitation": {"name": "Nora", "password": "a sentence of my own"},
    "accounts:company": {"name": "Bell", **_COMPANY},
    "accounts:create_token": {"name": "script"},
    "accounts:invite": {"email": "new@example.com", "role": "agent"},
    "accounts:new_site": _SITE,
    "accounts:profile": {"name": "N. N.", "availability": "online", "capacity": 3},
    "accounts:rename_team": {"name": "Night shift"},
    "accounts:set_availability": {"availability": "away"},
    "accounts:set_role": {"role": "lead"},
    "accounts:site": _SITE,
    "accounts:site_hours": {"hours-is_always_open": "on", "hours-time_zone": "UTC"},
    "accounts:teams": {"name": "Night shift"},
    "api:assign": {"user": None},
    "api:customer": {"name": "Carla C."},
    "api:customers": {"email": "new@example.com"},
    "api:messages": {"body": "On its way."},
    "api:resolve": {"root_cause": "none"},
    "api:ticket": {"priority": 3},
    "api:tickets": _NEW_TICKET,
    "chat:contact": {"email": "carla@example.net"},
    "chat:code": {"email": "carla@example.net"},
    "chat:identify": {"token": "x"},
    "chat:messages": _WORDS,
    "chat:rating": {"score": 5},
    "chat:verify": {"email": "carla@example.net", "code": "000000"},
    "chat:start": {"site": "bellwether"},
    "chat:unread": {"site": "bellwether"},
    "chat:tickets": _WORDS,
    "customers:detail": {"name": "Carla C.", "company": "", "note": ""},
    "tickets:assign": {"user": ""},
    "tickets:note": {"body": "Ask the depot."},
    "tickets:priority": {"priority": "3"},
    "tickets:reply": {"body": "On its way.", "kind": "reply"},
    "tickets:resolve": {"root_cause": "none"},
    "tickets:follow_up": {"do": "now"},
    "tickets:status": {"status": "pending"},
    "tickets:tags": {"tags": "tyre"},
}

# Address: method: outcome for each of DESK_VIEWERS.
DESK: dict[str, dict[str, str]] = {
    "home": {"GET": "login 302 302 302 302 302", "POST": "405 405 405 405 405 405"},
    "readyz": {"GET": "503 503 503 503 503 503", "POST": "405 405 405 405 405 405"},
    "metrics": {"GET": "404 404 404 200 200 200", "POST": "405 405 405 405 405 405"},
    "account_login": {"GET": "200 302 302 302 302 302", "POST": "200 302 302 302 302 302"},
    "account_logout": {"GET": "302 200 200 200 200 200", "POST": "302 302 302 302 302 302"},
    "account_inactive": {"GET": "200 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "account_reauthenticate": {"GET": "login 200 200 200 200 200", "POST": "login 200 200 200 200 200"},
    "account_change_password": {"GET": "login 200 200 200 200 200", "POST": "login 200 200 200 200 200"},
    "account_reset_password": {"GET": "200 200 200 200 200 200", "POST": "200 200 200 200 200 200"},
    "account_reset_password_done": {"GET": "200 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "account_reset_password_from_key": {"GET": "200 200 200 200 200 200", "POST": "200 200 200 200 200 200"},
    "account_reset_password_from_key_done": {"GET": "200 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "accounts:first_run": {"GET": "404 404 404 404 404 404", "POST": "404 404 404 404 404 404"},
    "accounts:accept_invitation": {"GET": "200 200 200 200 200 200", "POST": "302 302 302 302 302 302"},
    "accounts:settings": {"GET": "login 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "accounts:company": {"GET": "login 403 403 403 403 200", "POST": "login 403 403 403 403 302"},
    "accounts:profile": {"GET": "login 200 200 200 200 200", "POST": "login 302 302 302 302 302"},
    "accounts:set_availability": {"GET": "405 405 405 405 405 405", "POST": "login 302 302 302 302 302"},
    "accounts:create_token": {"GET": "405 405 405 405 405 405", "POST": "login 200 200 200 200 200"},
    "accounts:revoke_token": {"GET": "405 405 405 405 405 405", "POST": "login 404 302 404 404 404"},
    "accounts:people": {"GET": "login 403 403 403 403 200", "POST": "405 405 405 405 405 405"},
    "accounts:invite": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:person": {"GET": "login 403 403 403 403 200", "POST": "login 403 403 403 403 302"},
    "accounts:set_role": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:deactivate": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:activate": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:invite_again": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:withdraw": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:teams": {"GET": "login 403 403 403 403 200", "POST": "login 403 403 403 403 302"},
    "accounts:rename_team": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "accounts:sites": {"GET": "login 403 403 403 403 302", "POST": "405 405 405 405 405 405"},
    "accounts:new_site": {"GET": "login 403 403 403 403 200", "POST": "login 403 403 403 403 302"},
    "accounts:site": {"GET": "login 403 403 403 403 200", "POST": "login 403 403 403 403 302"},
    "accounts:site_hours": {"GET": "405 405 405 405 405 405", "POST": "login 403 403 403 403 302"},
    "tickets:inbox": {"GET": "login 200 200 200 200 200", "POST": "login 405 405 405 405 405"},
    "tickets:new": {"GET": "login 200 200 200 200 200", "POST": "login 200 200 200 200 200"},
    "tickets:show": {"GET": "login 404 200 200 200 200", "POST": "login 405 405 405 405 405"},
    "tickets:reply": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:note": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:assign": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:transfer": {"GET": "login 405 405 405 405 405", "POST": "login 404 422 422 422 422"},
    "tickets:invite": {"GET": "login 405 405 405 405 405", "POST": "login 404 422 422 422 422"},
    "tickets:join": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:leave": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:status": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:priority": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:tags": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:resolve": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "tickets:follow_up": {"GET": "login 405 405 405 405 405", "POST": "login 404 422 422 422 422"},
    "tickets:reopen": {"GET": "login 405 405 405 405 405", "POST": "login 404 422 422 422 422"},
    "tickets:upload": {"GET": "login 405 405 405 405 405", "POST": "login 400 400 400 400 400"},
    "tickets:file": {"GET": "login 404 200 200 200 200", "POST": "login 405 405 405 405 405"},
    "chats:ringing": {"GET": "login 200 200 200 200 200", "POST": "login 405 405 405 405 405"},
    "chats:accept": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "chats:decline": {"GET": "login 405 405 405 405 405", "POST": "login 404 303 303 303 303"},
    "customers:list": {"GET": "login 200 200 200 200 200", "POST": "login 405 405 405 405 405"},
    "customers:detail": {"GET": "login 404 200 200 200 200", "POST": "login 404 302 302 302 302"},
    "reports:dashboard": {"GET": "login 403 403 200 200 200", "POST": "login 403 403 405 405 405"},
    "api:tickets": {"GET": "401 200 200 200 200 200", "POST": "401 201 201 201 201 201"},
    "api:ticket": {
        "GET": "401 404 200 200 200 200",
        "POST": "401 405 405 405 405 405",
        "PATCH": "401 404 200 200 200 200",
    },
    "api:messages": {"GET": "401 404 200 200 200 200", "POST": "401 404 201 201 201 201"},
    "api:events": {"GET": "401 404 200 200 200 200", "POST": "401 405 405 405 405 405"},
    "api:assign": {"GET": "401 405 405 405 405 405", "POST": "401 404 200 200 200 200"},
    "api:resolve": {"GET": "401 405 405 405 405 405", "POST": "401 404 200 200 200 200"},
    "api:reopen": {"GET": "401 405 405 405 405 405", "POST": "401 404 400 400 400 400"},
    "api:customers": {"GET": "401 200 200 200 200 200", "POST": "401 201 201 201 201 201"},
    "api:customer": {
        "GET": "401 404 200 200 200 200",
        "POST": "401 405 405 405 405 405",
        "PATCH": "401 404 200 200 200 200",
    },
    "api:companies": {"GET": "401 200 200 200 200 200", "POST": "401 405 405 405 405 405"},
    "api:teams": {"GET": "401 200 200 200 200 200", "POST": "401 405 405 405 405 405"},
    "api:users": {"GET": "401 200 200 200 200 200", "POST": "401 405 405 405 405 405"},
    "api:tags": {"GET": "401 200 200 200 200 200", "POST": "401 405 405 405 405 405"},
    "api:schema": {"GET": "200 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "api:docs": {"GET": "200 200 200 200 200 200", "POST": "405 405 405 405 405 405"},
    "api:unknown": {"GET": "404 404 404 404 404 404", "POST": "404 404 404 404 404 404"},
    "outbox:mail_list": {"GET": "404 404 404 404 404 404", "POST": "404 404 404 404 404 404"},
    "outbox:mail_detail": {"GET": "404 404 404 404 404 404", "POST": "404 404 404 404 404 404"},
    "outbox:mail_html": {"GET": "404 404 404 404 404 404", "POST": "404 404 404 404 404 404"},
    "styleguide": {"GET": "200 200 200 200 200 200", "POST": "200 200 200 200 200 200"},
}

# Address: method: outcome for each of WIDGET_VIEWERS. Carla's own conversation; Dora is another customer.
WIDGET: dict[str, dict[str, str]] = {
    "chat:embed": {"GET": "200 200 200", "POST": "405 405 405"},
    "chat:frame": {"GET": "200 200 200", "POST": "405 405 405"},
    "chat:rules": {"GET": "200 200 200", "POST": "405 405 405"},
    "chat:shop": {"GET": "404 404 404", "POST": "405 405 405"},
    "chat:start": {"GET": "405 405 405", "POST": "200 200 200"},
    "chat:unread": {"GET": "405 405 405", "POST": "200 200 200"},
    "chat:contact": {"GET": "405 405 405", "POST": "401 200 200"},
    "chat:identify": {"GET": "405 405 405", "POST": "401 403 403"},
    "chat:code": {"GET": "405 405 405", "POST": "401 200 200"},
    "chat:verify": {"GET": "405 405 405", "POST": "401 422 422"},
    "chat:tickets": {"GET": "405 405 405", "POST": "401 200 200"},
    "chat:file": {"GET": "401 200 404", "POST": "405 405 405"},
    "chat:messages": {"GET": "405 405 405", "POST": "401 200 404"},
    "chat:events": {"GET": "401 200 404", "POST": "405 405 405"},
    "chat:end": {"GET": "405 405 405", "POST": "401 200 404"},
    "chat:rating": {"GET": "405 405 405", "POST": "401 200 404"},
    "chat:copy": {"GET": "405 405 405", "POST": "401 200 404"},
}
