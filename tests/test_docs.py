"""The documents say what is there: files, commands, keys, rules and their arrows, and a study shown whole.

`PYTHONPATH=scripts python tests/test_docs.py` writes the files of the little study into
docs/add_a_study.md and the published numbers into the README anew.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml

from trap.analysis import claim_specs
from trap.workflow import config
from trap.workflow.config import load_config, parse_config
from trap.workflow.plan import Plan
from trap.workflow.registry import members
from trap.workflow.sheet import ARM_COLUMNS, ROLES, load_arms
from whole_runs import snakemake

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS]}
LITTLE = ROOT / "tests/data/little_study"
SHOWN = ROOT / "docs/add_a_study.md"
LANGUAGES = {".py": "python", ".yaml": "yaml", ".tsv": "tsv"}
# what is made, given by the reader, or stands for a name
NOT_HERE = re.compile(
    r"results/(?!released|README)|NAME|STUDY|EXPERIMENT|TASK|CUT|SCENE|\*|^path/to/|sums_of_many"
)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def document(name: str) -> str:
    return TEXTS[name]


# --- links and paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    folder = ROOT if name == "README.md" else ROOT / "docs"
    targets = re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", TEXTS[name])
    targets += [(path, "") for path in re.findall(r'(?:src|srcset)="([^"]+)"', TEXTS[name])]
    for path, anchor in targets:
        if "://" in path or NOT_HERE.search(path):
            continue
        file = (folder / path).resolve() if path else folder / name
        assert file.exists(), f"{name}: {path}"
        if anchor and file.suffix == ".md":
            assert anchor[1:] in anchors(file.read_text(encoding="utf-8")), f"{name}: {path}{anchor}"


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as the usual renderers of Markdown write them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_paths_exist(name):
    prose = re.sub(r"^```.*?^```", "", TEXTS[name], flags=re.DOTALL | re.MULTILINE)
    pattern = r"(?<![\w/.])(?:scripts|config|rules|tests|requirements|report|page|video|profiles|docs)/[\w./*-]*\w/?"
    for path in re.findall(pattern, prose):
        own = LITTLE / path.removeprefix("tests/data/little_study/")
        if NOT_HERE.search(path) or own.exists() or path.startswith("video/facts"):
            continue
        candidates = [ROOT / path, ROOT / f"{path}.py", ROOT / path.rstrip("/")]
        # files that an experiment's folder has under these names
        assert any(file.exists() for file in candidates) or path.startswith("video/narration"), (
            f"{name}: {path}"
        )


# --- commands -------------------------------------------------------------------------------------------------


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+(?: [a-z-]+)*):(?!=)(.*)$", text, re.MULTILINE)
    return {name for names, rest in found if "## " in rest for name in names.split()}


@pytest.mark.parametrize("name", TEXTS)
def test_make_targets_exist(name):
    named = re.findall(r"(?:`|^)make ((?:[a-z-]+ ?)+)", TEXTS[name], re.MULTILINE)
    assert {target for text in named for target in text.split()} <= make_targets() | {"and", "make"}


def test_every_make_target_is_named():
    assert make_targets() == set(re.findall(r"^\| `make ([a-z-]+)", document("commands.md"), re.MULTILINE))


def test_every_target_of_snakemake_is_named():
    rows = document("commands.md").split("## snakemake")[1].split("Any file is")[0]
    named = set(re.findall(r"`(\w+)`", rows))
    settings = load_config(ROOT / "config/config.yaml")
    assert rules()[1] | set(settings.studies[settings.study].experiments) <= named


@pytest.mark.parametrize("name", TEXTS)
def test_programs_know_their_options(name):
    found = re.findall(r"python (scripts/\w+\.py)([^`\n|]*)", TEXTS[name])
    for program, arguments in found:
        known = (ROOT / program).read_text(encoding="utf-8")
        for option in re.findall(r"--[a-z-]+", arguments):  # some programs add options from a list of names
            assert f'"{option}"' in known or f'"{option[2:]}"' in known, f"{name}: {program} {option}"


# --- the diagram ----------------------------------------------------------------------------------------------


def diagram() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(solid, dashed) arrows of the diagram as (from, to)."""
    arrows: dict[str, set[tuple[str, str]]] = {"-->": set(), "-.->": set()}
    for line in blocks(document("how_it_works.md"), "mermaid")[0].splitlines()[1:]:
        left, arrow, right = re.fullmatch(r"\s*(.+?) (-->|-\.->)(?:\|[^|]*\|)? (.+)", line).groups()
        arrows[arrow] |= {(a, b) for a in left.split(" & ") for b in right.split(" & ")}
    return arrows["-->"], arrows["-.->"]


def rules() -> tuple[set[str], set[str]]:
    """(rules that make files, named targets), as written in the rule files: of all studies, and of the main one.

    The rules that another study brings are its own affair: it needs no line in the documents of the house.
    """
    working, targets = set(), set()
    main = load_config(ROOT / "config/config.yaml").study
    for path in [
        ROOT / "Snakefile",
        *(ROOT / "rules").glob("*.smk"),
        *(ROOT / "scripts/trap/studies" / main).glob("*.smk"),
    ]:
        parts = re.split(
            r"^ *(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:$", path.read_text(), flags=re.MULTILINE
        )
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            (working if re.search(r"^ +output:", body, re.MULTILINE) else targets).add(name)
    return working, targets


def test_the_diagram_names_every_rule_and_no_other():
    solid, dashed = diagram()
    assert {name for arrow in solid | dashed for name in arrow} == rules()[0]


@pytest.mark.slow
def test_the_diagram_agrees_with_the_rule_graph(tmp_path):
    # of a clone in which nothing was made, whatever was made here
    folder = tmp_path / "project"
    (folder / "results").mkdir(parents=True)
    for name in (
        "Snakefile", "rules", "scripts", "config", "profiles", "report", "page", "video", "results/released",
    ):  # fmt: skip
        (folder / name).symlink_to(ROOT / name)
    told = snakemake(folder, "--rulegraph")
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', told))
    graph = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", told)}
    graph = {arrow for arrow in graph if "all" not in arrow}
    solid, dashed = diagram()
    assert solid <= graph
    reachable = solid | dashed
    while more := {(a, d) for a, b in reachable for c, d in reachable if b == c} - reachable:
        reachable |= more
    assert graph <= reachable


# --- the settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        config.Config,
        config.Model,
        config.Chat,
        config.StudyConfig,
        config.Hyper,
        config.Grpo,
        config.Search,
        config.Experiment,
        claim_specs.ClaimsFile,
        claim_specs.ClaimSpec,
        claim_specs.Contrast,
        claim_specs.Dose,
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_key_is_explained(kind):
    text = document("configuration.md")
    assert not [name for name in kind.__struct_fields__ if f"`{name}`" not in text]


def test_every_column_method_and_role_of_a_sheet_is_explained():
    text = document("configuration.md")
    named = {*ARM_COLUMNS, *ROLES, *members("method"), *members("platform")}
    assert not [name for name in sorted(named) if f"`{name}`" not in text]


def test_no_key_is_explained_that_is_none():
    """The first cells of the tables of settings are keys."""
    text = document("configuration.md").split("## config/config.yaml")[1].split("### Methods")[0]
    kinds = (config.Config, config.Model, config.StudyConfig, config.Hyper, config.Grpo, config.Experiment)
    known = {*ARM_COLUMNS, *(name for kind in kinds for name in kind.__struct_fields__)}
    cells = re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} <= known


def test_the_defaults_of_hyperparameters_are_those_of_the_code():
    text = document("configuration.md")
    hyper = config.Hyper(learning_rate=1.0, max_steps=1)
    for name in (
        "max_length",
        "max_completion_length",
        "lora_r",
        "lora_alpha",
        "num_generations",
        "warmup_ratio",
        "probes",
        "batch_size",
    ):
        row = re.search(rf"^\| [^|]*`{name}`[^|]*\| ([^|]*) \|", text, re.MULTILINE)[1]
        assert f"{getattr(hyper, name):g}" in row.replace(",", " ").split(), name


def test_the_torch_version_is_the_required_one():
    version = re.search(r"torch==[\d.]+", (ROOT / "requirements/paper.txt").read_text())[0]
    assert {found for text in TEXTS.values() for found in re.findall(r"torch==[\d.]+", text)} == {version}


def test_a_task_of_reasoning_gym_needs_only_what_is_shown(tmp_path, monkeypatch):
    study, experiments = blocks(document("reasoning_gym.md"), "yaml")
    (tmp_path / "config/sums_of_many").mkdir(parents=True)
    (tmp_path / "config/sums_of_many/study.yaml").write_text(study)
    (tmp_path / "config/sums_of_many/experiments.yaml").write_text(experiments)
    (tmp_path / "config/reasoning_gym").symlink_to(ROOT / "config/reasoning_gym")
    monkeypatch.chdir(tmp_path)
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    settings = {**settings, "study": "sums_of_many", "studies": {"sums_of_many": {}}}
    plan = Plan.of(parse_config(settings), "sums_of_many")
    assert plan.runs("default")
    claims = claim_specs.load_claims(plan.settings.claims, plan.kind)
    assert {one.name for one in claims.contrasts} >= {"trap", "contamination"}
    msgspec.convert(plan.settings.options, plan.kind.Options)


# --- a study shown whole --------------------------------------------------------------------------------------


def with_files(text: str) -> str:
    """The document with each block that a heading or the settings introduce replaced by the file."""
    for path in sorted(LITTLE.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        name, language = path.relative_to(LITTLE).as_posix(), LANGUAGES[path.suffix]
        head = rf"^## .*{re.escape(name)}\n" if "/" in name else r"^## Run it\n"
        pattern = re.compile(rf"({head}.*?^```{language}\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)
        assert pattern.search(text), f"{SHOWN.name}: no block of {name}"
        content = path.read_text(encoding="utf-8")
        text = pattern.sub(lambda found, content=content: found[1] + content + found[3], text, count=1)
    return text


def test_the_study_is_shown_as_it_is():
    text = SHOWN.read_text(encoding="utf-8")
    assert text == with_files(text), "PYTHONPATH=scripts python tests/test_docs.py writes it anew"


# --- the README -----------------------------------------------------------------------------------------------


def test_the_readme_is_short():
    assert len(document("README.md").splitlines()) <= 160


LEDGER = ROOT / "docs/hops/full/claims.json"
QUOTED = re.compile(r"<!-- (\w+) -->([^\[<]*\[[^\]]*\])")
# what the words around the numbers say: claims, and the verdicts with which they hold
SAID = {
    "contamination_nano": ("reproduced",),
    "contamination_nano_able": ("reproduced",),
    "trap_nano": ("not reproduced", "inconclusive"),
    "trap_nano_able": ("not reproduced",),
    "matching_true_nano_able": ("reproduced",),
    "B2_knowledge_easy_smollm": ("inconclusive",),
    "B9_smollm": ("inconclusive",),
}


def quoted(claim: dict) -> str:
    """`+27.9 [24.8, 31.3]` of a difference, `16 % [13, 19]` of a share."""
    share = claim["unit"] == "share"
    few = share and claim["high"] < 0.0995
    numbers = [f"{100 * claim[key] + 0.0:.{int(few or not share)}f}" for key in ("value", "low", "high")]
    value, low, high = (re.sub(r"^-(?=[0.]*$)", "", number) for number in numbers)
    low = "0" if claim["low"] == 0 and share else low
    sign = "" if share or value.startswith("-") else "+"
    return f"{sign}{value}{' %' if share else ''} [{low}, {high}]".replace("-", "−")


def with_numbers(text: str) -> str:
    """The README with its quoted numbers as the published ledger has them."""
    ledger = {row["id"]: row for row in json.loads(LEDGER.read_text(encoding="utf-8"))}
    return QUOTED.sub(lambda found: f"<!-- {found[1]} -->{quoted(ledger[found[1]])}", text)


def test_the_numbers_of_the_readme_are_those_of_the_ledger():
    text = document("README.md")
    assert len(QUOTED.findall(text)) >= 8 and set(SAID) <= {name for name, _ in QUOTED.findall(text)}
    assert text == with_numbers(text), "PYTHONPATH=scripts python tests/test_docs.py writes them anew"


def test_the_words_of_the_readme_are_those_of_the_ledger():
    ledger = {row["id"]: row for row in json.loads(LEDGER.read_text(encoding="utf-8"))}
    # "a loss of three points lies outside both intervals"
    assert all(ledger[name]["low"] > -0.03 for name in ("trap_nano", "trap_nano_able"))
    fresh = ledger["B9_smollm"]["also"]["on_fresh_questions"]  # "and nothing on fresh ones"
    assert fresh["low"] < 0 < fresh["high"] < ledger["B9_smollm"]["low"]
    assert ledger["matching_true_nano"]["high"] < ledger["matching_true_nano_able"]["low"]
    assert {
        name: ledger[name]["verdict"]
        for name, verdicts in SAID.items()
        if ledger[name]["verdict"] not in verdicts
    } == {}


def test_the_words_about_other_tasks_are_those_of_their_ledgers():
    words, letters = (
        {row["id"]: row for row in json.loads((ROOT / f"docs/{task}/default/claims.json").read_text())}
        for task in ("spell_backward", "letter_counting")
    )
    assert words["matching"]["verdict"] == "reproduced" and letters["matching"]["low"] <= 0
    assert letters["contamination"]["low"] > words["contamination"]["high"]


def test_numbers_are_quoted_with_their_unit_and_sign():
    share = {"unit": "share", "value": 0.163, "low": 0.13, "high": 0.19}
    assert quoted(share) == "16 % [13, 19]"
    assert quoted(share | {"value": 0.003, "low": 0.0, "high": 0.009}) == "0.3 % [0, 0.9]"
    assert quoted({"unit": "points", "value": -0.005, "low": -0.024, "high": 0.014}) == "−0.5 [−2.4, 1.4]"
    assert quoted({"unit": "points", "value": 0.016, "low": -0.0001, "high": 0.035}) == "+1.6 [0.0, 3.5]"


def test_the_map_exists():
    for line in blocks(document("README.md"), "text")[0].splitlines():
        name, says = re.fullmatch(r"(\S+) {2,}(\S.*)", line).groups()
        path = ROOT / name
        assert says and (path.is_dir() if name.endswith("/") else path.is_file()), line


def test_every_folder_is_on_the_map():
    made = {"results"}
    shown = {line.split("/")[0].split()[0] for line in blocks(document("README.md"), "text")[0].splitlines()}
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    folders = {path.split("/")[0] for path in done if "/" in path and not path.startswith(".")}
    assert folders - made <= shown


def test_the_example_row_is_a_valid_arm(tmp_path):
    settings = load_config(ROOT / "config/config.yaml")
    sheet = tmp_path / "arms.tsv"
    rows = (ROOT / "config/hops/arms.tsv").read_text().rstrip("\n")
    sheet.write_text(f"{rows}\n{blocks(document('README.md'), 'tsv')[0]}")
    arm = list(load_arms(sheet, Plan.of(settings, "hops").kind).values())[-1]
    assert arm.hyper in settings.studies["hops"].hyper and f"/{arm.arm}/" in document("README.md")


def test_commands_in_the_documents_can_be_read_by_a_shell():
    for text in TEXTS.values():
        for block in blocks(text, "sh"):
            for line in block.splitlines():
                shlex.split(line, comments=True)


if __name__ == "__main__":
    (ROOT / "README.md").write_text(with_numbers(TEXTS["README.md"]), encoding="utf-8")
    SHOWN.write_text(with_files(SHOWN.read_text(encoding="utf-8")), encoding="utf-8")
