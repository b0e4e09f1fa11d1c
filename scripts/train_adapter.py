"""Train one arm of the experiment sheet: one adapter, from its parent's weights, on its pools.

    python scripts/train_adapter.py --config config/config.yaml --arms config/arms.tsv --arm rsft_hard \\
        --study hops --model nano --platform torch --seed 1 --graph kg.json --data results/hops/data \\
        --parents RUN_base RUN_sft [--rollouts RUN ...] --output RUN

Writes `adapter/`, `log.jsonl`, `meta.json`, `validation.jsonl` (greedy answers to the first questions of
the pools valid_*, given while training; grading them is no business of training) and, where the method
samples, `rollouts.jsonl`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import InputError, replacing, write_jsonl
from trap.methods import Job, load_method, read_lines
from trap.platforms import load_platform
from trap.workflow.config import load_config
from trap.workflow.running import Log, file_hash, fix_threads, folder_hash, write_meta
from trap.workflow.sheet import load_arms

PROBED = 100  # questions of each validation pool: enough to see a curve, too few to slow the training


class Probe:
    """Asks a model in training the first questions of each validation pool; keeps what it writes."""

    def __init__(self, model: Any, data: Path, max_new_tokens: int) -> None:
        self.model, self.max_new_tokens = model, max_new_tokens
        self.questions = [
            (path.stem, line.raw) for path in sorted(data.glob("valid_*.jsonl")) for line in read_lines(path)[:PROBED]
        ]  # fmt: skip
        self.rows: list[dict[str, Any]] = []

    def __call__(self, step: int) -> None:
        prompts = [raw["prompt"] for _, raw in self.questions]
        drawn = self.model.sample(
            prompts, k=1, temperature=0.0, max_new_tokens=self.max_new_tokens, keys=range(len(prompts))
        )
        for (pool, raw), (text,) in zip(self.questions, drawn, strict=True):
            self.rows.append({"step": step, "pool": pool, "id": raw["id"], "completion": text})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "arms", "arm", "study", "model", "platform", "graph", "data", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--parents", nargs="+", required=True, help="run folders from the base to the parent")
    parser.add_argument("--rollouts", nargs="+", default=[], help="run folders to the model that samples")
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        config, arms = load_config(args.config), load_arms(args.arms)
        if args.arm not in arms:
            raise InputError(f"{args.arms}: no arm `{args.arm}`")
        arm = arms[args.arm]
        hyper, output = config.hyper[arm.hyper], Path(args.output)
        platform = load_platform(args.platform)

        def chain(runs: list[str]) -> list[Path]:
            return [Path(run) / "adapter" for run in runs]

        def study() -> Any:
            from trap.studies import load_study

            return load_study(args.study, args.graph)

        model = platform.load(chain(args.parents), config.device)
        log = Log(f"{args.model} {args.arm} s{args.seed}", hyper.steps * arm.rounds)
        probe = Probe(model, Path(args.data), hyper.max_new_tokens)
        job = Job(
            arm=arm, hyper=hyper, seed=args.seed, model=model, study=study, data=Path(args.data), output=output, log=log,
            platform=args.platform, probe=probe,
            sampler=lambda: platform.load(chain(args.rollouts), config.device) if args.rollouts else model,
        )  # fmt: skip
        data = load_method(arm.method).train(job)
        with replacing(output / "adapter") as folder:
            saved = model.save(folder, base=args.parents[-1])
        write_jsonl(output / "validation.jsonl", probe.rows)
        seconds = log.write(output / "log.jsonl")
        write_meta(
            output, study=args.study, model=args.model, platform_name=args.platform, arm=arm, seed=args.seed, hyper=hyper,
            data=data, adapter=saved, seconds=seconds,
            hashes={
                "adapter": folder_hash(output / "adapter"), "graph": file_hash(args.graph),
                "parent": folder_hash(chain(args.parents)[-1]),
            },
        )  # fmt: skip

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
