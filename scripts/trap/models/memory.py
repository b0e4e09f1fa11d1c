"""How much memory a model needs, from its shape: what a job asks for, and what fits a card.

Estimates, meant to be a little high: weights, the copies that a platform makes of them, gradients and
optimizer states, activations kept for the backward pass, caches and logits. `tests/test_real_shapes.py`
holds them above what a 135-million-parameter shape takes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trap.files import InputError
from trap.models.hub import first_line
from trap.workflow.config import Config, Hyper, Model, model_of

MEGA = 10**6
BEGINNING = 700  # MB: interpreter, libraries, data
PROMPT = 300  # tokens of a question with the output format, in pieces of a general vocabulary
ROWS = 512  # sampled together at most (torch/sampling.py)


@dataclass(frozen=True)
class Cost:
    """Bytes per weight: as it lies there, and in all while sampling, training an adapter, training everything.

    number: bytes of an activation; kept: whether those of every layer are kept for the backward pass;
    cache: bytes that sampling's keys and values are kept within.
    """

    stored: float
    sample: float
    lora: float
    full: float
    number: int
    kept: bool = True
    cache: float = float("inf")


# torch and mlx on a processor: float32. An adapter is merged on torch at every step (weights, merged,
# fused for speed, and gradients of the latter two); mlx runs it beside the weights. AdamW keeps two
# numbers a weight. unsloth: 16 bit, activations recomputed; its 4-bit form keeps embeddings in 16 bit.
COSTS = {
    "torch": Cost(stored=4, sample=8, lora=20, full=24, number=4),
    "mlx": Cost(stored=4, sample=8, lora=4, full=16, number=4, cache=2**31),
    "unsloth": Cost(stored=2, sample=2, lora=2.5, full=10, number=2, kept=False, cache=2**31),
    "unsloth_4bit": Cost(stored=0.9, sample=0.9, lora=1.4, full=10, number=2, kept=False, cache=2**31),
}


@contextmanager
def enough_memory(name: str) -> Iterator[None]:
    """Raises InputError, in one line that names the model, where what happens inside runs out of memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch has no other type on a processor
        if not (isinstance(error, MemoryError) or "memory" in str(error)):
            raise
        raise InputError(
            f"models.{name}: not enough memory ({first_line(error)}); scripts/list_models.py says what each model needs"
        ) from None


def parameters(model: Model) -> int | None:
    """Weights of a model, from its shape; None where its vocabulary is not said."""
    if model.vocabulary is None:
        return None
    d, head = model.hidden, model.hidden // model.heads
    kv = model.kv_heads * head
    layer = 2 * d + 2 * d * d + 2 * d * kv + 3 * d * model.intermediate
    layer += d + 2 * kv if model.biases else 0
    return model.vocabulary * d * (1 if model.tied else 2) + d + model.layers * layer


def is_large(config: Config, name: str) -> bool:
    """Whether a model has so many weights that its jobs take all cores and keep checkpoints (`all_cores_from`)."""
    return (parameters(model_of(config, name)) or 0) >= config.all_cores_from


def needed_mb(model: Model, hyper: Hyper, platform: str, what: str) -> int | None:
    """Megabytes that `sample`, `lora` or `full` needs; None where the model's shape is not known."""
    weights = parameters(model)
    if weights is None:
        return None
    cost = COSTS.get(platform, COSTS["torch"])
    total = getattr(cost, what) * weights
    if what == "sample":
        keys = 2 * model.layers * model.kv_heads * (model.hidden // model.heads)
        cached = ROWS * hyper.max_completion_length + ROWS * PROMPT / max(1, hyper.num_generations)
        total += min(cost.cache, cost.number * keys * cached) + 3 * 4 * ROWS * model.vocabulary
    else:
        tokens = hyper.batch_size * min(hyper.max_length, PROMPT + hyper.max_completion_length)
        layer = 14 * model.hidden + 4 * model.intermediate
        total += cost.number * tokens * layer * (model.layers if cost.kept else 1)
        total += cost.number * tokens * model.hidden * model.layers
        total += 3 * 4 * hyper.batch_size * hyper.max_completion_length * model.vocabulary
    return BEGINNING + round(total / MEGA)
