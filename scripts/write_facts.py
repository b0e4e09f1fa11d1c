"""Write the base corpus: the graph's facts and exercises in reading a list of options.

python scripts/write_facts.py --graph kg.json --seed 0 --output facts.jsonl
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import write_jsonl
from trap.studies.hops.facts import ANSWERED, facts, letters, picks
from trap.studies.hops.graph import load_graph


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--graph", required=True, help="kg.json")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the corpus, 1 is the default size")
    parser.add_argument("--output", required=True, help="JSON lines of prompt and completion")
    args = parser.parse_args(argv)

    def body() -> None:
        graph = load_graph(args.graph)
        seed = args.seed

        def exercises(count: int, salt: int, verb: str = "") -> list[dict[str, str]]:
            return [*letters(graph, 10 * seed + salt, round(count * args.scale), verb)]

        # Each stage keeps exercising what the one before taught: facts alone would wipe it out.
        stages = [
            exercises(9600, 0),
            [*exercises(5200, 1), *exercises(10800, 1, ANSWERED)],
            [
                *facts(graph, seed, max(1, round(105 * args.scale))),
                *exercises(3800, 2),
                *exercises(8400, 2, ANSWERED),
                *picks(graph, seed, round(19200 * args.scale)),
            ],
        ]
        rows = [{"stage": number, **row} for number, stage in enumerate(stages) for row in stage]
        write_jsonl(args.output, rows)
        print(f"{args.output}: {len(rows)} texts")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
