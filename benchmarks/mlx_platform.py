"""The platform mlx: fine-tuning against the platform torch, sampling against mlx-lm's own batch generation.

Same model, questions, batches, threads and float32 on both sides (torch's bf16 products are off). mlx-lm
gets each prompt K times, since it has no K samples of one prompt, and keeps its own batch size, at which
it is fastest on a processor (32; at 128 it makes half as many tokens). Needs
requirements/mlx.txt, which `make bench` does not install and `make bench-mlx` does.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sample import native as draw
from workload import Row, Workload, compared, timed

BATCH, WARM_UP = 64, 2
K, LONGEST, ROWS = 8, 96, 1024


def library() -> str:
    """The BLAS under MLX, without where this machine keeps it."""
    from trap.platforms import mlx

    return "/".join(Path(mlx.BLAS).parts[-2:])


def fitted(work: Workload, platform: Any, tune: str, steps: int) -> tuple[int, float]:
    """(non-padding tokens, seconds) of a platform's fit after a warm-up."""
    from trap.models.batching import batches
    from trap.platforms import Fit

    model = platform.load([work.model_folder], "cpu")
    settings = {"batch_size": BATCH, "learning_rate": 1e-3, "tune": tune}
    model.fit(work.examples, Fit(max_steps=WARM_UP, **settings), 0, lambda row: None)
    _, seconds = timed(
        lambda: model.fit(work.examples, Fit(max_steps=steps, **settings), 1, lambda row: None)
    )
    shown = batches(model.tokens(work.examples), BATCH, steps, 1)
    return sum(len(p) + len(c) for batch in shown for p, c in batch), seconds


def fitting(work: Workload, tune: str) -> Row:
    from trap.platforms import mlx, torch

    sides = {"mlx": mlx, "torch": torch}
    totals = {side: [0.0, 0.0] for side in sides}
    while totals["mlx"][1] < work.seconds:
        for side, platform in sides.items():  # in turns, to share whatever else the machine does
            tokens, seconds = fitted(work, platform, tune, 4)
            totals[side] = [totals[side][0] + tokens, totals[side][1] + seconds]
    speed = {side: tokens / seconds for side, (tokens, seconds) in totals.items()}
    detail = {"batch": BATCH, "blas": library(), "seconds": {k: round(v[1], 1) for k, v in totals.items()}}
    name = "SFT on mlx" if tune == "full" else "LoRA on mlx"
    return compared(
        name, speed["mlx"], "non-pad tokens/s", "platform torch, f32", speed["torch"], 0.5, **detail
    )


def generated(model: Any, tokenizer: Any, ours: Any, prompts: list[str]) -> tuple[int, float]:
    """(new tokens, seconds) of mlx-lm's batch generation, K times each prompt."""
    from mlx_lm import batch_generate
    from mlx_lm.sample_utils import make_sampler

    def body() -> list[str]:
        ids = [tokenizer.encode(prompt, add_special_tokens=False) for prompt in prompts for _ in range(K)]
        answer = batch_generate(model, tokenizer, ids, max_tokens=LONGEST, sampler=make_sampler(temp=1.0))
        return answer.texts

    texts, seconds = timed(body)
    return sum(ours.lengths(texts)), seconds


def sampling(work: Workload) -> list[Row]:
    from mlx_lm import load

    from trap.platforms import mlx, torch

    model, tokenizer = load(str(work.trained_folder))
    ours, native = mlx.load([work.trained_folder], "cpu"), torch.load([work.trained_folder], "cpu")
    prompts = [question.prompt for question in work.questions("hard", 2048)]
    size = ROWS // K
    sides = {
        "mlx": lambda batch, i: draw(ours, batch, i),
        "mlx-lm": lambda batch, i: generated(model, tokenizer, ours, batch[: size // 4]),  # it is slower
        "torch": lambda batch, i: draw(native, batch, i),
    }
    totals = {side: [0, 0.0] for side in sides}
    started, i = time.perf_counter(), 0
    while time.perf_counter() - started < len(sides) * work.seconds:
        for side, body in sides.items():
            at = i * size % (len(prompts) - size)
            tokens, seconds = body(prompts[at : at + size], at)
            totals[side] = [totals[side][0] + tokens, totals[side][1] + seconds]
        i += 1
    speed = {side: tokens / seconds for side, (tokens, seconds) in totals.items()}
    detail = {
        "k": K,
        "rows": ROWS,
        "blas": library(),
        "seconds": {k: round(v[1], 1) for k, v in totals.items()},
    }
    unit, value = "new tokens/s", speed["mlx"]
    return [
        compared("sampling on mlx", value, unit, "mlx-lm batch_generate", speed["mlx-lm"], 1, **detail),
        compared("sampling on mlx", value, unit, "platform torch", speed["torch"], None, **detail),
    ]


def measure(work: Workload) -> list[Row]:
    from trap.platforms import mlx  # noqa: F401  before mlx_lm, so that OpenBLAS comes first

    return [fitting(work, "full"), fitting(work, "lora"), *sampling(work)]
