"""A model asked in its own way: templates reach every call, and no example is ever cut silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tiny_models as tiny
from trap.files import InputError
from trap.models.prompted import Prompted, prompted
from trap.platforms import Example, Fit
from trap.platforms.torch import grpo, load
from trap.training.policy_gradient import Objective, Rollout
from trap.workflow.config import Chat

FORM = "{% for m in messages %}The {{ m.content }}, red, is{% endfor %}"  # words that the tests' model knows
NAMES = ["apple", "boat", "cup"]
HOW = {"num_generations": 2, "temperature": 1.0, "max_completion_length": 4, "keys": [5, 6, 7]}
SETTINGS = Fit(max_steps=4, batch_size=4, learning_rate=1e-2, lora_r=2, lora_alpha=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.save(tiny.model([1]), tmp_path / "model")


def with_template(folder: Path) -> Any:
    (folder / "chat_template.jinja").write_text(FORM)
    return prompted(load([folder], "cpu"), folder, Chat())


def test_every_call_goes_through_the_template(folder: Path) -> None:
    plain, asked = load([folder], "cpu"), with_template(folder)
    long = [f"The {name}, red, is" for name in NAMES]
    assert asked.sample(NAMES, **HOW) == plain.sample(long, **HOW) != plain.sample(NAMES, **HOW)
    short = [Example(name, " hat.") for name in NAMES]
    same = [Example(text, " hat.") for text in long]
    assert asked.logprobs(short) == plain.logprobs(same) != plain.logprobs(short)
    asked.fit(short, SETTINGS, 1, tiny.ignore)
    plain.fit(same, SETTINGS, 1, tiny.ignore)
    assert asked.logprobs(short) == plain.logprobs(same)
    assert asked.lengths(["red"]) == plain.lengths(["red"])


def test_what_is_saved_is_the_model(folder: Path, tmp_path: Path) -> None:
    asked = with_template(folder)
    asked.fit([Example(name, " hat.") for name in NAMES], SETTINGS, 1, tiny.ignore)
    assert asked.save(tmp_path / "adapter", base=str(folder))["format"] == "peft"
    again = prompted(load([folder, tmp_path / "adapter"], "cpu"), folder, Chat())
    assert again.sample(NAMES, **HOW) == asked.sample(NAMES, **HOW)


def test_what_does_not_fit_is_counted_and_told(folder: Path) -> None:
    long = [Example("red " * 30, " hat.")]
    short = [Example(f"The {name}", " hat.") for name in NAMES]
    settings = Fit(max_steps=4, batch_size=4, learning_rate=1e-2, max_length=20)
    with pytest.raises(
        InputError, match=r"1 of 4 examples \(25.0%\) do not fit 20 tokens .* 0.0% may be left"
    ):
        prompted(load([folder], "cpu"), folder, None).fit(short + long, settings, 1, tiny.ignore)
    with pytest.raises(InputError, match=r"1 of 4 examples"):
        prompted(load([folder], "cpu"), folder, None, 0.2).fit(short + long, settings, 1, tiny.ignore)
    with pytest.raises(InputError, match=r"1 of 1 examples"):
        prompted(load([folder], "cpu"), folder, None, 1.0).fit(long, settings, 1, tiny.ignore)
    rows: list[dict] = []
    model, reference = prompted(load([folder], "cpu"), folder, None, 0.25), load([folder], "cpu")
    model.fit(short + long, settings, 1, rows.append)
    assert rows[0]["kind"] == "left_out" and (rows[0]["examples"], rows[0]["of"]) == (1, 4)
    assert rows[0]["longest"] == reference.lengths([long[0].prompt + long[0].completion])[0] + 1
    reference.fit(short, settings, 1, tiny.ignore)
    assert model.logprobs(short) == reference.logprobs(short)


def test_an_example_that_just_fits_is_kept(folder: Path) -> None:
    model = load([folder], "cpu")
    exact = sum(model.lengths(["The apple", " hat."])) + 1
    example = [Example("The apple", " hat.")]
    for room, fits in ((exact, True), (exact - 1, False)):
        settings = Fit(max_steps=1, batch_size=1, learning_rate=1e-3, max_length=room)
        if fits:
            prompted(model, folder, None).fit(example, settings, 1, tiny.ignore)
        else:
            with pytest.raises(InputError, match=r"1 of 1 examples"):
                prompted(model, folder, None).fit(example, settings, 1, tiny.ignore)


def test_a_prompt_without_room_for_an_answer_stops_the_run(folder: Path) -> None:
    raw = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(raw | {"max_position_embeddings": 12}))
    model = prompted(load([folder], "cpu"), folder, None, 1.0)
    how = {"num_generations": 1, "temperature": 0.0, "keys": [0, 0]}
    prompts = ["The cup", "The cup, red, is very very"]
    assert len(model.sample(prompts, max_completion_length=2, **how)) == 2
    with pytest.raises(InputError, match=r"1 of 2 prompts leave no room for 8 new tokens .* context of 12"):
        model.sample(prompts, max_completion_length=8, **how)
    with pytest.raises(InputError, match=r"1 of 2 texts to score exceed the model's context of 12"):
        model.logprobs([Example("The cup", " hat."), Example("red " * 9, " hat.")])
    with pytest.raises(InputError, match=r"1 of 1 examples \(100.0%\) do not fit 12 tokens"):
        model.fit(
            [Example("red " * 12, " hat.")],
            Fit(max_steps=1, batch_size=1, learning_rate=1e-3),
            1,
            tiny.ignore,
        )


def test_every_method_of_a_model_is_there() -> None:
    from trap.platforms import Model

    wanted = {name for name in vars(Model) if not name.startswith("_")}
    assert wanted <= vars(Prompted).keys()


def test_a_policy_gradient_goes_through_the_template(folder: Path) -> None:
    def learned(model: Any, prompts: list[str]) -> tuple[list[dict[str, float]], list[float]]:
        settings = Fit(max_steps=2, batch_size=4, learning_rate=1e-2, lora_r=2, lora_alpha=4)
        learner = grpo.learner(model, settings, Objective(beta=0.1), 1)
        learner.sync()
        learner.observe([Rollout(p, " hat.", gain) for p in prompts for gain in (1.0, -0.5)], several=True)
        rows = [learner.measure(4), learner.step(range(6), 1.0)]
        learner.restore(learner.state())
        rows.append(learner.step(range(6), 0.5))
        learner.close()
        return rows, model.logprobs([Example(p, " hat.") for p in prompts])

    long = [f"The {name}, red, is" for name in NAMES]
    plain = load([folder], "cpu")
    assert learned(with_template(folder), NAMES) == learned(plain, long)


@pytest.mark.parametrize("method", ["sample", "logprobs", "fit"])
def test_no_memory_is_one_line_that_names_the_model(
    folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory\nmore")

    model = prompted(load([folder], "cpu"), folder, None, name="own")
    monkeypatch.setattr(type(model.model), method, fails)
    example = [Example("The apple", " hat.")]
    arguments = {
        "sample": (["The apple"],),
        "logprobs": (example,),
        "fit": (example, SETTINGS, 1, tiny.ignore),
    }
    how = HOW if method == "sample" else {}
    with pytest.raises(
        InputError, match=r"^models\.own: not enough memory \(.*memory\); scripts/list_models\.py"
    ) as told:
        getattr(model, method)(*arguments[method], **how)
    assert "more" not in str(told.value)
