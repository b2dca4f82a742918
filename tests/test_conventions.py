"""The house rules (docs/architecture.md, "Style card") that no linter knows; each failure says why it is one."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {"helpdesk", "runner", "tests", "bench"}  # wiring, tools and tests: packages, but no apps
HOUSE = [*settings.LOCAL_APPS, "helpdesk"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
PAGES = [path for path in TEMPLATES if path.suffix == ".html" and not {"mail", "email", "outbox"} & set(path.parts)]
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))


def modules() -> list[Path]:
    """Our own modules, without migrations."""
    found = (path for app in HOUSE for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last part of what is called: `on_commit` of `transaction.on_commit(…)`."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    """`file:line: text` of every line that matches."""
    wanted = re.compile(pattern)
    return [
        f"{name_of(path)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if wanted.search(line)
    ]


def tracked() -> list[Path]:
    """The files in version control; in an unpacked archive, where there is none, the files there are."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    hidden = {".venv", "node_modules", ".data", "staticfiles"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.parts)]


# --- Apps and modules ----------------------------------------------------------------------


def test_the_apps_are_the_layers_and_the_folders():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = contracts[0]["layers"]
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - OUTSIDE
    assert layers == ["helpdesk", *settings.LOCAL_APPS], "an app without a layer could import anything"
    assert folders == set(settings.LOCAL_APPS), "a folder without an app, or an app without a folder"
    assert set(settings.LOCAL_APPS) <= set(settings.INSTALLED_APPS)


def test_the_order_inside_an_app_holds_for_every_app():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    inside = contracts[1]
    assert inside["exhaustive"] is True, "without it a stray module has no place and nobody notices"
    # demo has only a command and its data: nothing can be above or below anything there.
    assert set(inside["containers"]) == set(settings.LOCAL_APPS) - {"demo"}


@pytest.mark.parametrize("name", ["core", "common", "utils", "util", "helpers", "helper", "misc", "lib"])
def test_no_module_is_named_after_nothing(name):
    found = [name_of(path) for path in modules() if name in (path.stem, *path.relative_to(ROOT).parts[:-1])]
    assert not found, "a helper needed twice goes to the lowest app that needs it, under a name that says what it is"


def test_imports_stand_at_the_top():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not found, "an import inside a function hides a cycle: the layer is wrong"


def test_nothing_happens_by_signal():
    found = lines_with(r"@receiver|\.dispatch import|signals\.\w+\.connect|def ready\(", modules())
    assert not found, "a higher app is named in EVENT_SUBSCRIBERS or asks; signals make an action's effects invisible"


def test_the_environment_is_read_in_one_place():
    allowed = {"helpdesk/settings.py", "helpdesk/logs.py", "helpdesk/asgi.py", "helpdesk/celery.py"}
    found = lines_with(r"os\.(environ|getenv)", [path for path in modules() if name_of(path) not in allowed])
    assert not found, "settings.py says everything that can be set; logs.py alone runs before it"


def test_every_setting_of_the_environment_is_documented():
    asked = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "helpdesk/settings.py").read_text()))
    said = set(re.findall(r"^#?\s*([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked - said == set(), "an administrator finds every setting in .env.example"


# --- Actions, events, work -----------------------------------------------------------------

# Public functions of an `actions` module that name no actor, each with its reason.
WITHOUT_ACTOR = {
    "accounts.actions": {
        "count_work": "reads",
    },
    "customers.actions": {
        "clean_email": "a pure check",
        "find_by_email": "reads",
        "create_guest": "nobody acts: a browser begins to write",
        "claim_address": "only the guest's own door calls it",
        "prove_address": "a proof, which its caller has seen",
        "note_vouched": "a site's signature, which its caller has checked",
        "lock_both": "reads",
        "forget_guest": "a step of merge_guest",
        "take_addresses": "a step of merge_customers",
        "give_addresses": "a step of undo_customer_merge",
        "get_or_create_company": "a name's row; who puts a customer into it is checked in change_customer",
    },
    "outbox.actions": {
        "queue_mail": "the action that owes the mail has an actor",
        "cancel_mail": "the action that makes the mail pointless has an actor",
        "cancel_mails": "the action that makes the mails pointless has an actor",
        "black_out_mails": "a step of redact_message",
        "take_out_file": "a step of remove_file",
        "suppress": "a mail server's answer, nobody's decision",
        "watch_over": "the clock's work",
        "subscribe_again": "a signed link, which its caller has checked",
    },
    "tickets.actions": {
        "post_messages": "each Post has its own",
        "run_follow_up": "the clock's work",
        "drop_pointless": "the clock's work",
        "index_due": "the clock's work, or that of whoever searches first",
        "run_scheduled_reply": "the clock's work",
        "discard_unsent": "the clock's work",
        "empty_removed_files": "the clock's work",
        "forget_undos": "the clock's work",
        "forget_notifications": "the clock's work",
        "notify": "the clock's work",
        "read_log": "the clock's work",
        "sweep_events": "the clock's work",
        "push_to": "the clock's work",
        "mail_digest": "the clock's work",
        "due_for": "reads",
        "forget_bulk_replies": "the clock's work",
        "forget_outreaches": "the clock's work",
        "report_mail_trouble": "the clock's work",
        "preview_merge": "reads",
        "merge_guest": "a proof of who they are, which its caller has seen",
        "tell_of_identity": "a proof of who they are, which its caller has seen",
    },
    "chat.actions": {
        "check_guest": "what is true of whoever a socket belongs to",
        "allow_guest": "counts an address, before anybody is known",
        "allow_file": "counts a visitor and an address",
        "bring_file": "the visitor is the actor",
        "start_visit": "makes the visitor",
        "begin_conversation": "the visitor is the actor",
        "leave_address": "the visitor is the actor",
        "identify_visitor": "the visitor is the actor",
        "send_code": "the visitor is the actor",
        "verify_address": "the visitor is the actor",
        "post_soon": "its Post has one",
        "read_soon": "reads, through the viewer's eyes",
        "who_waits": "asks for all sockets of a process",
        "ringing_for": "asks what rings for whoever asks",
        "take_back_abandoned_chats": "the clock's work",
        "forget_rings": "the clock's work",
        "forget_trails": "the clock's work",
        "note_arrival": "the visitor is the actor",
        "note_page": "the visitor is the actor",
    },
    "mailroom.actions": {
        "take_in": "nobody acts: a mail comes in, whoever sent it",
        "handle": "nobody acts: who wrote it is what is found out",
        "forget_texts": "the clock's work",
    },
    "recovery.actions": {
        "prove_ledger": "the clock's work",
        "send_survey": "the clock's work",
        "settle_survey": "the clock's work",
        "withdraw_unsent": "the clock's work",
        "mark_answered": "a step of what answers the offer, whose actor is known there",
    },
    "reports.actions": {
        "count_past": "the clock's work",
        "differences": "reads",
        "forget_pictures": "the clock's work",
        "recount": "the clock's work",
        "send_mailing": "the clock's work",
        "skip_counted": "a step of seeding",
        "sweep": "the clock's work",
    },
}


def public_actions() -> Iterator[tuple[str, str, inspect.Signature]]:
    for app in settings.LOCAL_APPS:
        if not (ROOT / app / "actions.py").exists() and not (ROOT / app / "actions").exists():
            continue
        module = importlib.import_module(f"{app}.actions")
        names = getattr(module, "__all__", None) or [
            name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
        ]
        for name in names:
            thing = getattr(module, name)
            if inspect.isfunction(thing) and not name.startswith("_"):
                yield module.__name__, name, inspect.signature(thing)


def test_every_action_knows_who_acts():
    missing = {
        f"{module}.{name}"
        for module, name, signature in public_actions()
        if name not in WITHOUT_ACTOR.get(module, {})
        and ("by" not in signature.parameters or signature.parameters["by"].kind is not inspect.Parameter.KEYWORD_ONLY)
    }
    assert not missing, "`by=` is keyword-only in every action: who may do it is decided there, whatever the door"


def test_the_list_of_actions_without_an_actor_is_true():
    known = {(module, name) for module, name, signature in public_actions() if "by" not in signature.parameters}
    listed = {(module, name) for module, names in WITHOUT_ACTOR.items() for name in names}
    assert listed <= known, "take out of the list what is gone or has an actor now"


def test_actions_take_the_thing_first_and_all_else_by_keyword():
    found = [
        f"{module}.{name}"
        for module, name, signature in public_actions()
        if sum(p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in signature.parameters.values()) > 1
        and name not in WITHOUT_ACTOR.get(module, {})
    ]
    assert not found, "a call reads like a sentence: assign_ticket(ticket, by=alice, user=bob)"


def test_what_follows_a_commit_is_a_plain_function_that_may_fail():
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in modules()
        for call in calls(path)
        if called(call) == "on_commit"
        and not (
            isinstance(call.args[0], ast.Lambda | ast.Name)
            and any(k.arg == "robust" and getattr(k.value, "value", None) is True for k in call.keywords)
        )
    ]
    assert not found, (
        "Django 5.2 breaks on functools.partial (ticket 36487); without robust=True one failure stops the rest"
    )


def test_tasks_are_sent_only_from_where_the_row_is_written():
    allowed = {"tickets/events.py", "outbox/tasks.py"}
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in modules()
        if name_of(path) not in allowed
        for call in calls(path)
        if called(call) in ("delay", "apply_async", "send_task")
    ]
    assert not found, "the row is the queue, Celery is only the nudge; the two nudges are there already"


def test_nothing_is_due_in_the_broker():
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in modules()
        for call in calls(path)
        if any(keyword.arg in ("eta", "countdown") for keyword in call.keywords)
    ]
    assert not found, "what is due later is a row with a time; a broker forgets it and doubles it"


def test_models_do_not_read_the_clock():
    homes = [path for path in modules() if "models" in (path.stem, path.parent.name)]
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in homes
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef) and function.name != "authenticate"  # notes that a key is used now
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and called(node) in ("now", "today", "utcnow", "localtime", "localdate")
    ]
    found += lines_with(r"auto_now", homes)
    assert not found, "demo and import act in the past: the action hands the time in"


# --- What must never be written ------------------------------------------------------------


# Where the text is put together from our own constants only.
PUTS_IN_CONSTANTS: dict[str, str] = {}


def test_no_sql_is_glued_together():
    found = lines_with(r"RawSQL|\.extra\(|\.raw\(", modules())
    found += [
        f"{name_of(path)}:{call.lineno}"
        for path in modules()
        if name_of(path) not in PUTS_IN_CONSTANTS
        for call in calls(path)
        if called(call) in ("execute", "executemany")
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Call)
    ]
    assert not found, "values go in as parameters; a text that is put together is an injection waiting"


# Where HTML is made of text, and what makes it safe there.
MAKES_SAFE = {
    "helpdesk/folding.py": "Django's own rule: what was safe stays so behind a filter that is, and constants are ours",
    "tickets/formatting.py": "a list of a dozen elements cleans what Markdown became",
    "tickets/templatetags/words.py": "what cleans Markdown, or Django's own linebreaks, which escapes",
    "tickets/templatetags/letters.py": "nh3 with a list of its own: a second wall behind the one a mail came through",
    "tickets/templatetags/mentions.py": "the tags are those of safe HTML, and all text is escaped anew",
}


def test_no_text_is_declared_safe():
    ours = [path for path in modules() if name_of(path) not in MAKES_SAFE]
    found = lines_with(r"mark_safe|SafeString|SafeText", ours)
    found += lines_with(r"\|\s*(safe|safeseq)\b|autoescape off", [p for p in TEMPLATES if p.suffix == ".html"])
    assert not found, "what customers write is shown on every page; use format_html where there must be tags"


def test_no_door_calls_out_by_itself():
    found = lines_with(r"^\s*(import|from) (requests|httpx|aiohttp|urllib3|urllib\.request|http\.client)\b", modules())
    # The last one knows only what may go wrong: where it leads to stands in the environment.
    known = ("accounts/outward.py:", "tickets/fetching.py:", "outbox/transport/provider.py:")
    found = [place for place in found if not place.startswith(known)]
    assert not found, (
        "an address that somebody typed may point inside the network: one function goes out, and it checks"
    )


def test_doors_see_only_what_their_viewer_may_see():
    doors = [path for path in modules() if {"views", "consumers"} & {path.stem, *path.parts}]
    found = lines_with(r"\b(Ticket|Message|Event|Attachment)\.objects\.(get|all|first|filter|exclude|latest)\(", doors)
    missing = [place for place in found if not any(place.startswith(known) for known in UNSCOPED)]
    assert not missing, "fetch through visible_to(viewer): the one place that decides who sees what"


# Where a door reads a row that its own action returned a moment ago, or only whether one of its own exists.
UNSCOPED = ("api/views/tickets.py", "api/views/timeline.py", "chat/consumers/guest.py")


def test_nothing_is_left_to_do():
    ours = [
        path for path in tracked() if path.suffix in {".py", ".js", ".css", ".html", ".txt", ".sh", ".toml", ".yml"}
    ]
    ours = [path for path in ours if path != Path(__file__) and not path.name.startswith("requirements")]
    assert not lines_with(r"\b(TODO|FIXME|XXX|HACK)\b|[Nn]ot implemented", ours), "it is done, or it is an issue"


# --- Templates and scripts -----------------------------------------------------------------


def test_pages_carry_no_styles_or_scripts_of_their_own():
    found = lines_with(r"<style\b|\sstyle=|\son[a-z]+=[\"']|javascript:", PAGES)
    found += lines_with(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", PAGES)
    assert not found, "the Content-Security-Policy refuses them, and a browser without it would run what is injected"


def test_a_fragment_says_so_in_its_name():
    found = [
        name_of(path)
        for path in PAGES
        if not path.name.startswith("_") and not re.search(r"{%\s*extends|<!doctype", path.read_text(), re.IGNORECASE)
    ]
    assert not found, "a page extends a layout; what is only a part of one begins with an underscore"


def test_a_form_in_a_fragment_gets_its_token():
    forms = {str(path.relative_to(ROOT / "templates")) for path in TEMPLATES if "{% csrf_token %}" in path.read_text()}
    found = [
        f"{name_of(path)}: {name}"
        for path in TEMPLATES
        for name, values in re.findall(r'{% include "([^"]+)"([^%]*)%}', path.read_text())
        if name in forms and " only " in values and "csrf_token=csrf_token" not in values
    ]
    assert forms
    assert not found, "`only` leaves the token behind, and without a script the form is refused"


def test_words_to_translate_do_not_stand_within_others():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if isinstance(part, ast.Call) and called(part) in {"_", "gettext", "ngettext", "pgettext"}
        if part.args and isinstance(part.args[0], ast.Constant)
    ]
    assert not found, "what collects the words does not look into an f-string"


def test_what_customers_see_has_no_sequential_number():
    theirs = [p for p in TEMPLATES if "chat" in p.parts or "mail" in p.parts]
    assert theirs
    found = lines_with(r"ticket\.(number|pk|id)\b", theirs)
    assert not found, "numbers can be counted up; customers get the random reference"


def test_scripts_build_no_markup_from_text():
    found = lines_with(
        r"\.(innerHTML|outerHTML)\s*=|insertAdjacentHTML\(|document\.write\(|\beval\(|new Function\(", SCRIPTS
    )
    assert not found, "text becomes text nodes; what a customer wrote must never be parsed as HTML"


def test_nothing_foreign_is_kept_with_our_files():
    found = [
        name_of(path) for path in tracked() if re.search(r"\.min\.(js|css)$|\.map$|node_modules/|\.pyc$", name_of(path))
    ]
    assert not found, "packages come pinned from their registries (package.json); copies rot"
