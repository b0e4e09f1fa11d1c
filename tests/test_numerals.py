"""The lint of the report: no number in a template that no claim or table gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from trap.report.numerals import bare_numerals, literal_numbers

REPORT = Path(__file__).resolve().parent.parent / "report"


@pytest.mark.parametrize(
    "path", sorted(REPORT.rglob("*.j2")), ids=lambda path: path.relative_to(REPORT).as_posix()
)
def test_templates_hold_no_numbers(path: Path) -> None:
    text = path.read_text()
    assert bare_numerals(text) == []
    assert literal_numbers(text) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("accuracy of 75 % here", ["75"]),
        ("one\ntwo 20 questions", ["20"]),
        ("from twenty questions", ["twenty"]),
        ("SmolLM-135M is small", ["SmolLM-135M"]),
        ("{{ claim('B3').value|pct }} of {{ n }}", []),
        ("{% if x > 0.5 %}yes{% endif %} {# 12 #}", []),
        ("`K = 8` and [text](https://example.org/2024/01)", []),
        ("[7 things](https://example.org)", ["7"]),
        ("```sh\nmake paper -j2\n```\nrest", []),
        ('<img width="640" alt="x"> 3', ["3"]),
        ("1. a list\n2. of things", []),
        ("| 12 | x |", ["12"]),
        ("**30**, *40*; (50)", ["30", "40", "50"]),
        ("weight and often", []),
        ("&#8211;", []),
    ],
)
def test_lint_finds_planted_numbers(text: str, found: list[str]) -> None:
    assert [word for _, word in bare_numerals(text)] == found


def test_lint_names_the_line_and_keeps_an_allow_list() -> None:
    assert bare_numerals("a\n```\n1\n2\n```\nb 7") == [(6, "7")]
    assert bare_numerals("K8 and K9", allowed=("K8",)) == [(1, "K9")]


def test_lint_sees_numbers_smuggled_into_expressions() -> None:
    assert literal_numbers("{{ '75 %' }}") == ["75 %"]
    assert literal_numbers("{{ 75 }}") == ["75"]
    assert literal_numbers("{{ 0.75|pct }}") == ["0.75|pct"]
    assert literal_numbers("{{ claim('B3').value }} {{ tables.arm(m, 'rsft_hard_v2') }}") == []
