"""The broken variants stay variants of today's tree, and the checker finds each of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runner.environment import ROOT
from tests.chaos.plan import KINDS
from tests.chaos.report import PROMISES
from tests.chaos.variants import (
    FOLDER,
    UNBROKEN,
    VARIANTS,
    Variant,
    copy_of_the_tree,
    is_right_about,
    run_variant,
    verdict,
)


def test_each_patch_is_a_variant_and_each_variant_a_patch():
    assert {path.stem for path in FOLDER.glob("*.patch")} == {variant.name for variant in VARIANTS}
    assert len(VARIANTS) >= 7


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_patches_apply_to_the_tree_as_it_is(variant: Variant):
    done = subprocess.run(["git", "apply", "--check", str(variant.patch)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\nApply it to a copy of the tree by hand and save the new difference."


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_what_a_variant_needs_is_there(variant: Variant):
    assert set(variant.promises) <= PROMISES.keys()
    assert all(any(kind.startswith(wanted) for kind in KINDS) for wanted in variant.kinds.split(","))


def test_a_copy_has_our_files_and_leaves_ours_alone():
    variant = VARIANTS[0]
    assert variant.patch
    touched = variant.patch.read_text().split("+++ b/")[1].splitlines()[0]
    before = (ROOT / touched).read_text()
    with copy_of_the_tree(variant.patch) as folder:
        assert (folder / touched).read_text() != before
        assert (folder / "Procfile").read_text() == (ROOT / "Procfile").read_text()
        assert not (folder / ".git").exists()
    assert not folder.exists()
    assert (ROOT / touched).read_text() == before


@pytest.mark.parametrize(
    ("variant", "found", "right"),
    [
        (UNBROKEN, {"C1": 0, "C3": 0}, True),
        (UNBROKEN, {"C1": 0, "C3": 2}, False),
        (VARIANTS[0], {"C1": 3, "C3": 0}, True),
        (VARIANTS[0], {"C1": 0, "C3": 2}, False),
        (VARIANTS[0], {"C1": 0, "C3": 0}, False),
    ],
)
def test_a_variant_is_found_out_by_a_promise_that_it_breaks(variant: Variant, found: dict[str, int], right: bool):
    report = {"by_promise": found}
    assert is_right_about(variant, report) is right
    assert ("NOT" in verdict(variant, report)) is not right
    assert not is_right_about(variant, {"crashed": "no report"})


@pytest.mark.long
@pytest.mark.parametrize("variant", [UNBROKEN, *VARIANTS], ids=lambda variant: variant.name)
def test_the_checker_finds_out_what_is_wrong(variant: Variant, tmp_path: Path):
    report = run_variant(variant, 7, tmp_path)
    assert is_right_about(variant, report), verdict(variant, report)
