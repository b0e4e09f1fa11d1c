"""The workflow as a whole: it plans, it is clean, and it reruns exactly what an edit reaches.

Every test of rerun behaviour uses real Snakemake dry runs in a copy of the project in which all files
of a small size lie (empty) and are marked current, as after a finished run.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from trap.workflow.config import load_config
from trap.workflow.plan import Plan
from whole_runs import project, snakemake

ROOT = Path(__file__).resolve().parent.parent
FIGURES, POSTS = 4, 4  # of the default experiment
CONFIG, STUDY, EXPERIMENTS = "config/config.yaml", "config/hops/study.yaml", "config/hops/experiments.yaml"
ARMS = ["base", "sft", "rsft_easy", "rsft_hard", "rsft_eval"]
TARGETS = (
    "total",
    "grpo",
    "ignition",
    "release_full",
    "all",
    "full",
    "data",
    "train",
    "evaluate",
    "tables",
    "figures",
    "report",
    "page",
    "published",
)
pytestmark = pytest.mark.slow


def planned(folder: Path, *arguments: str) -> dict[str, int]:
    """Jobs that a dry run would start, by rule; targets left out."""
    output = snakemake(folder, "--dry-run", *arguments)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1].split("\n\n")[0]
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    return {rule: count for rule, count in counts.items() if rule not in TARGETS}


def messages(folder: Path, *arguments: str) -> set[str]:
    """The one-line messages of planned jobs."""
    return set(re.findall(r"^Job \d+: (.+)$", snakemake(folder, "--dry-run", *arguments), re.MULTILINE))


def copy_project(folder: Path) -> Path:
    project(folder)
    path = folder / EXPERIMENTS
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    for experiment in values.values():
        experiment.update(seeds=1, models={"nano": ARMS})
        experiment.pop("platform", None)
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return folder


def fill(folder: Path, *targets: str) -> None:
    """Give every output of the targets' jobs a file, and mark all of them current."""
    summary = snakemake(folder, "--forceall", "--summary", *targets)
    for line in summary.splitlines():
        name = line.split("\t")[0]
        if "\t" not in line or name == "output_file":
            continue
        path = folder / name
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}\n", encoding="utf-8")
        else:
            path.mkdir(parents=True, exist_ok=True)
    snakemake(folder, "--touch", "--forceall", *targets)


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("workflow") / "project")
    fill(folder, "all")
    return folder


@pytest.fixture
def finished(finished_once: Path, tmp_path: Path) -> Path:
    """A copy of the project after a finished (empty) run of the default size."""
    folder = tmp_path / "project"
    shutil.copytree(finished_once, folder, symlinks=True, copy_function=shutil.copy2)
    return folder


def edit(folder: Path, name: str, text: str = "\nEDITED = 1\n") -> None:
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def change(folder: Path, file: str, **values: object) -> None:
    """Set keys of a settings file, dotted with `__`."""
    path = folder / file
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in values.items():
        *parents, last = key.split("__")
        place = settings
        for parent in parents:
            place = place[parent]
        place[last] = value
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


# --- planning -------------------------------------------------------------------------------------


def test_lint() -> None:
    assert "good condition" in snakemake(ROOT, "--lint")


def test_the_full_experiment_is_planned_whole(tmp_path: Path) -> None:
    """Every arm and ten seeds; how long it takes is for benchmarks/."""
    counts = planned(project(tmp_path / "project"), "full", "--quiet", "rules")
    assert counts["train_adapter"] > 100 and counts["evaluate_adapter"] > counts["train_adapter"]


def test_one_file_from_nothing(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    counts = planned(folder, "results/hops/runs/nano/torch/rsft_hard/s1/metrics.json")
    assert counts["train_base"] == 1 and counts["train_adapter"] == 2 and counts["evaluate_adapter"] == 1
    assert counts["build_graph"] == 1
    assert "collect_runs" not in counts


def test_named_targets(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    assert "train_base" not in planned(folder, "data")
    assert "evaluate_adapter" not in planned(folder, "train")
    assert planned(folder, "evaluate")["evaluate_adapter"] == len(ARMS)
    assert planned(folder, "figures")["plot_figure"] == FIGURES
    assert {"render_post", "tabulate_claims"} <= set(planned(folder, "report"))
    assert set(planned(folder, "published")) == {"fetch_published", "audit_published"}


def test_graph_of_somebody_else(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    (folder / "kg.json").write_text("{}", encoding="utf-8")
    output = snakemake(
        folder,
        "--dry-run",
        "--printshellcmds",
        "data",
        "--config",
        "studies={hops: {options: {graph: kg.json}}}",
    )
    assert "build_graph.py --graph kg.json" in output


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sedes=3", "sedes"),
        ("device=toaster", "device"),
        ("study=chess", "chess"),
        ("film_quality=huge", "film_quality"),
    ],
)
def test_bad_setting_is_one_line(tmp_path: Path, override: str, words: str) -> None:
    output = snakemake(copy_project(tmp_path / "p"), "--dry-run", "--config", override, check=False)
    assert words in output and "Traceback" not in output


# --- what an edit reaches, and what it does not ---------------------------------------------------


def test_nothing_to_do(finished: Path) -> None:
    assert planned(finished) == {}


def test_a_mere_touch_is_no_edit(finished: Path) -> None:
    for path in (finished / "scripts").rglob("*.py"):
        os.utime(path)
    assert planned(finished) == {}


def test_code_of_one_figure(finished: Path) -> None:
    edit(finished, "scripts/trap/figures/trap.py")
    assert planned(finished) == {"plot_figure": 1, "render_post": POSTS}


def test_imported_code_of_the_figures(finished: Path) -> None:
    edit(finished, "scripts/trap/figures/theme.py")
    assert planned(finished) == {"plot_figure": FIGURES, "render_post": POSTS}


def test_code_of_the_claims_trains_nothing(finished: Path) -> None:
    edit(finished, "scripts/tabulate_claims.py")
    found = set(planned(finished))
    assert found == {"tabulate_claims", "render_post", "plot_figure"}


def test_code_of_the_audit_trains_nothing(finished: Path) -> None:
    edit(finished, "scripts/audit_questions.py")
    found = set(planned(finished))
    assert "audit_questions" in found
    assert not {"train_base", "train_adapter", "evaluate_adapter", "sample_items"} & found


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("scripts/trap/analysis/claims.py", "tabulate_claims"),
        ("config/hops/claims.yaml", "tabulate_claims"),
        ("report/hops/post.md.j2", "render_post"),
    ],
)
def test_an_edit_while_a_job_ran_is_seen(finished: Path, file: str, rule: str) -> None:
    """Such an edit is older than what the job then wrote, so that its date says nothing."""
    edit(finished, file, "\n# a new line\n")
    os.utime(finished / file, (0, 0))
    assert rule in planned(finished)


def test_modules_that_a_study_may_have_are_code_of_what_loads_them(finished: Path) -> None:
    edit(finished, "scripts/trap/studies/hops/post.py")
    assert planned(finished) == {"render_post": POSTS}
    edit(finished, "scripts/trap/studies/hops/evidence.py")
    found = planned(finished)
    assert {"collect_runs", "tabulate_claims", "tabulate_results"} <= set(found)
    assert not {"train_base", "train_adapter", "evaluate_adapter"} & set(found)
    plan = Plan.of(load_config(ROOT / "config/config.yaml"), "traces")
    assert "scripts/trap/studies/traces/page.py" in plan.study_code("build_page.py", "page")


def test_two_edits_are_both_seen(finished: Path) -> None:
    edit(finished, "scripts/audit_questions.py")
    edit(finished, "scripts/train_base.py")
    found = planned(finished)
    assert found["train_base"] == 1 and found["train_adapter"] == len(ARMS) - 1


def test_reward_reaches_all_that_opens_the_study(finished: Path) -> None:
    edit(finished, "scripts/trap/studies/hops/reward.py")
    found = messages(finished)
    trained = {line for line in found if line.startswith("Train ")}
    assert trained == {f"Train hops nano {arm}, seed 1" for arm in ARMS}
    assert {f"Evaluate hops nano {arm}, seed 1" for arm in ARMS} <= found
    assert not [line for line in found if line.startswith("Build")]


def test_platform_code_reaches_all_training_and_no_data(finished: Path) -> None:
    module = "scripts/trap/platforms/torch/__init__.py"
    edit(finished, module)
    found = planned(finished)
    assert found["train_base"] == 1 and found["train_adapter"] == len(ARMS) - 1
    assert "sample_items" not in found and "build_graph" not in found


def test_graph_source_reaches_everything(finished: Path) -> None:
    source = sorted((finished / "config/hops/graph").glob("*.yaml"))[0]
    edit(finished, str(source.relative_to(finished)), "\n# a new line\n")
    found = planned(finished)
    assert {"build_graph", "sample_items", "train_base", "train_adapter", "render_post"} <= set(found)


def test_one_hyperparameter_set(finished: Path) -> None:
    arm = next(row for row in sheet_rows(finished) if row["arm"] == "rsft_hard")
    change(finished, STUDY, **{f"hyper__{arm['hyper']}__learning_rate": 0.0123})
    trained = {line for line in messages(finished) if line.startswith("Train ")}
    same = {row["arm"] for row in sheet_rows(finished) if row["hyper"] == arm["hyper"]} & set(ARMS)
    assert trained == {f"Train hops nano {name}, seed 1" for name in same}


def sheet_rows(folder: Path) -> list[dict[str, str]]:
    text = (folder / "config/hops/arms.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.split("\n") if line.strip() and not line.startswith("#")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_unrelated_settings_reach_nothing(finished: Path) -> None:
    change(finished, EXPERIMENTS, full__seeds=7)
    change(finished, CONFIG, device="cpu")
    change(finished, STUDY, hyper__unused={"learning_rate": 0.1, "max_steps": 3})
    assert planned(finished) == {}


def test_quality_of_the_film_reaches_films_only(finished: Path) -> None:
    shutil.copytree(ROOT / "video", finished / "video")
    film, draft = "results/hops/default/video/trap_short.mp4", ("--config", "film_quality=draft")
    assert "Join and check the film: short, final" in messages(finished, film)
    assert {"Join and check the film: short, draft", "Render a scene: walk, short, draft"} <= messages(
        finished, film, *draft
    )
    assert planned(finished, *draft) == {}


def test_a_label_trains_nothing(finished: Path) -> None:
    path = finished / "config/hops/arms.tsv"
    lines = path.read_text(encoding="utf-8").split("\n")
    edited = [
        line.replace("B RSFT hard", "B renamed") if line.split("\t")[:1] == ["rsft_hard"] else line
        for line in lines
    ]
    path.write_text("\n".join(edited), encoding="utf-8")
    found = messages(finished)
    assert not [line for line in found if line.startswith(("Train", "Evaluate", "Sample", "Collect"))]
    assert [line for line in found if line.startswith("Compute the tables")]


def test_size_of_one_pool(finished: Path) -> None:
    change(finished, STUDY, counts__hard=77)
    found = messages(finished)
    assert {line for line in found if line.startswith("Sample")} == {"Sample 77 items: hops hard"}
    assert (
        "Train hops nano rsft_hard, seed 1" in found
        and "Audit the questions: well posed, no overlap" in found
    )
    assert (
        not {
            "Train hops nano base, seed 1",
            "Train hops nano sft, seed 1",
            "Train hops nano rsft_easy, seed 1",
        }
        & found
    )


def test_a_lost_adapter_is_made_again_only_when_needed(finished: Path) -> None:
    shutil.rmtree(finished / "results/hops/runs/nano/torch/sft/s1/adapter")
    assert planned(finished) == {}
    (finished / "results/hops/runs/nano/torch/rsft_hard/s1/metrics.json").unlink()
    assert {"Train hops nano sft, seed 1", "Evaluate hops nano rsft_hard, seed 1"} <= messages(finished)


def test_another_seed(finished: Path) -> None:
    change(finished, EXPERIMENTS, default__seeds=2)
    found = planned(finished)
    # a model has one base checkpoint, which all seeds share
    assert "train_base" not in found and found["evaluate_adapter"] == len(ARMS) - 1
    assert "sample_items" not in found and found["collect_runs"] == 1


def test_an_experiment_shares_the_runs_of_others_and_is_part_of_none(finished: Path) -> None:
    change(finished, EXPERIMENTS, grpo__models={"nano": [*ARMS, "grpo_hard"]})
    found = planned(finished, "grpo")
    # its parent, the longer SFT, is trained as well
    assert (found["train_adapter"], found["evaluate_adapter"], found["repeat_run"]) == (2, 1, 1)
    assert {"tabulate_claims", "tabulate_results", "tabulate_rewards"} <= set(found)
    assert not {"train_base", "render_post"} & set(found)
    assert "Train hops nano grpo_hard, seed 1" in messages(finished, "grpo")
    assert planned(finished) == {}


def test_an_experiment_may_ask_more_pools(finished: Path) -> None:
    change(
        finished, EXPERIMENTS,
        grpo__extra={"eval_hop6": 20, "eval_hop7": 10}, way_out__extra={}, positions__extra={},
    )  # fmt: skip
    found = planned(finished, "grpo")
    assert (found["sample_extra_items"], found["check_extra"]) == (2, 1)
    assert found["evaluate_extra"] == len(ARMS) and "train_adapter" not in found
    assert "Sample 10 items: hops eval_hop7" in messages(finished, "grpo")
    assert planned(finished) == {}


# --- released items -------------------------------------------------------------------------------


def released(finished: Path) -> Path:
    """The project with the items of an experiment released, and nothing of its runs."""
    fill(finished, "full", "release_full", "--config", "items=local")
    shutil.copytree(finished / "results/hops/full/collected", finished / "results/released/hops/full")
    shutil.rmtree(finished / "results/hops/full")
    shutil.rmtree(finished / "results/hops/runs")
    return finished


def test_released_items_are_source_files(finished: Path) -> None:
    """Nothing trains for them, whatever code changes; what is drawn from them follows."""
    folder = released(finished)
    edit(folder, "scripts/trap/platforms/torch/__init__.py")
    found = planned(folder, "full")
    assert {"tabulate_results", "tabulate_claims", "plot_figure", "render_post"} <= set(found)
    trains = {"train_base", "train_adapter", "evaluate_adapter", "collect_runs", "release_items"}
    assert not trains & set(found)
    assert planned(folder, "full", "--config", "items=local")["train_base"] == 1
