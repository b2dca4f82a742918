"""What the documentation names is there, and what is there is named."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

import chat.urls
from chat.consumers import AgentConsumer, GuestConsumer
from chat.consumers import live as live_consumer

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PROTOCOL = (ROOT / "docs/protocol.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
DEPLOY = (ROOT / "docs/deploy.md").read_text()
TEXTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
# Where frames are made and refused. `unavailable` and the like are of the HTTP doors and in their own list.
FRAME_SOURCES = [*sorted((ROOT / "chat").rglob("*.py"))]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def section(text: str, title: str) -> str:
    """The part of a text under this heading, up to the next one of the same depth."""
    marks, _, _ = title.partition(" ")
    match = re.search(rf"^{re.escape(title)}$(.*?)(?=^{marks} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"there is no heading {title!r}"
    return match[1]


def anchors(text: str) -> set[str]:
    """The names that the headings of a text can be linked by, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def top_folders() -> set[str]:
    """The folders at the top that are part of the project."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = (
        listed.stdout.splitlines() if listed.returncode == 0 else [f"{p.name}/" for p in ROOT.iterdir() if p.is_dir()]
    )
    made_here = {"node_modules", "staticfiles"}
    return {name.split("/")[0] for name in names if "/" in name and not name.startswith(".")} - made_here


# --- Links ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    broken = []
    for target in _LINK.findall(path.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        is_there = there.exists() and (not anchor or anchor in anchors(there.read_text()))
        broken += [] if is_there else [target]
    assert not broken


# --- README --------------------------------------------------------------------------------


def test_the_readme_has_a_row_for_every_folder_and_no_other():
    rows = set(re.findall(r"^\| `(\w+)/` \|", section(README, "## Where things are"), re.MULTILINE))
    assert rows == top_folders()


def test_commands_exist():
    named = {name for path in TEXTS for name in re.findall(r"(?<![\w/])bin/([a-z]+)", path.read_text())}
    there = {path.name for path in (ROOT / "bin").iterdir()}
    assert named - there == set()
    assert {name for name in there if f"`bin/{name}" not in README and f"bin/{name} " not in README} == set()


def test_management_commands_exist():
    named = {name for path in TEXTS for name in re.findall(r"(?:bin/manage|manage\.py) ([a-z_]+)\b", path.read_text())}
    ours = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    assert named <= ours | {"migrate", "collectstatic", "shell", "in", "against"}, named


def test_files_that_the_texts_name_exist():
    pattern = (
        r"`((?:accounts|api|chat|customers|demo|helpdesk|outbox|reports|static|templates|tests|tickets|docs)/[\w/.-]+)`"
    )
    named = {name for path in TEXTS for name in re.findall(pattern, path.read_text())}
    example = {"templates/events/_subject.changed.html"}  # what the README's reader would write
    assert {name for name in named - example if not (ROOT / name).exists()} == set()


# --- docs/architecture.md ------------------------------------------------------------------


def test_the_picture_of_the_layers_is_the_order_of_the_apps():
    picture = re.search(r"```\n(helpdesk .*?)```", ARCHITECTURE, re.DOTALL)
    assert picture
    assert re.findall(r"^([a-z]+) ", picture[1], re.MULTILINE) == ["helpdesk", *settings.LOCAL_APPS]


def test_the_action_that_is_shown_is_the_one_in_the_code():
    source = (ROOT / "tickets/actions/sorting.py").read_text()
    function = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == "set_priority")
    shown = re.search(r"```python\n(@transaction.*?)```", section(ARCHITECTURE, "## An action"), re.DOTALL)
    assert shown
    assert ast.unparse(ast.parse(shown[1])) == ast.unparse(function)


def test_the_processes_are_those_of_the_procfile():
    lines = re.findall(r"^([a-z]+):", (ROOT / "Procfile").read_text(), re.MULTILINE)
    rows = re.findall(
        r"^\| `(\w+)`", section(ARCHITECTURE, "## Processes, and what happens when one dies"), re.MULTILINE
    )
    assert rows == lines


# --- docs/protocol.md ----------------------------------------------------------------------


def test_every_frame_that_a_socket_takes_is_described():
    table = re.findall(r"^\| `([a-z.]+)` \| (✓?) ?\| (✓?) ?\|", section(PROTOCOL, "## Client → server"), re.MULTILINE)
    assert {frame for frame, guest, _ in table if guest} == set(GuestConsumer.handlers)
    assert {frame for frame, _, agent in table if agent} == set(AgentConsumer.handlers)
    assert {frame for frame, *_ in table if f"**`{frame}`**" not in PROTOCOL} == set()


def test_every_frame_that_a_socket_sends_is_described():
    sources = "\n".join(path.read_text() for path in FRAME_SOURCES)
    sent = set(re.findall(r'"type": "([a-z.]+)"', sources)) - {"bell", "relay"}  # those two go between processes only
    assert sent >= {"ready", "ack", "event", "heartbeat", "error"}
    described = section(PROTOCOL, "## Server → client")
    assert {frame for frame in sent if f"**`{frame}`**" not in described} == set()


def test_the_codes_of_errors_are_those_of_the_code():
    sources = "\n".join(path.read_text() for path in FRAME_SOURCES)
    raised = set(re.findall(r'FrameError\(\s*"([a-z_]+)"', sources)) | set(live_consumer._CODES.values())
    described = set(re.findall(r"^\| `([a-z_]+)` \|", section(PROTOCOL, "## Server → client"), re.MULTILINE))
    assert described == raised


def test_the_close_codes_are_those_of_the_code():
    used = {str(value) for name, value in vars(live_consumer).items() if name.startswith("CLOSE_")}
    described = set(re.findall(r"^\| (\d{4}) \|", PROTOCOL, re.MULTILINE))
    assert described == used | {"1009"}  # which the server sends by itself, --ws-max-size


def test_every_type_of_event_is_described():
    drawn = {path.stem.removeprefix("_") for path in (ROOT / "templates/events").glob("_*.*.html")}
    table = PROTOCOL.partition("| Event type |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    named = {name for cell in first_cells for name in re.findall(r"`([a-z_.]+)`", cell)}
    assert named == drawn


def test_every_door_of_the_widget_is_described():
    pages = {"embed", "frame", "shop"}
    routes = [str(door.pattern) for door in chat.urls.urlpatterns if door.name not in pages]
    addresses = {"/widget/" + re.sub(r"<\w+:(\w+)>", r"<\1>", route).replace("<pk>", "<id>") for route in routes}
    assert {address for address in addresses if f" {address}" not in PROTOCOL} == set()


def test_the_script_of_the_widget_does_what_is_said():
    script = (ROOT / "static/widget/embed.js").read_text()
    said = section(PROTOCOL, "## On a page: the script")
    events = re.search(r"const EVENTS = \[(.*?)\]", script)
    assert events
    assert {name for name in re.findall(r'"([a-z:]+)"', events[1]) if f"`{name}`" not in said} == set()
    methods = re.findall(r"^    ([a-z]+): ", section_of_api(script), re.MULTILINE)
    assert {name for name in methods if name != "push" and f"`{name}(" not in said} == set()
    attributes = set(re.findall(r"script\.dataset\.([a-z]+)", script))
    assert {name for name in attributes if f"`data-{name}`" not in said} == set()
    states = set(re.findall(r"enter\((?:reached \? )?\"([a-z]+)\"", (ROOT / "static/widget/connection.js").read_text()))
    assert {state for state in states if f"`{state}`" not in said} == set()


def section_of_api(script: str) -> str:
    match = re.search(r"const api = \{(.*?)^  \};", script, re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


# --- docs/deploy.md ------------------------------------------------------------------------


def test_every_variable_of_the_environment_is_described_with_its_default():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    table = section(DEPLOY, "## The environment")
    assert {name for name in named if f"`{name}`" not in table} == set()
    assert set(re.findall(r"`([A-Z_]{4,})`", table)) <= named
    for name, default in re.findall(r"^#([A-Z_]+)=(\d+)$", example, re.MULTILINE):
        row = next(line for line in table.splitlines() if line.startswith("|") and f"`{name}`" in line)
        assert default in row, f"{name} is {default} by default"
