"""What the demo company gives when something went wrong, and a stock of codes from its shop."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from recovery.actions.stocking import create_pool, create_remedy, import_codes
from recovery.models import Kind, RemedyKind

# Kind, name, what the customer reads, value (None: what fills the gap), failures, severity from and to.
REMEDIES: list[tuple[str, str, str, str | None, list[str], int, int]] = [
    (
        RemedyKind.LOAN,
        "Loan wheel today, fitting at home",
        "A loan wheel today, and we fit yours at home\nTonight at six, by Piet from the workshop. Costs you nothing.",
        "40",
        [Kind.PRODUCT, Kind.SERVICE],
        2,
        5,
    ),
    (
        RemedyKind.REPLACEMENT,
        "The right part by courier",
        "The right part tomorrow, by courier\nKeep the wrong one, or hand it to the courier.",
        None,
        [Kind.PRODUCT],
        1,
        5,
    ),
    (RemedyKind.REFUND, "Money back today", "The money back, today", None, [Kind.MONEY], 1, 5),
    (
        RemedyKind.REDO,
        "Once more, by the head of the workshop",
        "We do it again, at once\nLena, who runs the workshop, does it herself. You need no appointment.",
        "45",
        [Kind.SERVICE],
        1,
        5,
    ),
    (RemedyKind.CREDIT, "Credit for the next repair", "A credit for your next repair", None, [], 1, 5),
    (RemedyKind.EXPLANATION, "What happened", "What happened, step by step, in writing", "0", [Kind.INFORMATION], 1, 3),
    (
        RemedyKind.CALL,
        "Call from Ingrid",
        "A call from Ingrid, who runs the shop\nWhen it suits you.",
        "0",
        [Kind.ATTENTION, Kind.DELAY],
        3,
        5,
    ),
]
CODES = 40


def stock_up(rng: Random) -> None:
    """Remedies in their order, and codes worth €15; by the system, as an import would."""
    for kind, name, words, value, failures, low, high in REMEDIES:
        create_remedy(
            by=None,
            kind=kind,
            name=name,
            words=words,
            value=None if value is None else Decimal(value),
            failures=failures,
            severity_from=low,
            severity_to=high,
            is_owed=kind == RemedyKind.REFUND,
        )
    pool = create_pool(by=None, name="Shop voucher", currency="EUR", value=Decimal(15))
    import_codes(pool, by=None, text="\n".join(f"BELL-{rng.randrange(16**8):08X}" for _ in range(CODES)))
    create_remedy(by=None, kind=RemedyKind.VOUCHER, name="€15 for the shop", words="€15 for the shop", pool=pool)
