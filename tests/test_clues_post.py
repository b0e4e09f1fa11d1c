"""The post of the study clues: no typed numbers, and sentences that follow what was measured, or say that it was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from made_up_posts import CLUES, line, measured

BULLETS = {
    "The trap": "trap", "The leak": "contamination", "Rewards": "rewarded", "Reasons": "H3", "A solver instead": "H17", "More clues": "easier",
}  # fmt: skip


@pytest.mark.parametrize("run", [True, False])
def test_a_post_of_nothing_says_so(tmp_path: Path, run: bool) -> None:
    text = CLUES.render(tmp_path, run=run)
    assert "was not measured in this experiment" in line(text, "Right for sound reasons")
    assert all("not run in this experiment" in line(text, name) for name in list(BULLETS)[:-1])
    assert "was not drawn in this experiment" in text and "None of them was put to a run" in text
    assert ("no arm was run" in text or "No model was trained" in text) == (not run)
    assert "None " not in text.replace("None of them", "") and "{{" not in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (measured(0.95, 0.01, unit="share", verdict="reproduced"), "95 % [94–96], as much as was aimed at"),
        (measured(0.5, 0.01, unit="share", verdict="not reproduced"), "less than was aimed at"),
        (measured(0.9, 0.02, unit="share", verdict="inconclusive"), "is not settled"),
    ],
)
def test_prose_follows_what_was_learned(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    assert says in line(CLUES.render(tmp_path, learned=fields), "Right for sound reasons")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (measured(-0.1, 0.04, verdict="reproduced", p_holm=0.01), "−10.0 points [−14.0 to −6.0]"),
        (measured(0.0, 0.01, verdict="not reproduced", p_holm=1.0), "no difference beyond the margin"),
        (measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0), "undecided"),
        (
            measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0, room="floor"),
            "no room to show a difference",
        ),
    ],
)
def test_each_bullet_follows_its_interval(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = CLUES.render(
        tmp_path, **{name: fields for name in (*BULLETS.values(), "matching", "leak_spread", "T3")}
    )
    assert all(says in line(text, name) for name in BULLETS)
    assert "Does a KL penalty cost accuracy?" in text and "not run |" in text
