"""Any input to every parser: a result, or the project's error in one line, and nothing else."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from torture.bench import Bench
from torture.outcomes import NEITHER, SKIPPED, TOLD, Outcome
from trap.files import InputError

KIND = "any input"


class Parser(NamedTuple):
    """inputs: what it is given. read: the parser. lacking: why it cannot be tried here, or ""."""

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any], Any]
    lacking: str = ""


class Found(NamedTuple):
    """tried: inputs. refused: those that ended in one line. slowest: the most processor seconds for one."""

    tried: int
    refused: int
    slowest: float
    at: str

    def __str__(self) -> str:
        return f"{self.tried} inputs, {self.refused} refused in one line, the slowest {1000 * self.slowest:.1f} ms"


def fuzz(parser: Parser, count: int, number: int) -> Found:
    """Give a parser that many inputs. number: of the draw. Raises what the parser raises other than one line."""
    tried = refused = 0
    slowest, at = 0.0, ""

    @seed(number)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(parser.inputs)
    def one(value: Any) -> None:
        nonlocal tried, refused, slowest, at
        gc.disable()  # what hypothesis leaves behind is not the parser's
        began = time.process_time()
        try:
            parser.read(value)
        except InputError as error:
            refused += 1
            assert str(error).strip() and len(str(error).splitlines()) == 1, f"not one line: {error!r}"
        finally:
            took = time.process_time() - began
            gc.enable()
        tried += 1
        if took > slowest:
            slowest, at = took, repr(value)[:3000]

    one()
    return Found(tried, refused, slowest, at)


def trial(bench: Bench, number: int, count: int) -> list[Outcome]:
    from torture.parsers import PARSERS

    name = list(PARSERS)[number]
    parser = PARSERS[name]()
    if parser.lacking:
        return [Outcome(KIND, name, number, SKIPPED, parser.lacking)]
    try:
        found = fuzz(parser, count, bench.seed)
    except Exception as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        return [
            Outcome(
                KIND,
                name,
                number,
                NEITHER,
                f"{type(error).__name__}: {error} {notes}"[:600].replace("\n", " "),
            )
        ]
    return [Outcome(KIND, name, number, TOLD, str(found), found.at)]
