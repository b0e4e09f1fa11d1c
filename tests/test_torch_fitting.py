"""Fitting: the loss is the plain one, batches are complete and fixed by the seed, the data move the weights."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import tiny_models as tiny
from trap.files import InputError
from trap.models.batching import Tokens
from trap.platforms import Example, Fit
from trap.platforms.torch import TorchModel, fitting, optimizers
from trap.platforms.torch.arrays import collate
from trap.platforms.torch.decoder import Decoder

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = Fit(max_steps=40, batch_size=16, learning_rate=1e-2, tune="full")


def fingerprint(model: TorchModel) -> str:
    digest = hashlib.sha256()
    for name in sorted(model.weights):
        digest.update(name.encode() + model.weights[name].detach().numpy().tobytes())
    return digest.hexdigest()


def naive_loss(model: TorchModel, pairs: list[Tokens]) -> torch.Tensor:
    """One sequence at a time, no padding, every completion token weighted alike."""
    decoder, losses = Decoder(model.config, model.weights), []
    for prompt, completion in pairs:
        logits = decoder.logits(decoder.hidden(torch.tensor([prompt + completion])))[0]
        before = logits[len(prompt) - 1 : len(prompt) + len(completion) - 1]
        losses.append(F.cross_entropy(before, torch.tensor(completion), reduction="none"))
    return torch.cat(losses).mean()


def test_loss_and_gradients_equal_the_naive_ones() -> None:
    model = tiny.model([1, 0])
    pairs = [*model.tokens(tiny.texts()[:9]), ([5], [6, 7, 1]), ([5, 6, 7, 8, 9, 10], [1])]
    assert len({len(p) for p, _ in pairs}) > 2
    for tensor in model.weights.values():
        tensor.requires_grad_(True)
    gradients = []
    for batch in (pairs, pairs[:9]):  # with and without a prompt of one token (`first` = 0)
        tokens, labels, first = collate(batch, model.pad, torch.device("cpu"))
        assert first == min(len(p) for p, _ in batch) - 1
        assert int((labels >= 0).sum()) == sum(len(c) for _, c in batch)
        loss = fitting.batch_loss(Decoder(model.config, model.weights), tokens, labels, first)
        expected = naive_loss(model, batch)
        assert float(loss) == pytest.approx(float(expected), abs=1e-5)
        leaves = list(model.weights.values())
        for ours, theirs in zip(
            torch.autograd.grad(loss, leaves), torch.autograd.grad(expected, leaves), strict=True
        ):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-3)
        gradients.append(loss)


def test_prompts_are_not_learned() -> None:
    # The loss sees prompt tokens only as inputs: no label lies on one.
    tokens, labels, first = collate([([2, 3, 4], [5, 1]), ([6, 7, 8, 9], [1])], 0, torch.device("cpu"))
    assert first == 2
    assert tokens.tolist() == [[2, 3, 4, 5], [6, 7, 8, 9]]
    assert labels.tolist() == [[5, 1], [-100, 1]]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("tune", ["full", "lora"])
def test_the_loss_goes_down(tune: str, optimizer: str) -> None:
    model, rows = tiny.model([1, 0]), []
    examples = tiny.texts()
    before = sum(model.logprobs(examples))
    settings = Fit(max_steps=60, batch_size=16, learning_rate=2e-2, tune=tune, optim=optimizer, lora_r=8)
    model.fit(examples, settings, 1, rows.append)
    assert sum(model.logprobs(examples)) > 0.75 * before  # both negative
    assert rows[-1]["loss"] < 0.7 * rows[0]["loss"]
    assert [row["step"] for row in rows][-1] == 60 and all(row["kind"] == "train" for row in rows)
    assert not any(tensor.requires_grad for tensor in model.weights.values())


def test_a_toy_is_learned_by_heart() -> None:
    model = tiny.model([1, 0])
    examples = tiny.texts()[::8]  # the thing decides the answer
    model.fit(examples, Fit(max_steps=200, batch_size=8, learning_rate=5e-3, tune="full"), 1, tiny.ignore)
    drawn = model.sample(
        [e.prompt for e in examples],
        num_generations=1,
        temperature=0.0,
        max_completion_length=12,
        keys=range(8),
    )
    assert [group[0] for group in drawn] == [e.completion for e in examples]  # the end is learned as well


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_same_seed_same_bytes(tune: str) -> None:
    def trained(seed: int, examples: list[Example]) -> str:
        model = tiny.model()
        model.fit(examples, Fit(max_steps=5, batch_size=8, learning_rate=1e-2, tune=tune), seed, tiny.ignore)
        return fingerprint(model)

    examples = tiny.texts()
    first = trained(1, examples)
    assert first == trained(1, examples)
    assert first != trained(2, examples)
    # What moves the weights is the data: the same prompts with other answers go elsewhere.
    other = [Example(e.prompt, f"{e.completion} no") for e in examples]
    assert first != trained(1, other)
    assert fingerprint(tiny.model()) not in (first, trained(1, other))


def test_a_rate_of_zero_moves_nothing() -> None:
    for optimizer in ("adamw", "muon"):
        model = tiny.model()
        before = fingerprint(model)
        settings = Fit(max_steps=3, batch_size=8, learning_rate=0.0, tune="full", optim=optimizer)
        model.fit(tiny.texts(), settings, 1, tiny.ignore)
        assert fingerprint(model) == before


@pytest.mark.parametrize("shape", [(3, 24, 24), (2, 16, 40), (2, 40, 16)])
def test_orthogonal_gives_singular_values_near_one(shape: tuple[int, int, int]) -> None:
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, stretch, right = torch.linalg.svd(noise, full_matrices=False)
    matrices = left * torch.linspace(0.2, 7, stretch.shape[1]) @ right
    values = torch.linalg.svdvals(optimizers.orthogonal(matrices))
    assert values.shape == (shape[0], min(shape[1:]))
    assert float(values.min()) > 0.6 and float(values.max()) < 1.3
    # The directions stay: the product with the original is symmetric and positive.
    product = optimizers.orthogonal(matrices).transpose(1, 2) @ matrices
    assert float(torch.linalg.eigvalsh((product + product.transpose(1, 2)) / 2).min()) > -0.05 * 7


def test_muon_takes_the_matrices_inside_and_adamw_the_rest() -> None:
    model = tiny.model()
    both = optimizers.Optimizers(
        model.weights, Fit(max_steps=1, batch_size=1, learning_rate=1.0, optim="muon")
    )
    muon, adamw = (o for o, _ in both.all)
    assert isinstance(muon, optimizers.Muon)
    inside = {id(t) for n, t in model.weights.items() if n.endswith("_proj.weight")}
    assert {id(p) for group in muon.param_groups for p in group["params"]} == inside
    assert {id(p) for group in adamw.param_groups for p in group["params"]} == {
        id(t) for t in model.weights.values()
    } - inside


def test_adamw_is_that_of_torch() -> None:
    torch.manual_seed(0)
    start = [torch.randn(3, 4), torch.randn(5), torch.randn(2)]
    ours, theirs = ([t.clone().requires_grad_() for t in start] for _ in range(2))
    one = optimizers.AdamW(ours, lr=1e-2, weight_decay=0.1)
    two = torch.optim.AdamW(theirs, lr=1e-2, weight_decay=0.1, betas=optimizers.BETAS, fused=True)
    for step in range(5):
        for group in (*one.param_groups, *two.param_groups):
            group["lr"] = 1e-2 / (step + 1)
        for a, b in zip(ours[:2], theirs[:2], strict=True):  # the last one never has a gradient
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        for optimizer in (one, two):
            optimizer.step()
            optimizer.zero_grad()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert all(a.grad is None for a in ours) and set(one.state) == {0, 1}


def test_training_does_not_import_the_compiler() -> None:
    code = """
        import sys; sys.path[:0] = ["scripts", "tests"]
        import tiny_models as tiny
        from trap.platforms import Fit
        from trap.workflow.running import fix_threads
        fix_threads()
        for tune in ("full", "lora"):
            tiny.model().fit(tiny.texts(), Fit(max_steps=2, batch_size=4, learning_rate=1e-3, tune=tune, optim="muon"), 0, tiny.ignore)
        sys.exit("torch._dynamo" in sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT)


def test_nothing_is_cut_silently() -> None:
    model = tiny.model()
    examples = [*tiny.texts(), Example("The apple", " red" * 30)]
    with pytest.raises(InputError, match=r"^example 64: .* max_length 20; nothing is cut silently$"):
        model.fit(examples, Fit(max_steps=1, batch_size=4, learning_rate=1e-3, max_length=20), 0, tiny.ignore)


def test_no_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        tiny.model().fit([], SETTINGS, 0, tiny.ignore)


def test_probes_are_spread_to_the_end() -> None:
    def steps(**settings: int) -> list[int]:
        fit = Fit(learning_rate=1.0, batch_size=1, **settings)
        return [step for step in range(1, fit.max_steps + 1) if fit.probe_at(step)]

    assert steps(max_steps=200, probes=4) == [50, 100, 150, 200]
    assert steps(max_steps=10, probes=3) == [4, 7, 10]
    assert steps(max_steps=3, probes=9) == [1, 2, 3]
    assert steps(max_steps=9, probes=0) == []


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_a_probe_sees_the_weights_of_its_step_and_changes_nothing(tune: str) -> None:
    settings = replace(SETTINGS, tune=tune, max_steps=8, probes=2)
    prompts = [e.prompt for e in tiny.texts()[:6]]
    alone, watched = tiny.model(), tiny.model()
    alone.fit(tiny.texts(), settings, 3, tiny.ignore)
    scores: list[tuple[int, float]] = []

    def probe(step: int) -> None:
        watched.sample(prompts, num_generations=2, temperature=1.0, max_completion_length=4, keys=range(6))
        scores.append((step, sum(watched.logprobs(tiny.texts()))))

    before = sum(watched.logprobs(tiny.texts()))
    watched.fit(tiny.texts(), settings, 3, tiny.ignore, probe)
    assert [step for step, _ in scores] == [4, 8]
    assert before < scores[0][1] < scores[1][1]
    assert scores[1][1] == sum(watched.logprobs(tiny.texts()))
    assert fingerprint(alone) == fingerprint(watched)


def test_processors_train_small_models_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(torch, "autocast", lambda *_, enabled: asked.append(enabled) or nullcontext())
    monkeypatch.setattr(fitting, "has_bfloat16", lambda: True)
    settings = Fit(max_steps=1, batch_size=4, learning_rate=1e-3, tune="lora", lora_r=2)
    tiny.model().fit(tiny.texts(), settings, 0, tiny.ignore)
    monkeypatch.setattr(fitting, "LARGE", tiny.model().size)  # the whole model counts, not what is trained
    tiny.model().fit(tiny.texts(), settings, 0, tiny.ignore)
    monkeypatch.setattr(fitting, "has_bfloat16", lambda: False)
    tiny.model().fit(tiny.texts(), settings, 0, tiny.ignore)
    assert asked == [False, True, False]
