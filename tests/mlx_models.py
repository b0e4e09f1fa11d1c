"""What the tests of the platform mlx share: the platform, or a skip with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tiny_models as tiny
from skips import lacking
from trap.platforms import Fit, torch

if missing := lacking("mlx"):
    pytest.skip(missing, allow_module_level=True)

from trap.platforms import mlx as platform

PROMPTS = [e.prompt for e in tiny.texts()[:50]]
KEYS = [1000 + i for i in range(len(PROMPTS))]


def trained(folder: Path) -> Path:
    """A checkpoint that answers the tests' questions a little, trained on the platform torch."""
    model = tiny.model([1, 0])
    model.fit(tiny.texts(), Fit(max_steps=60, batch_size=16, learning_rate=1e-2, tune="full"), 1, tiny.ignore)
    return tiny.save(model, folder)


def both(*chain: Path) -> tuple[Any, Any]:
    """The same chain on mlx and on torch."""
    return platform.load(chain, "cpu"), torch.load(chain, "cpu")


def same_scores(one: Any, other: Any, within: float = 1e-4) -> bool:
    """Whether two models give the tests' completions the same log-probabilities."""
    return one.logprobs(tiny.texts()) == pytest.approx(other.logprobs(tiny.texts()), abs=within)
