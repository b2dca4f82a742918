"""Deliberately broken desks, kept as patches: the checker must find what is wrong with each of them.

A variant is a copy of the tree in a temporary folder with one patch applied, and a short run that suits it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.environment import ROOT

FOLDER = Path(__file__).parent / "variants"
LINKED = (".venv", "node_modules")  # packages, not ours to patch


@dataclass(frozen=True)
class Variant:
    """`name` is its patch's; `faults` of these `kinds` bring it to light; `promises` are those it breaks."""

    name: str
    what: str
    promises: tuple[str, ...]
    kinds: str
    faults: int = 5
    messages: int = 500

    @property
    def patch(self) -> Path | None:
        return FOLDER / f"{self.name}.patch" if self.promises else None


# If the checker finds anything wrong with this one, what it says of the others proves nothing.
UNBROKEN = Variant("unbroken", "the desk as it is", (), "redis: dead,web: kill,line: half open", 4, 300)

VARIANTS = [
    Variant("ack_before_commit", "acknowledges before COMMIT", ("C1", "C7"), "web: kill,postgres: kill"),
    Variant("body_in_the_bell", "sends what the bell carries and never reads again", ("C3", "C8"), "redis"),
    Variant("identity_as_cursor", "takes seq from a global identity, before the lock", ("C2", "C3"), "line: cut"),
    Variant("no_unique_key", "stores a message again that is sent again", ("C1",), "line: half open", 3),
    Variant("time_window", "resumes with the events of the last seconds", ("C3",), "line: dark,line: cut,redis"),
    Variant("no_heads", "neither sends nor looks at heads in the heartbeat", ("C8",), "redis: dead", 3, 120),
    Variant("follow_up_by_eta", "leaves what is due later to the broker", ("C10",), "redis: flush,redis: kill", 5, 500),
    Variant("notes_leak", "counts notes among what is public", ("C5",), "line: cut", 2, 300),
    Variant(
        "seq_outside_the_lock", "gives out seq without locking the ticket", ("C2", "C3", "C7"), "line: cut", 3, 900
    ),
]


def variant_named(name: str) -> Variant:
    return next(variant for variant in VARIANTS if variant.name == name)


@contextmanager
def copy_of_the_tree(patch: Path | None = None) -> Iterator[Path]:
    """A folder with our files as they are now, and the patch applied."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-variant-"))
    folder.chmod(0o755)
    try:
        for name in _our_files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        for name in LINKED:
            if (ROOT / name).exists():
                (folder / name).symlink_to((ROOT / name).resolve())
        if patch is not None:
            subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _our_files() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    hidden = {*LINKED, ".data", "staticfiles", "__pycache__"}  # an unpacked archive
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in paths if not hidden & set(path.parts)]


def run_variant(variant: Variant, seed: int, data: Path) -> dict[str, Any]:
    """Its report, as JSON; `crashed` instead if there was none."""
    data = data / variant.name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    with copy_of_the_tree(variant.patch) as folder:
        command = [sys.executable, "-m", "tests.chaos", "--seed", str(seed), "--kinds", variant.kinds]
        command += ["--faults", str(variant.faults), "--messages", str(variant.messages), "--report", str(data)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    (data / "output.txt").write_text(done.stdout + done.stderr)
    file = data / "report.json"
    return json.loads(file.read_text()) if file.exists() else {"crashed": done.stderr[-2000:]}


def caught_by(variant: Variant, report: dict[str, Any]) -> list[str]:
    """The promises that the checker found broken, if one of those is among them that this variant breaks."""
    found = [promise for promise, count in report.get("by_promise", {}).items() if count]
    return found if set(found) & set(variant.promises) else []


def run_all(seed: int, data: Path, names: list[str] | None = None) -> int:
    """Each in turn, and a line for each; the exit status is 1 if the checker was wrong about one."""
    is_right = True
    for variant in [UNBROKEN, *VARIANTS]:
        if names and variant.name not in names:
            continue
        report = run_variant(variant, seed, data)
        is_right &= is_right_about(variant, report)
        print(f"{variant.name:22} {variant.what:56} {verdict(variant, report)}", flush=True)
    return 0 if is_right else 1


def is_right_about(variant: Variant, report: dict[str, Any]) -> bool:
    if variant.promises:
        return bool(caught_by(variant, report))
    return "by_promise" in report and not any(report["by_promise"].values())


def verdict(variant: Variant, report: dict[str, Any]) -> str:
    found = ", ".join(f"{promise}: {count}" for promise, count in report.get("by_promise", {}).items() if count)
    if not variant.promises:
        return "clean" if is_right_about(variant, report) else f"NOT clean ({found or report})"
    return f"caught ({found})" if is_right_about(variant, report) else f"NOT caught ({found or report})"
