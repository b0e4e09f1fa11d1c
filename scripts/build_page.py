"""Build the interactive page of a study, a static folder: from claims, tables, stored answers and what the study adds.

    python scripts/build_page.py --config config/config.yaml --study NAME --experiment NAME --claims F/claims.json \\
        --tables F/tables --evidence F/collected --pools DATA/*.jsonl --figures F/figures --output F/page

`--evidence` holds runs.parquet, curves.parquet and episodes.parquet. `--models` names exported model files
(scripts/export_page_model.py) that lie in OUTPUT/models; without them a page that can run models says that it has none.
Any web server can serve the folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from trap.cli import run_main
from trap.files import InputError, read_json, read_text, replacing, write_text
from trap.models.page_header import read_header
from trap.report.post import render_markdown
from trap.site.assets import about_html, index_html, theme_css
from trap.site.episodes import pack, question_rows, read_episodes
from trap.site.files import source_files, tokenizer_of
from trap.site.numbers import curves, numbers, scoreboard
from trap.site.own import own_of
from trap.site.panels import read_panels
from trap.site.vocabulary import Vocabulary
from trap.studies.base import study_class
from trap.workflow.config import load_config

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 2.0  # all data files together, models not counted
HEADER = ("run_id", "model", "arm", "label", "seed", "contaminated", "sha256", "parameters")


def write_compact(path: Path, value: Any) -> int:
    """Write JSON without white space, atomically; its size in bytes."""
    data = msgspec.json.encode(value)
    with replacing(path) as partial:
        partial.write_bytes(data)
    return len(data)


def model_rows(paths: list[Path], output: Path) -> list[dict[str, Any]]:
    """What the page must know of each model before it loads one, with the file's address and bytes."""
    rows = []
    for path in paths:
        try:
            address = path.relative_to(output).as_posix()
        except ValueError:
            raise InputError(f"{path}: a model file must lie in {output}") from None
        header = read_header(path)
        tokenizer = tokenizer_of(path)
        if not tokenizer.is_file():
            raise InputError(f"{tokenizer}: no such file, which {path.name} needs")
        place = {"url": address, "tokenizer": tokenizer.relative_to(output).as_posix()}
        rows.append({key: header.get(key) for key in HEADER} | place | {"bytes": path.stat().st_size})
    return rows


def data_of(args: argparse.Namespace) -> dict[str, Any]:
    """The content of every data file by its name."""
    config = load_config(args.config)
    kind = study_class(args.study)
    panels, own = read_panels(args.source, args.study), own_of(args.study)
    claims = read_json(args.claims, list[dict[str, Any]])
    episodes = read_episodes(args.evidence)
    questions = own.questions(args.pools, question_rows(episodes))
    place = {(row["pool"], row["id"]): index for index, row in enumerate(questions)}
    says = own.site(claims, args.tables)
    titles = {name: getattr(model, "title", None) or name for name, model in config.models.items()}
    site = {
        "study": {
            "id": args.study,
            "experiment": args.experiment,
            "level_name": kind.level_name,
            "reasons": kind.answers_with_reasons,
            "answers": panels.answers,
        },
        **numbers(Vocabulary(kind, says), args.tables, args.evidence, titles=titles, own=says),
        "stored_seed": episodes["seed"][0] if episodes.height else None,
        "trained_models": model_rows(args.models, args.output),
    }
    found = {"site.json": site, "claims.json": scoreboard(claims), "questions.json": questions}
    found |= own.data(args.data, panels)
    for model in args.page_models or [entry["id"] for entry in site["models"]]:
        found[f"episodes.{model}.json"] = pack(episodes.filter(model=model), place)
        found[f"curves.{model}.json"] = curves(args.evidence, model)
    return found


def post_of(args: argparse.Namespace) -> str:
    """The post as Markdown; without a template, its title and one sentence."""
    if args.template and args.template.is_file():
        return render_markdown(
            args.template, args.claims, args.tables, args.figures, args.provenance, beside=args.output
        )
    name = args.study.replace("_", " ")
    return f"# {name}: {args.experiment}\n\nThe numbers, answers and logs of this experiment are in the other tabs.\n"


def build(args: argparse.Namespace) -> None:
    panels = read_panels(args.source, args.study)
    data = args.output / "data"
    total = sum(write_compact(data / name, value) for name, value in data_of(args).items())
    if total > args.limit_mb * 1e6:
        raise InputError(
            f"{data}: {total / 1e6:.2f} MB of data are over the limit of {args.limit_mb:g} MB (--limit-mb)"
        )
    for path in source_files(args.source, args.study):
        write_text(args.output / path, read_text(args.source / path))
    write_text(args.output / "theme.css", theme_css())
    post = post_of(args)
    title = post.splitlines()[0].removeprefix("# ")
    about = about_html(post, own_of(args.study).about, str(args.template))
    write_text(args.output / "index.html", index_html(args.source, panels, about, title))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=ROOT / "config/config.yaml", help="config.yaml")
    parser.add_argument("--study", required=True, help="name of the study")
    parser.add_argument("--experiment", default="", help="name of the experiment")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--evidence", type=Path, required=True, help="folder of runs, curves and episodes")
    parser.add_argument("--data", type=Path, help="folder of the study's data (default: results/STUDY/data)")
    parser.add_argument("--pools", nargs="*", type=Path, default=[], help="pools, POOL.jsonl")
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="folders of the post's figures")
    parser.add_argument("--provenance", type=Path, help="provenance.json")
    parser.add_argument(
        "--page-models", nargs="*", help="models with data files of their own (default: those of the runs)"
    )
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="model files in OUTPUT/models")
    parser.add_argument("--source", type=Path, default=ROOT / "page", help="the page's source")
    parser.add_argument(
        "--template", type=Path, help="template of the post (default: report/STUDY/post.md.j2)"
    )
    parser.add_argument(
        "--limit-mb", type=float, default=LIMIT_MB, help="refuse more data than this (10^6 bytes)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    args = parser.parse_args(argv)
    args.data = args.data or Path("results") / args.study / "data"
    args.template = args.template or ROOT / "report" / args.study / "post.md.j2"
    return run_main(lambda: build(args))


if __name__ == "__main__":
    sys.exit(main())
