"""Weights of a release: exported, checked against the answers of their run, kept, and refused where they are not theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

import export_page_model
import release_items
import release_weights
import tiny_models as tiny
import verify_release
from page_engine import rounded
from release_weights import LEAST, Stored, differing, stored
from trap.files import read_json, write_json
from trap.models.page_header import read_header
from trap.models.page_reading import read_page_model, read_page_tokenizer
from trap.models.released_weights import read_record, tokenizer_of, troubles
from trap.platforms import Fit
from trap.platforms.torch import load
from trap.workflow.config import load_config
from trap.workflow.plan import Plan
from trap.workflow.running import folder_hash

ROOT = Path(__file__).resolve().parent.parent
RUNS = Path("results/hops/runs/nano/torch")
TOKENS = 12
COMMITTED = sorted((ROOT / "results/released").glob("*/*/weights/*.bin"))
ASKED = 36  # questions that a committed model is asked here


def write_meta(arm: str, parent: str = "") -> None:
    hashes = {"adapter": folder_hash(RUNS / arm / "s1/adapter")}
    if parent:
        hashes["parent"] = folder_hash(RUNS / parent / "s1/adapter")
    told = {
        "run_id": f"hops/nano/torch/{arm}/s1",
        "model": "nano",
        "arm": arm,
        "seed": 1,
        "label": arm,
        "hashes": hashes,
    }
    write_json(RUNS / arm / "s1/meta.json", told | {"contaminated": False})


def train(seed: int = 1) -> list[Path]:
    """Runs of the base and of SFT in the working directory; the adapter folders."""
    base, sft = (RUNS / arm / "s1/adapter" for arm in ("base", "sft"))
    for folder in (base, sft):
        shutil.rmtree(folder, ignore_errors=True)
    made = tiny.model([1, 0], seed=seed)
    made.fit(
        tiny.texts(), Fit(max_steps=60, batch_size=16, learning_rate=1e-2, tune="full"), seed, tiny.ignore
    )
    tiny.save(made, base)
    write_meta("base")
    tuned = load([base], "cpu")
    settings = Fit(max_steps=4, batch_size=8, learning_rate=1e-2, lora_r=4, lora_alpha=8)
    tuned.fit(tiny.texts(), settings, seed, tiny.ignore)
    tuned.save(sft)
    write_meta("sft", "base")
    return [base, sft]


def answered(model: tiny.TorchModel) -> list[str]:
    prompts = [example.prompt for example in tiny.texts()]
    drawn = model.sample(
        prompts, num_generations=1, temperature=0.0, max_completion_length=TOKENS, keys=range(len(prompts))
    )
    return [text for (text,) in drawn]


def write_evidence(chain: list[Path], folder: Path) -> Path:
    """What collect_runs.py would store of the runs: the answers of the float32 model."""
    keys = {"model": "nano", "platform": "torch", "seed": 1}
    rows = [
        {**keys, "arm": arm, "kind": "eval", "pool": "eval_hard", "id": f"eval_hard_{i:06}", "prompt": example.prompt, "completion": text}
        for arm, lineage in (("base", chain[:1]), ("sft", chain))
        for i, (example, text) in enumerate(zip(tiny.texts(), answered(load(lineage, "cpu")), strict=True))
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(folder / "episodes.parquet")
    hyper = json.dumps({"max_completion_length": TOKENS})
    runs = [
        {**keys, "arm": "base", "run_id": "base", "parent": "", "parent_hash": None, "hyper": hyper},
        {**keys, "arm": "sft", "run_id": "sft", "parent": "base", "parent_hash": folder_hash(chain[0]), "hyper": hyper},
    ]  # fmt: skip
    pl.DataFrame(runs).write_parquet(folder / "runs.parquet")
    return folder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings with an experiment `little` that releases the weights of two arms; the working directory is their folder."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    little = {
        "seeds": 1,
        "models": {"nano": ["base", "sft"]},
        "weights": {"nano": ["base", "sft", "rsft_hard"]},
    }
    values = yaml.safe_load(Path("config/config.yaml").read_text())
    values["studies"] = {"hops": {"experiments": {"little": little}}}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def release(settings: Path) -> Callable[..., int]:
    """Runs release_weights.py on the evidence in `evidence/`; its status."""

    def run(*more: str) -> int:
        given = ["--config", str(settings), "--study", "hops", "--experiment", "little"]
        return release_weights.main([*given, "--evidence", "evidence", "--output", "weights", *more])

    return run


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1, error
    return error


def test_the_record_counts_the_answers_that_the_file_gives(release: Callable[..., int]) -> None:
    chain = train()
    write_evidence(chain, Path("evidence"))
    assert release() == 0
    record = read_record(Path("weights"))
    assert list(record) == ["nano.base", "nano.sft"]  # the experiment has no rsft_hard
    known = answered(load(chain, "cpu"))
    same = [a == b for a, b in zip(known, answered(rounded(chain)), strict=True)]
    told = record["nano.sft"]
    assert (told.answers.asked, told.answers.same, told.answers.same_before_rounding) == (64, sum(same), 64)
    assert told.answers.other == [f"eval_hard/eval_hard_{i:06}" for i, equal in enumerate(same) if not equal]
    assert (told.run_id, told.seed) == ("hops/nano/torch/sft/s1", 1)
    assert troubles(Path("weights")) == []


def test_a_file_read_back_is_the_model_that_was_written(release: Callable[..., int]) -> None:
    chain = train()
    write_evidence(chain, Path("evidence"))
    release()
    path = Path("weights/nano.sft.bin")
    model, wanted = read_page_model(path, tokenizer_of(path)), rounded(chain)
    assert model.weights.keys() == wanted.weights.keys()
    assert all(model.weights[name].equal(wanted.weights[name]) for name in wanted.weights)
    for text in ("The apple, red, is very", "ünï 漢 \x00\t\n <0x41>", "", "  two  spaces "):
        ids = wanted.tokenizer.encode(text, add_special_tokens=False).ids
        assert model.tokenizer.encode(text, add_special_tokens=False).ids == ids
        assert model.tokenizer.decode(ids) == wanted.tokenizer.decode(ids)
    assert (model.eos, model.pad) == (wanted.eos, wanted.pad)


def test_weights_of_another_run_are_refused(
    release: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write_evidence(train(), Path("evidence"))
    train(seed=2)
    assert release() == 1
    assert "sft was trained on other weights of base than those here" in one_line(capsys)
    runs = pl.read_parquet("evidence/runs.parquet")
    runs.with_columns(parent_hash=pl.lit(None, pl.String)).write_parquet("evidence/runs.parquet")
    assert release() == 1  # older evidence has no hashes; the answers tell
    assert "of 64 answers of hops/nano/torch/base/1 in evidence: another run" in one_line(capsys)
    assert not Path("weights").exists()


def test_a_release_keeps_weights_whose_runs_are_not_here(
    release: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write_evidence(train(), Path("evidence"))
    assert release() == 0
    shutil.copytree("weights", "before")
    shutil.rmtree("results")
    shutil.rmtree("weights")
    capsys.readouterr()
    assert release() == 0
    assert (
        "nano.sft: left out: results/hops/runs/nano/torch/base/s1/adapter is not here"
        in capsys.readouterr().err
    )
    assert [path.name for path in Path("weights").iterdir()] == ["weights.json"]

    assert release("--kept", "before") == 0
    assert read_record(Path("weights")) == read_record(Path("before"))
    assert Path("weights/nano.sft.bin").read_bytes() == Path("before/nano.sft.bin").read_bytes()
    capsys.readouterr()

    episodes = pl.read_parquet("evidence/episodes.parquet")
    episodes.with_columns(completion=pl.lit(" no.")).write_parquet("evidence/episodes.parquet")
    assert release("--kept", "before") == 1
    assert "before/nano.base.bin: it gives 0 of 64 answers" in one_line(capsys)


def spoil_bytes(folder: Path) -> None:
    data = bytearray((folder / "nano.sft.bin").read_bytes())
    data[-1] ^= 1
    (folder / "nano.sft.bin").write_bytes(data)


def spoil_other(folder: Path) -> None:
    shutil.copyfile(folder / "nano.base.bin", folder / "nano.sft.bin")
    record = read_json(folder / "weights.json", dict)
    record["nano.sft"]["sha256"] = record["nano.base"]["sha256"]
    write_json(folder / "weights.json", record)


def spoil_record(folder: Path) -> None:
    record = read_json(folder / "weights.json", dict)
    record.pop("nano.sft")
    write_json(folder / "weights.json", record)


SPOILT = [
    (spoil_bytes, "nano.sft.bin: damaged: SHA-256 "),
    (lambda folder: (folder / "nano.sft.bin").unlink(), "nano.sft.bin: no such file, though weights.json names it"),
    (lambda folder: (folder / "nano.sft.tokenizer.json").write_text("{}"), "nano.sft.tokenizer.json: damaged: SHA-256 "),
    (spoil_other, "nano.sft.bin: another model: run_id 'hops/nano/torch/base/s1', in weights.json 'hops/nano/torch/sft/s1'"),
    (spoil_record, "nano.sft"),
    (lambda folder: (folder / "weights.json").write_text('{"nano.sft": {"model": 1}}'), "weights.json: "),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_what_is_wrong_with_released_weights_is_one_line(
    spoil: Callable[[Path], None],
    message: str,
    release: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_evidence(train(), Path("evidence"))
    assert release() == 0
    folder = Path("results/released/hops/little/weights")
    Path("items.parquet").write_bytes(b"items")
    given = ["--files", "items.parquet", "--weights", "weights", "--released", str(folder.parent)]
    assert release_items.main([*given, "--output", "release.json"]) == 0
    assert {"items.parquet", "weights/nano.sft.bin", "weights/weights.json"} <= read_json(
        "release.json", dict
    )["files"].keys()
    page = ["--released", f"{folder}/nano.sft.bin", "--output", "page.bin", "--tokenizer", "page.json"]
    assert export_page_model.main(page) == 0
    assert Path("page.bin").read_bytes() == (folder / "nano.sft.bin").read_bytes()
    assert read_header(Path("page.bin"))["arm"] == "sft"
    Path("page.bin").unlink()

    spoil(folder)
    capsys.readouterr()
    assert export_page_model.main(page) == 1 and not Path("page.bin").exists()
    assert message in one_line(capsys)
    (wrong, *_) = troubles(folder)
    assert message in wrong
    given[3] = str(folder)
    assert release_items.main([*given[:-1], "other", "--output", "other.json"]) == 1
    assert message in one_line(capsys) and not Path("other").exists()


def test_verify_names_damaged_weights_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ROOT / "results/released/hops/full"
    shutil.copytree(ROOT / "config", tmp_path / "config")
    folder = tmp_path / "results/released/hops/full"
    shutil.copytree(source / "weights", folder / "weights")
    shutil.copyfile(source / "provenance.json", folder / "provenance.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify_release, "later_commits", lambda commit, files: [])
    assert verify_release.main(["--study", "hops"]) == 0
    capsys.readouterr()
    (folder / "weights/nano_able.sft.bin").write_bytes(b"TRAPNN01")
    assert verify_release.main(["--study", "hops"]) == 1
    told = capsys.readouterr()
    assert "full/weights/nano_able.sft.bin: damaged: SHA-256" in told.out
    assert "1 released weights are not those that were released" in told.err


def test_the_settings_name_arms_that_the_sheet_has(settings: Path) -> None:
    plan = Plan.of(load_config(settings), "hops")
    assert [(run.model, run.arm, run.seed) for run in plan.weighed("little")] == [
        ("nano", "base", 1),
        ("nano", "sft", 1),
    ]
    values = yaml.safe_load(settings.read_text())
    values["studies"]["hops"]["experiments"]["little"]["weights"] = {"nano": ["nothing"]}
    settings.write_text(yaml.safe_dump(values))
    with pytest.raises(
        Exception, match=r"experiments\.little\.weights\.nano: `nothing` is neither a group nor an arm"
    ):
        Plan.of(load_config(settings), "hops")


# --- the committed ones -----------------------------------------------------------------------------------------


def asked(path: Path) -> Stored:
    """Some stored answers of the run of a committed file, of each pool as many."""
    told = read_record(path.parent)[path.name.removesuffix(".bin")]
    platform = told.run_id.split("/")[2]
    known = stored(
        path.parent.parent,
        release_weights.Run(told.run_id.split("/")[0], told.model, platform, told.arm, told.seed),
    )
    rows = known.answers.sort("id").with_columns(place=pl.int_range(pl.len()).over("pool"))
    return known._replace(answers=rows.filter(pl.col("place") < ASKED // rows["pool"].n_unique()))


def test_weights_are_committed_and_whole() -> None:
    folders = sorted({path.parent for path in COMMITTED})
    assert folders and [line for folder in folders for line in troubles(folder)] == []
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 12e6


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_committed_weights_give_the_released_answers(path: Path) -> None:
    """All but those that the record names; two more may differ, because other processors round otherwise."""
    known, told = asked(path), read_record(path.parent)[path.name.removesuffix(".bin")]
    assert known.answers.height == ASKED
    other = set(differing(read_page_model(path, tokenizer_of(path)), known))
    assert len(other - set(told.answers.other)) <= 2, other
    assert told.answers.same >= LEAST * told.answers.asked
    assert told.answers.same_before_rounding >= told.answers.same


def test_another_run_does_not_pass_for_a_committed_one() -> None:
    first, second = (
        next(path for path in COMMITTED if f".{arm}." in path.name) for arm in ("sft", "rsft_hard")
    )
    other = differing(read_page_model(second, tokenizer_of(second)), asked(first))
    assert len(other) > (1 - LEAST) * ASKED


def test_a_tokenizer_whose_scores_do_not_fit_is_refused(tmp_path: Path) -> None:
    told = read_json(tokenizer_of(COMMITTED[0]), dict)
    write_json(tmp_path / "tokenizer.json", told | {"scores": [[0.0, 3]]})
    with pytest.raises(Exception, match=r"tokenizer\.json: scores: 3 for \d+ pieces"):
        read_page_tokenizer(tmp_path / "tokenizer.json")
