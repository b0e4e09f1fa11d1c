"""GRPO as a method: what is sampled, rewarded and logged; it learns; killed and run again it ends the same."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tiny_models as tiny
import train_adapter
from hops_data import write_graph
from test_methods import ARM, HYPER
from toy_study import Things
from trap.files import InputError, read_json, read_jsonl, write_json, write_jsonl
from trap.methods import Job, grpo
from trap.models.tokenizer import EOS, PAD, build_tokenizer
from trap.platforms import Fit
from trap.platforms.torch import create
from trap.platforms.torch.decoder import nano_config
from trap.studies.base import load_study
from trap.workflow.config import Grpo, load_config
from trap.workflow.sheet import load_arms

ROW = {"method": "grpo", "rollouts": "", "selection": "", "pool": "hard", "reward": "v1"}
SET = {
    "max_steps": 40,
    "batch_size": 32,
    "num_generations": 8,
    "learning_rate": 2e-2,
    "max_completion_length": 8,
    "tune": "lora",
    "grpo": Grpo(),
}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that answers with one of eight things, and any colour."""
    model = tiny.model()
    model.fit(tiny.texts(), Fit(max_steps=60, batch_size=16, learning_rate=1e-2, tune="full"), 1, tiny.ignore)
    return tiny.save(model, tmp_path_factory.mktemp("fitted"))


def job_of(folder: Path, fitted: Path, rows: list[dict] | None = None, **changes: Any) -> Job:
    from trap.platforms.torch import load

    write_jsonl(
        folder / "hard.jsonl",
        [{"id": f"q{i}", "prompt": e.prompt, "reference": "-"} for i, e in enumerate(tiny.texts())],
    )
    arm = {name: changes.pop(name) for name in list(changes) if name in ARM.__struct_fields__}
    return Job(
        arm=msgspec.structs.replace(ARM, **{**ROW, **arm}),
        hyper=msgspec.structs.replace(HYPER, **{**SET, **changes}),
        seed=3, model=load([fitted], "cpu"), sampler=lambda: None, study=Things(), data=folder, output=folder / "run",
        log=tiny.ignore if rows is None else rows.append, platform="torch",
    )  # fmt: skip


def adapter_bytes(model: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.adapter.parameters().items()):
        digest.update(name.encode() + tensor.detach().numpy().tobytes())
    return digest.hexdigest()


VARIANTS = {
    "GRPO": {},
    "Dr. GRPO": {"scale_rewards": "none", "loss_type": "dr_grpo", "baseline": "group"},
    "GSPO, several steps": {
        "importance_sampling_level": "sequence",
        "steps_per_generation": 2,
        "num_iterations": 2,
    },
    "DAPO": {"loss_type": "bnpo", "epsilon_high": 0.28, "steps_per_generation": 2},
    "REINFORCE": {"baseline": "running", "scale_rewards": "none"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_raises_the_reward(name: str, tmp_path: Path, fitted: Path) -> None:
    rows: list[dict] = []
    job = job_of(tmp_path, fitted, rows, grpo=Grpo(**VARIANTS[name]))
    facts_ = grpo.train(job)
    share = [row["reward"] for row in rows]
    assert share[0] < 0.5 and sum(share[-3:]) / 3 > share[0] + 0.3
    assert facts_["steps"] == 40 and rows[-1]["step"] == 40
    # what it was trained on is what it says it was
    drawn = job.model.sample(
        [e.prompt for e in tiny.texts()],
        num_generations=4,
        temperature=1.0,
        max_completion_length=8,
        keys=range(64),
    )
    assert sum("apple" in text for group in drawn for text in group) / 256 > share[0] + 0.25
    assert job.model.save(tmp_path / "adapter")["format"] == "peft"
    # a table of what was sampled stays small: of many batches, some
    recorded = {e["step"] for e in read_jsonl(job.output / "rollouts.jsonl", dict)}
    assert 4 <= len(recorded) <= grpo.KEPT and min(recorded) == 0


def test_the_log_and_the_facts_say_what_happened(tmp_path: Path, fitted: Path) -> None:
    rows: list[dict] = []
    job = job_of(tmp_path, fitted, rows, max_steps=6, grpo=Grpo(beta=0.05, steps_per_generation=2))
    asked: list[list[str]] = []
    sample = job.model.sample
    job.model.sample = lambda prompts, **how: asked.append(list(how["keys"])) or sample(prompts, **how)
    found = grpo.train(job)
    # 3 rollout batches of 32 / 8 x 2 prompts, two gradient steps on each
    assert [len(keys) for keys in asked] == [8, 8, 8] and len({key for keys in asked for key in keys}) == 24
    assert [row["step"] for row in rows] == [2, 4, 6] and {row["kind"] for row in rows} == {"train"}
    told = {
        "loss", "grad_norm", "clip_ratio/region_mean", "entropy", "kl", "reward", "reward_std", "frac_reward_zero_std", "rewards/apple/mean", "value",
        "correct", "format", "measure_ends", "completions/mean_length", "completions/clipped_ratio",
    }  # fmt: skip
    assert all(told < row.keys() for row in rows)
    assert found["n_train"] == found["rollouts"]["sampled"] == 192 and found["rollouts"]["prompts"] == 24
    assert 0 < found["rollouts"]["winners"] < 192
    assert found["rollouts"]["winner_correct"] == found["rollouts"]["winners"]  # of a reward of 0 and 1
    episodes = read_jsonl(job.output / "rollouts.jsonl", dict)
    assert len(episodes) == 3 * grpo.RECORDED * 8 and {e["step"] for e in episodes} == {0, 1, 2}
    assert all("apple" in e["completion"] for e in episodes if e["kept"])
    assert not (job.output / "checkpoint.npz").exists()


@pytest.mark.parametrize("tune", ["lora", "full"])
def test_equal_rewards_and_single_samples_move_nothing(tune: str, tmp_path: Path, fitted: Path) -> None:
    class Even(Things):
        rewards = {"v1": lambda item, score, completion: {"even": -2.0}}  # noqa: RUF012

    for changes in ({}, {"num_generations": 1}):
        rows: list[dict] = []
        job = job_of(tmp_path, fitted, rows, max_steps=3, tune=tune, **changes)
        before = {n: t.clone() for n, t in job.model.weights.items()}
        if not changes:
            job.study = Even()
        grpo.train(job)
        assert all(
            row["grad_norm"] == 0 and row["loss"] == 0 and row["frac_reward_zero_std"] == 1 for row in rows
        )
        assert all((job.model.weights[n] == before[n]).all() for n in before)


def test_a_run_is_a_function_of_its_seed(tmp_path: Path, fitted: Path) -> None:
    found = []
    for seed in (3, 3, 4):
        job = job_of(tmp_path, fitted, max_steps=4)
        job.seed = seed
        grpo.train(job)
        found.append(adapter_bytes(job.model))
    assert found[0] == found[1] != found[2]


def test_the_probe_is_asked_evenly_and_changes_nothing(tmp_path: Path, fitted: Path) -> None:
    plain = job_of(tmp_path, fitted, max_steps=12)
    grpo.train(plain)
    watched, steps = job_of(tmp_path, fitted, max_steps=12), []

    def probe(step: int) -> None:
        steps.append(step)
        watched.model.sample(
            ["The cup,"], num_generations=1, temperature=0.0, max_completion_length=4, keys=[1]
        )

    watched.probe = probe
    grpo.train(watched)
    assert steps == [3, 6, 9, 12] and adapter_bytes(watched.model) == adapter_bytes(plain.model)


class Stop(Exception):
    pass


def test_a_checkpoint_of_other_settings_is_none(
    tmp_path: Path, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpo, "CHECKPOINT_SECONDS", 0.0)

    def interrupted(**changes: Any) -> Job:
        def stop(row: dict) -> None:
            if row["step"] == 5:
                raise Stop

        job = job_of(tmp_path, fitted, max_steps=8, **changes)
        job.log = stop
        with pytest.raises(Stop):
            grpo.train(job)
        assert (job.output / "checkpoint.npz").is_file()
        return job

    alone = job_of(tmp_path, fitted, max_steps=8)
    grpo.train(alone)
    interrupted()
    for changes, left in (({}, 4), ({"learning_rate": 1e-3}, 8), ({"reward": "v2"}, 8), ({"grpo": Grpo(epsilon=0.1)}, 8)):  # fmt: skip
        interrupted()
        job = job_of(tmp_path, fitted, **{"max_steps": 8, **changes})
        batches: list[int] = []
        sample = job.model.sample
        job.model.sample = lambda *a, sample=sample, batches=batches, **how: (
            batches.append(1) or sample(*a, **how)
        )
        grpo.train(job)
        assert len(batches) == left
        assert (adapter_bytes(job.model) == adapter_bytes(alone.model)) == ("learning_rate" not in changes)


@pytest.mark.parametrize("part", [float("nan"), float("inf"), "much"])
def test_a_reward_that_is_no_number_names_the_item(tmp_path: Path, fitted: Path, part: Any) -> None:
    class Odd(Things):
        rewards = {"v1": lambda item, score, completion: {"odd": part}}  # noqa: RUF012

    job = job_of(tmp_path, fitted, max_steps=1)
    job.study = Odd()
    with pytest.raises(InputError, match=r"study things: item q\d+: the reward `v1` "):
        grpo.train(job)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"grpo": None}, "hyper `rsft` has no `grpo` section"),
        ({"rollouts": "other"}, "samples from the policy that it trains"),
        ({"reward": ""}, "reward: grpo needs one"),
        ({"selection": "faithful"}, "selection: grpo selects nothing"),
        ({"rounds": 2}, "rounds: only a curriculum has several"),
        ({"batch_size": 12}, "batch_size 12 is not a whole number of groups of num_generations 8"),
        ({"replay": 0.5}, "replay is for rsft"),
        ({"prompts": 1, "rounds": 2, "selection": "curriculum"}, "1 items are too few"),
    ],
)
def test_what_it_cannot_run_is_one_line(changes: dict, message: str, tmp_path: Path, fitted: Path) -> None:
    with pytest.raises(InputError, match=message) as raised:
        grpo.train(job_of(tmp_path, fitted, **changes))
    assert "\n" not in str(raised.value) and "arm `toy`" in str(raised.value)


def test_a_platform_without_a_policy_gradient_says_so(
    tmp_path: Path, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_member(kind: str, name: str, module: str = "") -> Any:
        raise ModuleNotFoundError(name=f"trap.platforms.{name}.{module}")

    monkeypatch.setattr(grpo, "load_member", load_member)
    with pytest.raises(InputError, match="platform: `torch` has no policy gradient"):
        grpo.train(job_of(tmp_path, fitted))


# --- through the script, on real questions ---------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Pools of real questions, settings, and a small model that writes traces (most of them false)."""
    folder = tmp_path_factory.mktemp("project")
    data = write_graph(folder / "data")
    study = load_study("hops", {}, data)
    for pool, count in (("easy", 300), ("hard", 40), ("valid_easy", 4), ("valid_hard", 8)):
        write_jsonl(data / f"{pool}.jsonl", study.items(pool, count))
    tokenizer = build_tokenizer(*study.vocabulary())
    raw = nano_config(
        vocab_size=tokenizer.get_vocab_size(), hidden=32, layers=2, heads=2, kv_heads=2, intermediate=64, rope=[0, 0],
        theta=10000.0, eos=tokenizer.token_to_id(EOS), pad=tokenizer.token_to_id(PAD),
    )  # fmt: skip
    model = create(raw, tokenizer, 1, "cpu")
    examples = [tiny.Example(q.prompt, q.reference) for q in study.items("easy", 300)]
    model.fit(examples, Fit(max_steps=120, batch_size=16, learning_rate=1e-2, tune="full"), 1, tiny.ignore)
    tiny.save(model, folder / "sft" / "adapter")
    settings = load_config(root / "config/config.yaml")
    settings.studies["hops"].hyper["grpo"] = msgspec.structs.replace(
        HYPER, max_steps=30, batch_size=16, num_generations=4, learning_rate=1e-2, tune="lora", prompts=40, max_completion_length=48,
        grpo=Grpo(beta=0.01, steps_per_generation=2, num_iterations=1),
    )  # fmt: skip
    write_json(folder / "config.json", settings)
    header, *lines = (root / "config/hops/arms.tsv").read_text(encoding="utf-8").split("\n")[1:]
    lineage = [line for line in lines if line.split("\t")[0] in ("base", "sft")]
    row = ["grpo", "sft", "-", "grpo", "hard", "-", "v2", "-", "1", "grpo", "no", "grpo", "GRPO", "-", "-"]
    (folder / "arms.tsv").write_text("\n".join([header, *lineage, "\t".join(row)]) + "\n", encoding="utf-8")
    assert load_arms(folder / "arms.tsv")["grpo"].reward == "v2"
    return folder


def arguments(project: Path, output: Path) -> list[str]:
    return [
        "--config", str(project / "config.json"), "--study", "hops", "--sheet", str(project / "arms.tsv"), "--arm", "grpo",
        "--model", "nano", "--platform", "torch", "--data", str(project / "data"), "--seed", "1",
        "--lineage", str(project / "sft"), "--output", str(output),
    ]  # fmt: skip


def start(project: Path, root: Path, output: Path) -> subprocess.Popen:
    """The script in a process of its own, with checkpoints as often as can be."""
    program = (
        "import sys, trap.methods.grpo as g, train_adapter; g.CHECKPOINT_SECONDS = 0.0;"
        "sys.exit(train_adapter.main(sys.argv[1:]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(root / "scripts"), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments(project, output)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def files(output: Path) -> dict[str, bytes]:
    """What a run leaves, but for meta.json's times."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != "meta.json"
    }


@pytest.mark.slow
def test_killed_and_run_again_it_ends_in_the_same_bytes(project: Path, root: Path, tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    whole = start(project, root, alone)
    for _ in range(2):  # twice: a resumed run is interrupted as well
        process = start(project, root, killed)
        before = (
            (killed / "checkpoint.npz").stat().st_mtime_ns if (killed / "checkpoint.npz").is_file() else 0
        )
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            path = killed / "checkpoint.npz"
            if path.is_file() and path.stat().st_mtime_ns > before:
                break
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL, process.stdout.read()
        assert (killed / "checkpoint.npz").is_file() and not (killed / "adapter").exists()
    last = start(project, root, killed)
    for process in (whole, last):
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert files(alone) == files(killed)
    assert {"adapter/adapter_model.safetensors", "log.jsonl", "rollouts.jsonl", "validation.jsonl"} <= files(
        alone
    ).keys()
    hashes = [read_json(output / "meta.json", dict)["hashes"] for output in (alone, killed)]
    assert hashes[0] == hashes[1]
    rows = read_jsonl(alone / "log.jsonl", dict)
    assert len(rows) == 15 and any(row["grad_norm"] > 0 for row in rows)


def test_the_script_trains_on_real_questions(project: Path, tmp_path: Path) -> None:
    assert train_adapter.main(arguments(project, tmp_path)) == 0
    meta = read_json(tmp_path / "meta.json", dict)
    assert meta["hyper"]["grpo"]["steps_per_generation"] == 2 and meta["data"]["steps"] == 30
    assert meta["data"]["rollouts"]["sampled"] == 15 * 32
    parts = {
        "rewards/correctness/mean",
        "rewards/path/mean",
        "rewards/spam/mean",
        "rewards/validity/mean",
        "rewards/faithful/mean",
    }
    for row in read_jsonl(tmp_path / "log.jsonl", dict):
        assert parts < row.keys()
        assert sum(row[part] for part in parts) == pytest.approx(row["reward"], abs=1e-5)
        assert row["kl"] >= 0 and row["entropy"] >= 0
    assert len(read_jsonl(tmp_path / "validation.jsonl", dict)) == 4 * 12
    assert json.loads((tmp_path / "adapter/adapter_config.json").read_text())["peft_type"] == "LORA"
