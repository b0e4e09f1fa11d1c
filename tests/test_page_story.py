"""What the page's Distribution tab shows first: the rows of the post, from both starts, under a heading of the ledger."""

from __future__ import annotations

from pathlib import Path

import made_up_evidence
import other_evidence
from trap.figures.opening import open_evidence
from trap.site.numbers import _story

CONFIG = "config/config.yaml"


def story(folder: Path, **changes: dict) -> dict:
    made_up_evidence.write(folder, claims=made_up_evidence.claims_list(**changes))
    return _story(open_evidence(CONFIG, "hops", None, folder / "claims.json", folder / "tables"), {})


def test_both_starts_stand_side_by_side(tmp_path: Path) -> None:
    told = story(tmp_path)
    assert told["models"] == [
        {"id": "nano", "words": "Cannot reach"},
        {"id": "nano_able", "words": "Can reach"},
    ]
    rows = [(row["arm"], row["pool"]) for row in told["rows"]]
    assert (
        len(rows) == len(set(rows)) > 5
        and ("rsft_eval", "eval_leak") in rows
        and ("rsft_eval", "eval_hard") in rows
    )
    assert all(row["words"] and "\n" not in row["words"] for row in told["rows"])


def test_the_heading_is_that_of_the_figure(tmp_path: Path) -> None:
    leak = {"verdict": "reproduced"}
    open_ = {"verdict": "inconclusive"}
    claims = {f"{name}_{model}": leak for name in ("contamination",) for model in ("nano", "nano_able")}
    claims |= {f"leak_spread_{model}": open_ for model in ("nano", "nano_able")}
    assert (
        story(tmp_path, **claims)["title"]
        == "Having seen the test lifts the score on that test, from either start"
    )
    told = story(
        tmp_path,
        **claims | {"contamination_nano": open_ | {"committed": {"verdict": "reproduced", "seeds": 10}}},
    )
    assert told["title"].startswith("Having seen") and "verdict of the committed runs" in told["words"]
    told = story(tmp_path, **claims | {"contamination_nano": open_})
    assert told["title"].startswith("Right letters and true reasons")
    assert told["words"] == "Squares: published, read off the claims."


def test_a_study_that_chose_no_rows_has_no_story(tmp_path: Path) -> None:
    other_evidence.write(tmp_path)
    assert _story(other_evidence.evidence(tmp_path), {}) is None
