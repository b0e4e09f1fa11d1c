"""The campaign: what it tries, in which order, how far it is, and the table at its end.

    python -m torture --kills 200 --seed 0

It goes on where it was killed: a journal in --folder holds every finished trial. It ends with status 1 if a trial ended
neither in the bytes of an undisturbed run nor in one line that says what to do. The folders of such trials stay.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from torture import edits, full_disks, fuzzing, kills, places, together
from torture.bench import TINY, Bench
from torture.outcomes import NEITHER, SKIPPED, Done, Journal, Outcome, locked, table
from torture.parsers import PARSERS

ROOT = Path(__file__).resolve().parents[2]
TRIALS: dict[str, Callable[[Bench, int], list[Outcome]]] = {
    kills.KIND: kills.trial,
    full_disks.KIND: full_disks.trial,
    places.KIND: places.trial,
    together.KIND: together.trial,
    edits.KIND: edits.trial,
}
KINDS = (*TRIALS, fuzzing.KIND)


def clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{minutes // 60} h {minutes % 60} min"
        if minutes > 99
        else f"{minutes} min"
    )


def plan(args: argparse.Namespace) -> dict[str, int]:
    """How many trials of each kind: for every ten kills one full disk, one pair of workflows and one edit, or what is asked."""
    few = -(-args.kills // 10)
    counts = {
        places.KIND: len(places.CASES) if args.places is None else args.places,
        kills.KIND: kills.planned(args.kills),
        full_disks.KIND: few if args.disks is None else args.disks,
        together.KIND: few if args.pairs is None else args.pairs,
        edits.KIND: few if args.edits is None else args.edits,
        fuzzing.KIND: len(PARSERS) if args.inputs else 0,
    }
    return {kind: count for kind, count in counts.items() if not args.only or kind in args.only}


def in_turn(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    """(kind, number) of all trials, mixed, so that a short campaign has seen every kind."""
    order = (
        ((number + 0.5) / count, kind, number) for kind, count in counts.items() for number in range(count)
    )
    yield from ((kind, number) for _, kind, number in sorted(order))


def apart(args: argparse.Namespace, kind: str, number: int) -> list[Outcome]:
    """A trial in a process of its own, in a mount namespace where the kind mounts disks."""
    before = full_disks.namespace() if kind == full_disks.KIND else []
    command = [sys.executable, "-m", "torture", "--trial", kind, str(number), "--seed", str(args.seed)]
    command += ["--folder", str(args.folder), "--cores", str(args.cores), "--inputs", str(args.inputs)]
    done = subprocess.run([*before, *command], stdout=subprocess.PIPE, check=False)
    try:
        return msgspec.json.decode(done.stdout, type=list[Outcome])
    except msgspec.DecodeError:
        return [Outcome(kind, "", number, NEITHER, f"the trial itself ended with status {done.returncode}")]


def skipped(kind: str) -> str:
    return full_disks.lacking() if kind == full_disks.KIND else ""


def run(args: argparse.Namespace) -> int:
    bench = Bench(args.folder, args.seed, args.cores)
    journal = Journal(args.folder / "journal.jsonl", args.seed)
    trials = list(in_turn(plan(args)))
    left = [trial for trial in trials if trial not in journal.found]
    if len(left) < len(trials):
        print(f"{len(trials) - len(left)} of {len(trials)} trials are done already: {journal.path}")
    reasons = {kind: skipped(kind) for kind in {kind for kind, _ in left}}
    if {kind for kind, _ in left} & TRIALS.keys():
        print("What all is compared with: one undisturbed run of the tiny size …", flush=True)
        print(f"It took {clock(bench.expected(TINY).seconds)}.", flush=True)
    began, worked = time.monotonic(), 0.0
    for turn, (kind, number) in enumerate(left, start=1):
        started = time.monotonic()
        if reasons[kind]:
            outcomes = [Outcome(kind, "", number, SKIPPED, reasons[kind])]
        else:
            outcomes = apart(args, kind, number)
        seconds = time.monotonic() - started
        journal.write(Done(args.seed, kind, number, seconds, outcomes))
        worked = time.monotonic() - began
        found = ", ".join(f"{one.what}: {one.result}" for one in outcomes)
        rest = clock(worked / turn * (len(left) - turn))
        print(
            f"{turn} of {len(left)}, {kind} {number} in {clock(seconds)} ({found}), about {rest} left",
            flush=True,
        )
    chosen = set(trials)
    outcomes = [
        one
        for (kind, number), done in sorted(journal.found.items())
        if (kind, number) in chosen
        for one in done.outcomes
    ]
    print("\n".join(["", *table(outcomes)]))
    return int(any(one.result == NEITHER for one in outcomes))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="kills in all (default: 200)")
    parser.add_argument(
        "--disks", type=int, help="runs on disks that are full (default: a tenth of the kills)"
    )
    parser.add_argument("--pairs", type=int, help="pairs of workflows (default: a tenth of the kills)")
    parser.add_argument(
        "--edits", type=int, help="edits in the middle of a run (default: a tenth of the kills)"
    )
    parser.add_argument("--places", type=int, help="odd places (default: all)")
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs for each parser (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="decides on moments and inputs (default: 0)")
    parser.add_argument("--cores", type=int, default=2, help="jobs that a workflow runs at once (default: 2)")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="these kinds alone")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache/torture", help="where all of it lies")
    parser.add_argument("--trial", nargs=2, metavar=("KIND", "NUMBER"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.folder = args.folder.resolve()
    if args.trial:
        kind, number = args.trial[0], int(args.trial[1])
        bench = Bench(args.folder, args.seed, args.cores)
        outcomes = (
            fuzzing.trial(bench, number, args.inputs) if kind == fuzzing.KIND else TRIALS[kind](bench, number)
        )
        sys.stdout.buffer.write(msgspec.json.encode(outcomes))
        return 0
    with locked(args.folder):
        return run(args)
