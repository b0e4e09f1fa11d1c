"""Sentences of the post follow the numbers: each has its branch for every direction, no room and no verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import made_up_evidence
from test_report import render
from trap.files import InputError
from trap.report import prose
from trap.studies.hops.post import final_number


def changed(**fields: Any) -> dict[str, Any]:
    return {"value": 0.0, "low": -0.05, "high": 0.05, "margin": 0.03, "verdict": "inconclusive", **fields}


FALL = changed(value=-0.1, low=-0.15, high=-0.05)
RISE = changed(value=0.1, low=0.05, high=0.15)
FLAT = changed(value=0.002, low=-0.01, high=0.012)
WIDE = changed(value=0.01, low=-0.06, high=0.08)
NONE = changed(value=None, low=None, high=None, verdict="not tested here")


FLOOR = {**WIDE, "room": "floor"}
ELSEWHERE = {**WIDE, "committed": {"verdict": "not reproduced", "seeds": 10}}
UNSETTLED = {**WIDE, "committed": {"verdict": "inconclusive", "seeds": 10}}


def post_of(folder: Path, post: str, **claims: Any) -> str:
    """One post of invented evidence, with claims changed by id."""
    return render(folder, made_up_evidence.claims_list(**claims), posts=(post,))[0]


def bullet(text: str, name: str) -> str:
    """The line of the first screen that begins so."""
    return next(line for line in text.split("\n") if line.startswith(f"- **{name}")).replace("\u00a0", " ")


@pytest.mark.parametrize(
    "fields, says, denies",
    [
        (FALL, "It is real", "Not here"),
        (RISE, "*above* SFT continued", "It is real"),
        (FLAT, "inside the margin fixed beforehand", "It is real"),
        (WIDE, "Undecided", "It is real"),
        (FLOOR, "at the floor of the measure, where no difference can show", "It is real"),
        (ELSEWHERE, "(10 committed seeds: did not hold)", "It is real"),
        (UNSETTLED, "(10 committed seeds: not settled either)", "It is real"),
        (NONE, "was not run in this experiment", "It is real"),
    ],
)
def test_prose_follows_the_trap(tmp_path: Path, fields: dict[str, Any], says: str, denies: str) -> None:
    text = post_of(tmp_path, "trap", trap_nano_able=fields)
    line = bullet(text, "Within reach: the trap")
    assert says in line and denies not in line


@pytest.mark.parametrize(
    "fields, says",
    [
        (RISE, "do teach, if only true winners are kept: +10.0 points"),
        (FALL, "Hard prompts cost"),
        (FLAT, "make no difference beyond the margin"),
        (WIDE, "is not settled"),
        (NONE, "right letters change by"),
    ],
)
def test_prose_follows_the_match(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = post_of(tmp_path, "trap", matching_true_nano_able=fields)
    assert says in bullet(text, "Within reach: the match")


@pytest.mark.parametrize(
    "fields, spread, says",
    [
        (RISE, RISE, "and +10.0 points [5.0–15.0] on fresh ones"),
        (RISE, FALL, "costs on fresh ones"),
        (RISE, WIDE, "could be told from none (+1.0 points [−6.0 to 8.0], undecided)"),
        (FALL, WIDE, "no clear gain"),
        (NONE, NONE, "was not run in this experiment"),
    ],
)
def test_prose_follows_the_leak(
    tmp_path: Path, fields: dict[str, Any], spread: dict[str, Any], says: str
) -> None:
    still = {"trap_nano": FLAT, "matching_nano": FLAT}
    changes = {"contamination_nano": fields, "leak_spread_nano": spread, **still}
    assert says in bullet(post_of(tmp_path / "a", "trap", **changes), "Out of reach.")
    leak = post_of(tmp_path / "b", "leak", **changes)
    assert ("What is left to learn is the key." in leak) == (fields is RISE)


@pytest.mark.parametrize(
    "matching, says",
    [
        (FLAT, "Nothing moves the score but having seen the test"),
        (FLOOR, "with no room to show a difference"),
        (WIDE, "all that is sure to move the score"),
        (RISE, "It is not all that moves the score"),
    ],
)
def test_only_what_the_intervals_allow_is_said_of_the_start_out_of_reach(
    tmp_path: Path, matching: dict[str, Any], says: str
) -> None:
    changes = {
        "contamination_nano": RISE,
        "leak_spread_nano": FLAT,
        "trap_nano": FLAT,
        "matching_nano": matching,
    }
    assert says in bullet(post_of(tmp_path, "trap", **changes), "Out of reach.")


@pytest.mark.parametrize(
    "leak, fresh, says",
    [
        (RISE, FLAT, "it still adds +10.0 points [5.0–15.0] on those questions, and on fresh ones its winners are worth as much"),
        (WIDE, WIDE, "are not told apart from those of other hard questions"),
        (RISE, FALL, "worth less than those of other hard questions"),
    ],
)  # fmt: skip
def test_prose_follows_the_leak_of_true_winners(
    tmp_path: Path, leak: dict[str, Any], fresh: dict[str, Any], says: str
) -> None:
    text = post_of(tmp_path, "leak", leak_true_nano_able=leak, leak_true_fresh_nano_able=fresh)
    assert says in bullet(text, "Within reach: the leak")


@pytest.mark.parametrize(
    "fields, says",
    [
        ({**RISE, "verdict": "reproduced"}, "already reaches it now and then and only true winners are kept"),
        ({**FLAT, "verdict": "not reproduced"}, "did not help, even where the model can reach it"),
        (WIDE, "is not settled by these runs"),
        (
            {**WIDE, "committed": {"verdict": "not reproduced", "seeds": 10}},
            "did not help, even where the model can reach it",
        ),
        (NONE, "was not measured in this experiment"),
    ],
)
def test_the_conclusion_follows_the_verdict(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    assert says in bullet(post_of(tmp_path, "trap", matching_true_nano_able=fields), "So.")


def test_the_published_figure_is_set_beside_the_leak(tmp_path: Path) -> None:
    line = bullet(post_of(tmp_path, "leak"), "The published figure.")
    assert "is what a leak gives" in line  # 90 % of 20 is within the published interval


@pytest.mark.parametrize(
    "fields, word", [(RISE, "climbs"), (FALL, "*falls*"), (WIDE, "nearly flat"), (NONE, "not estimated")]
)
def test_prose_follows_the_dose(tmp_path: Path, fields: dict[str, Any], word: str) -> None:
    text = post_of(tmp_path, "trap", dose_hard_share_nano_able=fields, dose_hard_share_nano=fields)
    assert word in text.split("## Hard questions: what is kept decides")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    "fields, says", [(RISE, "its direction holds"), (FALL, "turns out the other way"), (WIDE, "stays open")]
)
def test_credit_follows_the_match(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = post_of(tmp_path, "leak", matching_true_nano_able=fields)
    assert says in text.split("## What the original got right")[1]


@pytest.mark.parametrize(
    "fields, says",
    [
        (RISE, "a part of the difficulty is length"),
        (FALL, "does not help"),
        (WIDE, "we do not blame"),
        (NONE, "not run"),
    ],
)
def test_prose_follows_the_positions(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = post_of(tmp_path, "trap", position_encoding=fields)
    assert says in text.split("## What makes a start reach")[1].split("\n## ")[0]


def test_prose_follows_the_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def section(folder: Path) -> str:
        return post_of(folder, "trap").split("## What the traces get wrong first")[1]

    different = section(tmp_path / "a")
    assert "| SFT | wrong relation |" in different
    assert "So the two models fail for different reasons." in different
    swapped = {
        **made_up_evidence.KIND_SHARES,
        "wrong_relation": 0.2,
        "false_edge": 0.2,
        "stopped_early": 0.35,
    }
    monkeypatch.setattr(made_up_evidence, "KIND_SHARES", swapped)
    alike = section(tmp_path / "b")
    assert "a true beginning and no more" in alike and "From the start that can reach it is the same" in alike
    assert "for different reasons" not in alike


# --- words for numbers ---------------------------------------------------------------------------------


def test_numbers_in_words() -> None:
    row = {"value": 0.412, "low": 0.349, "high": 0.471, "n": 1000, "seeds": 10}
    assert prose.estimate(row) == "41\u00a0% [35–47]"
    assert prose.estimate({"value": 0.003, "low": 0.001, "high": 0.008}) == "0.3\u00a0% [0.1–0.8]"
    assert prose.estimate({"value": 0.0, "low": 0.0, "high": 0.0}) == "0\u00a0% [0–0]"
    assert prose.estimate({"value": 0.0, "low": 0.0, "high": 0.004}) == "0\u00a0% [0–0.4]"
    assert prose.estimate({"value": 0.0003, "low": 0.0001, "high": 0.004}) == "0.0\u00a0% [0.0–0.4]"
    assert prose.estimate({"value": None, "low": None, "high": None}) == "not measured"
    assert prose.points({"value": -0.123, "low": -0.2, "high": 0.01}) == "−12.3\u00a0points [−20.0 to 1.0]"
    assert prose.points({"value": 0.0001, "low": -0.0001, "high": 0.0002}) == "±0.0\u00a0points [0.0–0.0]"
    assert prose.sample(row) == "n\u00a0=\u00a01\u202f000 questions × 10 seeds"
    assert prose.sample({"n": 20, "seeds": 0}) == "n\u00a0=\u00a020"
    assert prose.plural(1, "seed") == "1 seed"
    assert prose.duration(47.2) == "47\u00a0s" and prose.duration(3600) == "60\u00a0min"
    assert prose.duration(7200) == "2.0\u00a0h" and prose.duration(None) == "not recorded"
    assert prose.pct(0.999) == "99.9\u00a0%" and prose.pct(1.0) == "100\u00a0%"
    assert prose.amount({"value": 2.4, "low": 2.31, "high": 2.5}) == "2.4 [2.3–2.5]"
    assert prose.quantity({"value": 0.1, "low": 0.0, "high": 0.2, "unit": "points per doubling"}).endswith(
        "per doubling"
    )
    assert prose.listing(["a", "b", "c"]) == "a, b and c"
    assert (final_number("demos_n16"), final_number("eval_hop6")) == ("16", "6")
    with pytest.raises(InputError, match="ends in no number"):
        final_number("sft")


def test_published_values_keep_their_kind() -> None:
    share = {"value": 0.6667, "n": 30, "low": 0.4719, "high": 0.8271}
    assert prose.quoted({"unit": "points", "published": share}) == "67\u00a0% [47–83], n\u00a0=\u00a030"
    assert prose.quoted({"unit": "points", "published": {"value": 0.45, "n": 20}}).startswith(
        "+45.0\u00a0points"
    )
    assert prose.quoted({"unit": None, "published": {"value": -0.0117}}) == "−1.2\u00a0points"
    assert prose.quoted({"unit": "share", "published": None}) == "–"


def test_direction_needs_the_whole_interval() -> None:
    assert [prose.direction(row) for row in (RISE, FALL, WIDE, NONE, None)] == [
        "higher", "lower", "unclear", "missing", "missing"]  # fmt: skip
    assert prose.direction({**RISE, "p_holm": 0.2}) == "unclear", (
        "prose follows the corrected p, as verdicts do"
    )
    assert prose.direction({**RISE, "p_holm": 0.01}) == "higher"
    assert prose.why_unclear(WIDE) == "the interval holds zero"
    assert "correction" in prose.why_unclear({**RISE, "p_holm": 0.2})
    assert prose.higher_lower(RISE) == "higher" and prose.higher_lower(NONE) == "not measured"
    assert prose.direction({"value": 0.1, "low": 0.0, "high": 0.2}) == "unclear"
    assert prose.equivalent(FLAT) and not prose.equivalent(WIDE) and not prose.equivalent(NONE)
    above, below = {"value": 0.5, "low": 0.45, "high": 0.55}, {"value": 0.3, "low": 0.2, "high": 0.44}
    assert prose.versus(above, below) == "higher" and prose.versus(below, above) == "lower"
    assert prose.versus(above, above) == "unclear" and prose.versus(None, above) == "missing"


def test_unknown_verdict_is_refused() -> None:
    assert prose.verdict_phrase({"id": "B1", "verdict": "reproduced"}) == "held up here"
    with pytest.raises(InputError, match="unknown verdict"):
        prose.verdict_phrase({"id": "B1", "verdict": "maybe"})
