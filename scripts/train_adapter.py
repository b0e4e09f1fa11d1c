"""Train one arm of an experiment sheet: one adapter, from its parent's weights, on its pools.

    python scripts/train_adapter.py --config config/config.yaml --study NAME --sheet config/NAME/arms.tsv \\
        --arm rsft_hard --model nano --platform torch --seed 1 --lineage RUN_base RUN_sft [--rollouts RUN ...] \\
        --output RUN

Writes `adapter/`, `log.jsonl`, `meta.json`, `validation.jsonl` (greedy answers to the first items of the validation
pools, given while training and scored later, by evaluate_adapter.py) and, where the method samples, `rollouts.jsonl`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import replacing, write_jsonl
from trap.methods import Job, load_method
from trap.models.loading import load_model
from trap.training.checkpoint import Keeper
from trap.workflow.opening import study_settings
from trap.workflow.running import Log, folder_hash, source_hashes, write_meta
from trap.workflow.sheet import replay_pool
from trap.workflow.trained import add_arm, open_arm, weights

PROBED = 100  # items of each validation pool: enough to see a curve, too few to slow the training


class Probe:
    """Asks a model in training the first items of each validation pool; keeps what it writes."""

    def __init__(self, model: Any, pools: dict[str, list[Any]], max_completion_length: int) -> None:
        self.model, self.max_completion_length = model, max_completion_length
        self.items = [(pool, item) for pool, items in pools.items() for item in items[:PROBED]]
        self.rows: list[dict[str, Any]] = []

    def __call__(self, step: int) -> None:
        prompts = [item.prompt for _, item in self.items]
        drawn = self.model.sample(
            prompts,
            num_generations=1,
            temperature=0.0,
            max_completion_length=self.max_completion_length,
            keys=range(len(prompts)),
        )
        for (pool, item), (text,) in zip(self.items, drawn, strict=True):
            self.rows.append({"step": step, "pool": pool, "id": item.id, "completion": text})


def keeper(model: Any, lineage: list[Path], output: Path, log: Log, probe: Probe) -> Keeper | None:
    """What stores the state of fits that take minutes; none where the platform cannot."""
    if not getattr(model, "keeps", False):
        return None

    def recall(told: dict[str, Any]) -> None:
        log.go_on(told["log"])
        probe.rows = told["probe"]

    salt = [folder_hash(folder) for folder in lineage]
    return Keeper(output / "checkpoint.npz", lambda: {"log": log.rows, "probe": probe.rows}, recall, salt)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arm(parser, "the parent")
    parser.add_argument("--output", required=True)
    parser.add_argument("--rollouts", nargs="+", default=[], help="run folders to the model that samples")
    args = parser.parse_args(argv)

    def body() -> None:
        config, study, arms, arm, hyper = open_arm(args)
        output = Path(args.output)

        def loaded(runs: list[str]) -> Any:
            return load_model(config, args.model, args.platform, weights(runs), config.device)

        counts = study_settings(config, args.study).counts
        watched = {
            pool.name: study.read(study.data / f"{pool.name}.jsonl")
            for pool in study.pools
            if pool.role == "validation" and pool.name in counts
        }
        model = loaded(args.lineage)
        log = Log(f"{args.model} {args.arm} s{args.seed}", hyper.max_steps * arm.rounds)
        probe = Probe(model, watched, hyper.max_completion_length)
        keep = keeper(model, weights(args.lineage), output, log, probe)
        job = Job(
            arm=arm, hyper=hyper, seed=args.seed, model=model, study=study, data=study.data, output=output, log=log,
            platform=args.platform, probe=probe, from_base=arms[arm.parent].method == "base",
            replay_pool=replay_pool(arms, args.arm),
            sampler=lambda: loaded(args.rollouts) if args.rollouts else model, keep=keep,
        )  # fmt: skip
        data = load_method(arm.method).train(job)
        with replacing(output / "adapter") as folder:
            saved = model.save(folder, base=args.lineage[-1])
        write_jsonl(output / "validation.jsonl", probe.rows)
        seconds = log.write(output / "log.jsonl")
        write_meta(
            output, study=args.study, model=args.model, platform_name=args.platform, arm=arm, seed=args.seed, hyper=hyper,
            data=data, adapter=saved, seconds=seconds,
            hashes={
                "adapter": folder_hash(output / "adapter"), **source_hashes(study),
                "parent": folder_hash(weights(args.lineage)[-1]),
            },
        )  # fmt: skip

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
