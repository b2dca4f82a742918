"""People chat over the real protocol, or mails leave, while servers die; then every promise is checked."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from runner.environment import ROOT
from tests.chaos.plan import KINDS, Cast, make_plan
from tests.chaos.post import PostPlan, print_report, run_post
from tests.chaos.run import run
from tests.chaos.variants import UNBROKEN, VARIANTS, run_all


def main(arguments: list[str]) -> int:
    """The exit status: 1 if a promise was broken, a limit missed or a broken variant not found out."""
    parser = argparse.ArgumentParser(prog="bin/chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=50, help="how many strike (50)")
    parser.add_argument("--messages", type=int, help="how many are written (10 a second)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed is the same plan (7)")
    parser.add_argument("--guests", type=int, default=Cast.guests, help=f"with a socket each ({Cast.guests})")
    parser.add_argument(
        "--kinds", default="", help=f"only faults that begin so, by comma. There are: {'; '.join(KINDS)}"
    )
    parser.add_argument("--report", type=Path, help="the folder for report and history, instead of one in .data/chaos")
    parser.add_argument("--variants", action="store_true", help="find out every deliberately broken variant")
    names = [variant.name for variant in (UNBROKEN, *VARIANTS)]
    parser.add_argument("--variant", action="append", choices=names, help="find out this one, and say how")
    parser.add_argument("--mails", type=int, help="so many scheduled mails, while their senders are killed")
    parser.add_argument("--kills", type=int, default=PostPlan.kills, help=f"with --mails ({PostPlan.kills})")
    parser.add_argument("--flushes", type=int, default=PostPlan.flushes, help=f"with --mails ({PostPlan.flushes})")
    options = parser.parse_args(arguments)
    if options.mails:
        return mails(options)
    if options.variants or options.variant:
        folder = options.report or data_folder() / "variants"
        return run_all(options.seed, folder, options.variant)
    return one_run(options)


def one_run(options: argparse.Namespace) -> int:
    kinds = {kind: row for kind, row in KINDS.items() if kind.startswith(tuple(options.kinds.split(",")))}
    cast = Cast(guests=options.guests)
    plan = make_plan(options.seed, faults=options.faults, messages=options.messages, cast=cast, kinds=kinds)
    minutes = plan.seconds / 60
    print(f"{len(plan.faults)} faults, {plan.messages} messages, {minutes:.1f} minutes and the quiet after", flush=True)
    folder = options.report or data_folder() / f"seed-{options.seed}-{time.strftime('%Y%m%d-%H%M%S')}"
    report = asyncio.run(run(plan, cast, keep_in=folder))
    report.save(folder / "report.json")
    report.print()
    again = f"bin/chaos --seed {options.seed} --faults {options.faults} --messages {plan.messages}"
    again += f" --kinds '{options.kinds}'" if options.kinds else ""
    again += f" --guests {options.guests}" if options.guests != Cast.guests else ""
    print(f"Written to {folder}. The same again: {again}")
    return 0 if report.is_good else 1


def mails(options: argparse.Namespace) -> int:
    plan = PostPlan(options.mails, options.kills, options.flushes, options.seed)
    print(
        f"{plan.mails} mails, {plan.kills} kills, {plan.flushes} flushes, {plan.seconds / 60:.0f} minutes and the rest"
    )
    folder = options.report or data_folder() / f"mails-{options.seed}-{time.strftime('%Y%m%d-%H%M%S')}"
    report = asyncio.run(run_post(plan, keep_in=folder))
    print_report(report)
    print(f"Written to {folder}.")
    return 1 if report["violations"] else 0


def data_folder() -> Path:
    """.data/chaos, or where DATA_DIR says."""
    folder = Path(os.environ.get("DATA_DIR") or ROOT / ".data") / "chaos"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
