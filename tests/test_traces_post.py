"""The post of the study traces: no typed numbers, and sentences that follow what was measured, or say that it was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from made_up_posts import TRACES, line, measured


@pytest.mark.parametrize("run", [True, False])
def test_a_post_of_nothing_says_so(tmp_path: Path, run: bool) -> None:
    text = TRACES.render(tmp_path, run=run)
    assert text.startswith("# 93 % of what it had seen")
    assert "was not measured in this experiment" in line(text, "Fresh problems")
    assert "was not run in this experiment" in line(text, "The trap")
    assert "was not drawn in this experiment" in text
    assert ("no arm was run" in text or "No model was trained" in text) == (not run)
    assert "None" not in text and "{{" not in text


@pytest.mark.parametrize(
    "fields, says",
    [
        (measured(0.97, 0.01, unit="share", verdict="reproduced"), "97 % [96–98], as much as was aimed at"),
        (measured(0.5, 0.01, unit="share", verdict="not reproduced"), "less than was aimed at"),
        (measured(0.95, 0.02, unit="share", verdict="inconclusive"), "is not settled"),
    ],
)
def test_prose_follows_what_was_learned(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = TRACES.render(tmp_path, learned=fields, wordings=fields, families=fields)
    assert all(says in line(text, name) for name in ("Fresh problems", "Other words", "Other families"))


@pytest.mark.parametrize(
    "fields, says",
    [
        (measured(-0.1, 0.04, verdict="reproduced", p_holm=0.01), "−10.0 points [−14.0 to −6.0]."),
        (measured(0.0, 0.01, verdict="not reproduced", p_holm=1.0), "no difference beyond the margin"),
        (measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0), "undecided"),
        (
            measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0, room="floor"),
            "no room to show a difference",
        ),
    ],
)
def test_prose_follows_the_trap_and_the_leak(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = TRACES.render(
        tmp_path, trap=fields, matching=fields, contamination=fields, leak_spread=fields, longer=fields
    )
    assert says in line(text, "The trap") and says.rstrip(".") in line(text, "The leak")
    assert fields.get("room") or says.rstrip(".") in line(text, "Longer problems")


@pytest.mark.parametrize(
    "verdict, says",
    [
        ("reproduced", "Here they are."),
        ("not reproduced", "Here they are not."),
        ("inconclusive", "Whether they are is not settled here."),
    ],
)
def test_prose_follows_what_carries_over(tmp_path: Path, verdict: str, says: str) -> None:
    assert says in TRACES.render(tmp_path, G10=measured(-0.1, 0.2, verdict=verdict))
