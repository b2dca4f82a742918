"""Would the tests of the ledger notice? By hand, not in the daily run: `python -m tests.recovery.mutate_ledger`.

Each mutation is a small mistake that somebody could make in what moves money. It is made in a copy of the tree, one at a
time, and the tests that hold the ledger against the offers are run there: first what is true of any story and what
happens at once, then, for what survives these, the tests of each action. A mutation that survives all of them is a
mistake that nobody would see. It needs the database of the tests, and takes about a minute for each.

    python -m tests.recovery.mutate_ledger [words of a mutation …]
"""

# ruff: noqa: E501  (a mutation stands on one line)
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (
    ".git",
    ".venv",
    "node_modules",
    "staticfiles",
    "locale",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    "docs",
)
STORIES = ["tests/recovery/test_ledger_properties.py", "tests/recovery/test_offer_races.py"]
ACTIONS = [
    "tests/recovery/test_actions_offering.py",
    "tests/recovery/test_actions_approving.py",
    "tests/recovery/test_ledger_edges.py",
    "tests/recovery/test_stock.py",
    "tests/recovery/test_proving.py",
]
LEDGER, OFFERING = "recovery/actions/_ledger.py", "recovery/actions/offering.py"
PAYING, APPROVING = "recovery/actions/paying.py", "recovery/actions/approving.py"


class Mutation(NamedTuple):
    """In this file, these words for those, where they stand for the first time."""

    path: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.path.rpartition('/')[2]}: {self.was.strip()!r} → {self.now.strip()!r}"


MUTATIONS = [
    # What is written.
    Mutation(LEDGER, "amount=exact(amount, offer.currency),", "amount=exact(amount * 2, offer.currency),"),
    Mutation(LEDGER, "own_amount=in_own(amount, offer.currency),", "own_amount=None,"),
    Mutation(LEDGER, "return _next(offer, Step.ISSUE, amount,", "return _next(offer, Step.ISSUE, _last(offer).amount,"),
    Mutation(LEDGER, "return steps.get(Step.ISSUE) or steps[Step.RESERVE]", "return steps[Step.RESERVE]"),
    Mutation(LEDGER, "return _end(offer, Step.EXPIRE,", "return _end(offer, Step.VOID,"),
    Mutation(LEDGER, "return _end(offer, Step.VOID,", "return _end(offer, Step.EXPIRE,"),
    Mutation(LEDGER, "return _end(offer, Step.REDEEM,", "return _end(offer, Step.VOID,"),
    Mutation(LEDGER, "own_amount=_share(before, amount),", "own_amount=in_own(amount, offer.currency),"),
    Mutation(LEDGER, "before.own_amount * amount / before.amount", "before.own_amount"),
    # When it is written.
    Mutation(OFFERING, "    _ledger.issue(offer, amount=chosen.value, by=_one_of_us(by), at=now)\n", ""),
    Mutation(OFFERING, "amount=chosen.value, by=_one_of_us(by)", "amount=dearest([chosen, *offer.options.all()]), by=None"),
    Mutation(OFFERING, "    _ledger.void(offer, by=_one_of_us(by), at=now)\n", ""),
    Mutation(OFFERING, "    _ledger.expire(offer, at=now)\n", ""),
    Mutation(OFFERING, "    _ledger.redeem(offer, by=by, at=now, note=note)\n", ""),
    Mutation(OFFERING, "        _ledger.void(offer, by=by, at=now, note=offer.end_reason)\n", ""),
    Mutation(OFFERING, "    if was == State.SENT:\n", "    if was != State.DRAFT:\n"),
    # Twice, and too late.
    Mutation(OFFERING, "    if offer.state == State.ACCEPTED:\n        return offer\n", ""),
    Mutation(OFFERING, "    if offer.state in (State.SENT, State.AWAITING):\n        return offer\n", ""),
    Mutation(OFFERING, "    if chosen.done_at is not None:\n        return offer\n", ""),
    Mutation(OFFERING, "    _refuse_late(offer, now)\n    chosen", "    chosen"),
    Mutation(OFFERING, "offer.expires_at > now:", "offer.expires_at < now:"),
    Mutation(OFFERING, "offer.options.filter(pk=option.pk).first()", "option"),
    Mutation(OFFERING, "    _refuse_unless(offer, State.DRAFT, State.AWAITING, State.SENT)\n", ""),
    Mutation(OFFERING, "offer.expires_at <= now:", "offer.expires_at < now:"),
    Mutation(OFFERING, "chosen = offer.options.select_for_update().get(", "chosen = offer.options.get("),
    # Locks.
    Mutation(OFFERING, "policy, now = lock_policy(), at or", "policy, now = Policy.current(), at or"),
    Mutation(OFFERING, "    offer = lock_offer(offer)\n    _require_answerer(offer, by)\n    if offer.state == State.ACC",
             "    _require_answerer(offer, by)\n    if offer.state == State.ACC"),
    # Limits.
    Mutation(OFFERING, "    if reasons:\n", "    if False:\n"),
    Mutation(OFFERING, "not 0 <= value < MOST", "not -MOST <= value < MOST"),
    Mutation(OFFERING, "if not is_exact(value, currency):", "if False:"),
    # Codes and the shop.
    Mutation(PAYING, "select_for_update(skip_locked=True).filter(pool", "filter(pool"),
    Mutation(PAYING, "if not Voucher.objects.filter(option=option).exists():", "if True:"),
    Mutation(PAYING, "    _put_back(option.offer, now=now)\n    _order", "    _order"),
    Mutation(PAYING, "    _put_back(offer, now=timezone.now())\n", "    return\n"),
    Mutation(PAYING, "Voucher.objects.filter(option=option, state=State.HELD)", "Voucher.objects.filter(option=option)"),
    Mutation(PAYING, "voucher = None if is_stale else free.first()", "voucher = free.first()"),
    Mutation(PAYING, "or option.value <= 0:", "or option.value < 0:"),
    Mutation(PAYING, "    if payout.state == Payout.State.SENDING:\n", "    if False:\n"),
    Mutation(PAYING, "payout.state, payout.ended_by, payout.ended_at = Payout.State.BY_HAND, by, now\n", "pass\n"),
    # Four eyes.
    Mutation(APPROVING, "    policy, now = lock_policy(), at or", "    policy, now = Policy.current(), at or"),
    Mutation(APPROVING, "    _refuse_own(offer, approval, by)\n    if not may", "    if not may"),
    Mutation(APPROVING, "if by.pk in (approval.asked_by_id, offer.by_id):", "if by.pk == approval.asked_by_id:"),
    Mutation(APPROVING, "if not may_decide(by, approval, limits=own_limits(by, now)):", "if False:"),
    Mutation(APPROVING, "    check_offerable(offer, list(offer.options.all()), policy=policy, now=now, is_leaving=True)\n", ""),
    Mutation(APPROVING, "or approval.state != State.ASKED or", "or"),
    Mutation(APPROVING, " or offer.state != Offer.State.AWAITING:", ":"),
    Mutation(APPROVING, "on_account_of=by, policy", "on_account_of=offer.by, policy"),
    Mutation(APPROVING, "    _decide(approval, State.GRANTED, by=by, note=note, now=now)\n", ""),
]  # fmt: skip


def main(wanted: list[str]) -> int:
    """Make each mutation (of those whose words are wanted) and say which survive; how many do."""
    chosen = [one for one in MUTATIONS if not wanted or any(words in str(one) for words in wanted)]
    survivors: list[Mutation] = []
    with tempfile.TemporaryDirectory(prefix="mutated-") as place:
        tree = Path(place) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
        if problem := broken(tree, STORIES + ACTIONS):
            print(f"without a mutation the tests fail already: {problem}")
            return 1
        for number, mutation in enumerate(chosen, 1):
            begin = time.monotonic()
            killer = seen(tree, mutation)
            took = f"{time.monotonic() - begin:.0f} s"
            print(f"{number}/{len(chosen)} {mutation}: {killer or 'SURVIVES'} ({took})", flush=True)
            survivors += [] if killer else [mutation]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed")
    return len(survivors)


def seen(tree: Path, mutation: Mutation) -> str:
    """The test that notices it, and where: in a story, or only in a test of an action. Empty: none does."""
    path = tree / mutation.path
    text = path.read_text()
    if mutation.was not in text:
        raise LookupError(f"{mutation}: there are no such words any more")
    path.write_text(text.replace(mutation.was, mutation.now, 1))
    try:
        if found := broken(tree, STORIES):
            return f"story: {found}"
        found = broken(tree, ACTIONS)
        return f"action: {found}" if found else ""
    finally:
        path.write_text(text)


def broken(tree: Path, tests: list[str]) -> str:
    """The first of these tests that fails in the tree; empty if all pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--reuse-db", "-p", "no:cacheprovider", "--tb=no", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0].rpartition("::")[2] if failed else f"pytest ends with {done.returncode}"


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
