"""Run benchmarks against peers, print a table, write `results/NAME.json` with facts about the machine.

    make bench                                    # from the repository: everything, about five minutes
    python benchmarks/run.py fit --seconds 30     # in an environment with benchmarks/requirements.txt

Both sides of a ratio are measured in one run, in turns, with the same number of threads.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent


def benches() -> dict[str, Callable]:
    import clues
    import fit
    import grpo
    import grpo_mlx
    import mlx_platform
    import sample
    import study
    import traces
    import workflow

    return {
        "fit": fit.measure, "sample": sample.measure, "grading": study.measure_grading,
        "questions": study.measure_questions, "traces": traces.measure, "clues": clues.measure, "workflow": workflow.measure,
        "mlx": mlx_platform.measure, "grpo": grpo.measure, "grpo_mlx": grpo_mlx.measure,
    }  # fmt: skip


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rows: list) -> str:
    """Rows as a Markdown table."""
    head = ["what", "ours", "unit", "peer", "its", "ratio", "goal", "met"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        met = {True: "yes", False: "no", None: ""}[row.met]
        ratio = f"{row.ratio:.1f} ×" if row.ratio else ""
        lines.append(
            [row.name, number(row.value), row.unit, row.peer, number(row.peer_value), ratio, row.goal, met]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(argv: list[str] | None = None) -> int:
    names = ["fit", "sample", "grpo", "grading", "questions", "traces", "clues", "workflow"]
    if find_spec("mlx"):
        names.append("mlx")
    if find_spec("mlx_lm_lora"):
        names.append("grpo_mlx")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(names)} (default: all)")
    parser.add_argument("--seconds", type=float, default=30, help="about how long a side is measured")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for fit, sample and grpo")
    parser.add_argument("--model", default="nano", help="a model of the settings, whose shape they have")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.names) - set(names)):
        parser.error(f"unknown benchmark {unknown[0]!r} (known: {', '.join(names)})")
    # Before torch is imported, for it reads them once.
    os.environ |= {"OMP_NUM_THREADS": str(args.threads), "TOKENIZERS_PARALLELISM": "false"}
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

    import torch
    from transformers.utils.logging import disable_progress_bar
    from workload import Workload, machine, plain

    torch.set_num_threads(args.threads)
    disable_progress_bar()
    facts, rows = machine(args.threads), []
    facts |= {"device": args.device, "model": args.model}
    if args.device == "cuda":
        facts |= {"card": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    args.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Workload(args.seconds, args.threads, Path(folder), args.device, args.model)
        for name in args.names or names:
            print(f"{name} …", file=sys.stderr)
            measured = benches()[name](work)
            rows += measured
            document = {"machine": facts, "rows": [plain(row) for row in measured]}
            (args.output / f"{name}.json").write_text(
                json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            )
    precision = "bf16 products" if facts["bf16_products"] else "float32"
    print(f"\n{facts['processor']}, {args.threads} threads, {precision}\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
