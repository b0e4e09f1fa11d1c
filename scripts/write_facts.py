"""Write the base corpus: the graph's facts and exercises in reading a list of options.

python scripts/write_facts.py --graph kg.json --seed 0 --output facts.jsonl
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import write_jsonl
from trap.studies.hops.facts import facts, letters, picks
from trap.studies.hops.graph import load_graph


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--graph", required=True, help="kg.json")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passes", type=int, default=240, help="times that every fact is said")
    parser.add_argument("--letters", type=int, default=26000, help="exercises: the letter of an option")
    parser.add_argument("--picks", type=int, default=13000, help="exercises: the option that a fact names")
    parser.add_argument("--output", required=True, help="JSON lines of prompt and completion")
    args = parser.parse_args(argv)

    def body() -> None:
        graph = load_graph(args.graph)
        rows = [
            *facts(graph, args.seed, args.passes),
            *letters(graph, args.seed, args.letters),
            *picks(graph, args.seed, args.picks),
        ]
        write_jsonl(args.output, rows)
        print(f"{args.output}: {len(rows)} texts")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
