"""The language that verdict rules are written in, and what it lets a claim be."""

from __future__ import annotations

import polars as pl
import pytest

from trap.analysis.claims import learned
from trap.analysis.verdicts import judge, parse_rule


@pytest.mark.parametrize(
    ("rule", "values", "holds"),
    [
        ("low > 0", {"low": 0.1}, True),
        ("low > 0", {"low": 0.0}, False),
        ("low >= 0", {"low": 0.0}, True),
        ("low > -margin and high < margin", {"low": -0.02, "high": 0.02, "margin": 0.03}, True),
        ("low > -margin and high < margin", {"low": -0.04, "high": 0.02, "margin": 0.03}, False),
        ("-margin < low <= high < margin", {"low": -0.02, "high": 0.02, "margin": 0.03}, True),
        ("format.high < 0.05", {"format.high": 0.01}, True),
        ("value > -0.5", {"value": -0.4}, True),
        ("low > 0", {"low": None}, False),
        ("low > 0", {}, False),
    ],
)
def test_rules_compare_what_they_say(rule: str, values: dict, holds: bool) -> None:
    assert parse_rule(rule).holds(values) is holds


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "low",
        "low >",
        "> 0",
        "low > 0 or high < 0",
        "low == 0",
        "low > 0 and",
        "__import__('os').system('true')",
        "low > (0)",
        "low.real > 0",
        "value > 1e3",
        "mean > 0",
        "low > 0; high < 1",
        "low + 1 > 0",
        "low > 0 high < 1",
        "1.2.3 < low",
        "lambda: low > 0",
    ],
)
def test_anything_else_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        parse_rule(rule)


def test_a_verdict_is_one_of_three() -> None:
    yes, no = [parse_rule("low > 0")], [parse_rule("high < 0.1")]
    assert judge(yes, no, {"low": 0.2, "high": 0.3}) == ("reproduced", "")
    assert judge(yes, no, {"low": -0.2, "high": 0.05}) == ("not reproduced", "")
    assert judge(yes, no, {"low": -0.2, "high": 0.3}) == ("inconclusive", "")


def test_a_real_effect_within_the_margin_is_claimed_by_neither_side() -> None:
    verdict, why = judge([parse_rule("low > 0")], [parse_rule("high < 0.1")], {"low": 0.02, "high": 0.05})
    assert verdict == "inconclusive" and "margin" in why


def test_what_was_not_trained_does_not_wait_for_seeds() -> None:
    """A pretrained model as it comes has no training seeds that its verdict could need."""
    runs = pl.DataFrame(
        {"model": ["own", "own"], "platform": ["torch"] * 2, "arm": ["a", "b"], "steps": [0, 9]}
    )
    as_it_comes, trained = ("own", "torch", "a"), ("own", "torch", "b")
    assert not learned([as_it_comes], runs)
    assert learned([as_it_comes, trained], runs) and learned([trained], runs)
    assert learned([], runs) and learned(
        [("other", "torch", "a")], runs
    )  # of what is not known, nothing is said
