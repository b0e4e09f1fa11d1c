"""Rejection sampling: new tokens a second, against `generate` of transformers.

Same trained nano model, hard prompts, K = 8, temperature 1, at most 96 new tokens, float32, decoding to
text included. The peer samples batches of the same number of rows, and one prompt at a time as the
published code does. Tokens are counted in the texts, without padding or end marks.
"""

from __future__ import annotations

import time
from typing import Any

from workload import Row, Workload, compared, timed

K, LONGEST, ROWS = 8, 96, 1024


def native(model: Any, prompts: list[str], key: int) -> tuple[int, float]:
    """(new tokens, seconds) for one batch of prompts."""
    keys = range(key, key + len(prompts))
    drawn, seconds = timed(
        lambda: model.sample(
            prompts, num_generations=K, temperature=1.0, max_completion_length=LONGEST, keys=keys
        )
    )
    return sum(model.lengths([text for group in drawn for text in group])), seconds


def peer(model: Any, tokenizer: Any, ours: Any, prompts: list[str], samples: int) -> tuple[int, float]:
    """The same through `generate`, left-padded, `samples` completions a prompt."""

    def body() -> list[str]:
        inputs = tokenizer(
            prompts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False,
            return_token_type_ids=False,
        ).to(model.device)  # fmt: skip
        out = model.generate(
            **inputs, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=LONGEST,
            num_return_sequences=samples, use_cache=True,
        )  # fmt: skip
        return tokenizer.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    texts, seconds = timed(body)
    return sum(ours.lengths(texts)), seconds


def measure(work: Workload) -> list[Row]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from trap.platforms.torch import load

    ours = load([work.trained_folder], work.device)
    theirs = AutoModelForCausalLM.from_pretrained(work.trained_folder, dtype=torch.float32).eval()
    theirs = theirs.to(work.device)
    tokenizer = AutoTokenizer.from_pretrained(work.model_folder)
    prompts = [question.prompt for question in work.questions("hard", 2048)]
    size = ROWS // K
    sides = {
        "native": lambda batch, i: native(ours, batch, i),
        "batched": lambda batch, i: peer(theirs, tokenizer, ours, batch, K),
        "one at a time": lambda batch, i: peer(theirs, tokenizer, ours, batch[:1], 1),
    }
    totals = {side: [0, 0.0] for side in sides}
    for body in sides.values():
        body(prompts[:size], 0)  # warm-up
    # Turns of about two seconds, so that all sides share whatever else the machine does.
    started, i = time.perf_counter(), 0
    while time.perf_counter() - started < len(sides) * work.seconds:
        for side, body in sides.items():
            turn = time.perf_counter()
            while time.perf_counter() - turn < 2:
                at = i * size % (len(prompts) - size)
                tokens, seconds = body(prompts[at : at + size], at)
                totals[side][0] += tokens
                totals[side][1] += seconds
                i += 1
    speed = {side: tokens / seconds for side, (tokens, seconds) in totals.items()}
    detail = {"k": K, "rows": ROWS, "seconds": {k: round(v[1], 1) for k, v in totals.items()}}
    unit, value = "new tokens/s", speed["native"]
    return [
        compared("sampling", value, unit, "generate, batched", speed["batched"], 3, **detail),
        compared("sampling", value, unit, "generate, one at a time", speed["one at a time"], None, **detail),
    ]
