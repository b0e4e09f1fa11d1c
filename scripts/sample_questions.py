"""Sample the questions of one pool from a knowledge graph.

    python scripts/sample_questions.py --graph kg.json --pool hard --count 1000 --output hard.jsonl

Question i of a pool is the same whatever the count or `--first`. Pools drawn with one seed are disjoint by
(start, chain of relations). `eval_shuffled` is `eval_hard` of the same seed with its options moved;
`eval_leak_permuted` is `eval_leak` with wrong letters as its key, and `eval_leak_random` is `eval_leak`
whose references state the right letter after a random trace.
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import write_jsonl
from trap.studies.hops.graph import load_graph
from trap.studies.hops.pools import EASY_SHARES, POOLS, STYLES
from trap.studies.hops.questions import SOURCE_OF, QuestionMaker
from trap.studies.hops.wording import HEADERS


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--graph", required=True, help="kg.json")
    parser.add_argument("--pool", required=True, help=f"{', '.join((*POOLS, *SOURCE_OF))}, eval_hop6 …")
    parser.add_argument("--count", type=int, required=True, help="number of questions")
    parser.add_argument("--first", type=int, default=0, help="index of the first question (default 0)")
    parser.add_argument(
        "--allow-fewer",
        action="store_true",
        help="an evaluation pool with fewer questions gives what it has instead of an error",
    )
    parser.add_argument("--seed", type=int, default=0, help="the same for all pools (default 0)")
    parser.add_argument("--style", default="well_posed", choices=STYLES)
    parser.add_argument("--prompt", default="minimal", choices=list(HEADERS), help="prompt style")
    parser.add_argument(
        "--max-reachable", type=int, default=6, help="entities that a chain may reach (default 6)"
    )
    parser.add_argument(
        "--easy-shares",
        type=int,
        nargs=3,
        default=list(EASY_SHARES),
        metavar=("ONE", "TWO", "THREE"),
        help="percent of 1, 2 and 3 hops in the easy training pool (default 20 35 45)",
    )
    parser.add_argument("--output", required=True, help="JSON lines to write")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)

    def body() -> None:
        maker = QuestionMaker(
            load_graph(args.graph),
            seed=args.seed,
            style=args.style,
            prompt_style=args.prompt,
            max_reachable=args.max_reachable,
            easy_shares=args.easy_shares,
            source=args.graph,
        )
        count = args.count
        if args.allow_fewer:
            count = min(count, maker.available(args.pool, args.first))
        write_jsonl(args.output, maker.questions(args.pool, count, args.first))
        missing = f" ({args.count} asked for; no more exist)" if count < args.count else ""
        print(f"{args.output}: {count} questions of pool {args.pool}{missing}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
