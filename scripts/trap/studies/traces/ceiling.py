"""The expressive ceiling: what share of published solutions has a trace that runs to the gold answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trap.analysis.statistics import clopper_pearson
from trap.files import InputError, iter_jsonl
from trap.studies.traces.annotations import Compiled, compile_solution, gold_as_published, gold_of
from trap.studies.traces.stories.problems import EASY, HARD

FILE = "test_first400.jsonl"


def read_solutions(path: Path) -> list[dict[str, str]]:
    """Rows with `question` and `answer`, as GSM-8K has them. Raises InputError naming file and line."""
    rows = list(iter_jsonl(path, dict[str, str]))
    if not rows:
        raise InputError(f"{path}: no questions")
    for number, row in enumerate(rows, start=1):
        for key in ("question", "answer"):
            if key not in row:
                raise InputError(f"{path}:{number}: {key}: missing")
    return rows


def _share(name: str, statement: str, count: int, n: int, **detail: Any) -> dict[str, Any]:
    low, high = clopper_pearson(count, n)
    return {
        "id": name, "statement": statement, "value": count / n, "count": count, "n": n, "low": low, "high": high,
        "unit": "share", "detail": detail,
    }  # fmt: skip


def audit(rows: Iterable[Mapping[str, str]], source: str) -> dict[str, Any]:
    """Findings about solutions: exact intervals of 95 %, no text of any question."""
    rows = list(rows)
    compiled = [compile_solution(row["question"], row["answer"]) for row in rows]
    running = [one for one in compiled if one.trace]
    n = len(rows)
    misread = sum(gold_of(row["answer"]) != gold_as_published(row["answer"]) for row in rows)
    return {
        "source": source,
        "n": n,
        "findings": [
            _share("compiled", "solutions whose annotations compile to a trace that runs to the gold answer", len(running), n,
                   left_out=_counted(one.reason for one in compiled if not one.trace)),
            _share("sound", "of all: with a trace whose numbers the question says and whose steps are all used",
                   sum(one.sound for one in compiled), n, complaints=_counted(why for one in running for why in one.why)),
            _share("easy", f"of all: with a trace of {min(EASY)} to {max(EASY)} steps", _within(running, min(EASY), max(EASY)), n),
            _share("long", f"of all: with a trace of {min(HARD)} steps or more", _within(running, min(HARD), 10**6), n,
                   steps=dict(sorted(Counter(str(one.steps) for one in running).items(), key=lambda pair: int(pair[0])))),
            _share("misread", "gold answers that a reader which stops at a comma gets wrong", misread, n),
        ],
    }  # fmt: skip


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _within(compiled: list[Compiled], first: int, last: int) -> int:
    return sum(first <= one.steps <= last for one in compiled)


def text(found: Mapping[str, Any]) -> str:
    """The findings as lines for people."""
    lines = [f"{found['source']}: {found['n']} questions"]
    for row in found["findings"]:
        lines.append(
            f"  {row['value']:6.1%}  {row['low']:.1%} to {row['high']:.1%}  {row['count']:4d}  {row['statement']}"
        )
        lines += [
            f"{'':28}{number:4d}  {name}"
            for part in row["detail"].values()
            for name, number in part.items()
            if part
        ]
    return "\n".join(lines)
