"""Run a trace and explain it step by step: the state after each step, the answer, and what is wrong with it.

    python scripts/run_trace.py FILE
    some-model | python scripts/run_trace.py
    python scripts/run_trace.py FILE --question "Ann has 12 pens …" --answer 14 --expert arithmetic

With a question it also says whether the trace is sound; with an answer, what it earns. A text that stands in a code
fence is taken out of it, and this is said; graders do not do that. The exit status is 0 if the trace ran to an answer
(to the right one, where `--answer` says it), else 2.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_text
from trap.studies.traces.explaining import explain

FENCE = re.compile(r"```(?:ya?ml)?\n(.*?)```", re.DOTALL)
MOST = 100_000  # characters that are read of a pipe or a file


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", default="-", help="a text file; - or nothing is standard input")
    parser.add_argument("--question", default="", help="the problem, to say whether the trace is sound")
    parser.add_argument("--answer", default="", help="the right answer, to say what the trace earns")
    parser.add_argument(
        "--expert", nargs="+", default=[], help="the experts that the problem asks for, in order"
    )
    args = parser.parse_args(argv)

    def body() -> int:
        text = sys.stdin.read(MOST) if args.file == "-" else read_text(Path(args.file))[:MOST]
        if not text.strip():
            raise InputError(f"{'standard input' if args.file == '-' else args.file}: no text")
        fenced = FENCE.search(text)
        if fenced:
            print("(the text between the first code fence and the next)")
        lines, ran = explain(fenced[1] if fenced else text, args.question, args.answer, tuple(args.expert))
        print("\n".join(lines))
        return 0 if ran else 2

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
