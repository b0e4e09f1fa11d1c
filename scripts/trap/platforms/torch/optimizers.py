"""AdamW and Muon, plain: parameters in one group, state by parameter, a step.

`torch.optim.Optimizer` imports torch's compiler when the first one is made, a second that every process would
pay for nothing. AdamW's arithmetic is torch's own (`torch.optim.adamw`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.adamw import adamw

from trap.platforms import Fit

BETAS = (0.9, 0.98)
EPSILON = 1e-8
BESIDE_MUON = 0.2  # AdamW's rate for embeddings and norms, as a share of Muon's: at 1 names drift faster than they are learned


class Optimizer:
    """Parameters with one rate and weight decay; `state` holds tensors by the number of a parameter."""

    def __init__(self, parameters: Sequence[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        self.param_groups: list[dict[str, Any]] = [
            {"params": list(parameters), "lr": lr, "weight_decay": weight_decay}
        ]
        self.state: dict[int, dict[str, Tensor]] = {}

    def step(self) -> None:
        """Change the parameters in place by their gradients."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None


class AdamW(Optimizer):
    """AdamW (Loshchilov and Hutter 2019), fused; a parameter without a gradient is left alone."""

    @torch.no_grad()
    def step(self) -> None:
        """As `Optimizer.step`."""
        [group] = self.param_groups
        moved = [(i, p) for i, p in enumerate(group["params"]) if p.grad is not None]
        for i, parameter in moved:
            if i not in self.state:
                self.state[i] = {
                    "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[i] for i, _ in moved]
        adamw(
            [p for _, p in moved], [p.grad for _, p in moved],
            *([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq")), [],
            [state["step"] for state in states],
            fused=True, amsgrad=False, beta1=BETAS[0], beta2=BETAS[1], lr=group["lr"],
            weight_decay=group["weight_decay"], eps=EPSILON, maximize=False,
        )  # fmt: skip


class Muon(Optimizer):
    """Muon (Jordan 2024) in float32: momentum whose matrices are made orthogonal by Newton-Schulz steps.

    `torch.optim.Muon` iterates in bfloat16, which processors without bf16 products emulate (here: 20
    times slower), and one matrix at a time; this one stacks matrices of equal shape. Update size as in
    Moonlight (arXiv 2502.16982), so that it takes AdamW's learning rate.
    """

    def __init__(
        self, parameters: Sequence[Tensor], lr: float, weight_decay: float = 0.0, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum = momentum

    @torch.no_grad()
    def step(self) -> None:
        """As `Optimizer.step`; every parameter is a matrix with a gradient."""
        [group] = self.param_groups
        shapes: dict[torch.Size, list[tuple[int, Tensor]]] = {}
        for numbered in enumerate(group["params"]):
            shapes.setdefault(numbered[1].shape, []).append(numbered)
        for (rows, columns), same in shapes.items():
            gradients = torch.stack([parameter.grad for _, parameter in same])
            state = self.state.setdefault(same[0][0], {})
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(gradients)
            momentum = state["momentum"].lerp_(gradients, 1 - self.momentum)
            update = orthogonal(gradients.lerp(momentum, self.momentum))
            update *= group["lr"] * 0.2 * max(rows, columns) ** 0.5
            for (_, parameter), change in zip(same, update.unbind(), strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(change)


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards the nearest (semi-)orthogonal matrix; matrices (n, rows, columns)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(3.4445 * x, -4.7750 * gram + 2.0315 * (gram @ gram), x)
    return x.transpose(1, 2) if tall else x


class Optimizers:
    """AdamW, or Muon for the matrices inside the blocks with AdamW for the rest."""

    def __init__(self, parameters: dict[str, Tensor], settings: Fit) -> None:
        inner = {n for n, p in parameters.items() if p.ndim == 2 and ".layers." in n}
        muon = [parameters[n] for n in sorted(inner)] if settings.optim == "muon" else []
        rest = [p for n, p in sorted(parameters.items()) if not (muon and n in inner)]
        self.all: list[tuple[Optimizer, float]] = []
        if muon:
            # Shape-matched update size as in Moonlight (arXiv 2502.16982): one learning rate serves both.
            self.all.append(
                (Muon(muon, settings.learning_rate, settings.weight_decay), settings.learning_rate)
            )
        if rest:
            rate = settings.learning_rate * (BESIDE_MUON if muon else 1.0)
            self.all.append((AdamW(rest, rate, settings.weight_decay), rate))
        self.parameters = muon + rest

    def step(self, factor: float) -> float:
        """Clip to norm 1, update with lr x factor, clear gradients; the norm before clipping."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        for optimizer, lr in self.all:
            for group in optimizer.param_groups:
                group["lr"] = lr * factor
            optimizer.step()
            optimizer.zero_grad()
        return float(norm)

    def state(self) -> dict[str, np.ndarray]:
        """What the optimizers remember, by optimizer, parameter and name; no copies."""
        return {
            f"optimizer/{number}/{index}/{key}": tensor.detach().cpu().numpy()
            for number, (optimizer, _) in enumerate(self.all)
            for index, values in optimizer.state.items()
            for key, tensor in values.items()
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave. Other names in it are passed over."""
        device = self.parameters[0].device
        for name, array in state.items():
            kind, *place = name.split("/", 3)
            if kind == "optimizer":
                values = self.all[int(place[0])][0].state.setdefault(int(place[1]), {})
                values[place[2]] = torch.from_numpy(array).clone().to(device)
