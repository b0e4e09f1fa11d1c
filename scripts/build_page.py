"""Build the interactive page of an experiment, a static folder, from claims, tables, answers and the study's own panels.

    python scripts/build_page.py --config config/config.yaml --study NAME --experiment NAME --claims F/claims.json \\
        --tables F/tables --evidence F/collected --post F/report/post.md --output F/page

`--evidence` holds runs.parquet, curves.parquet and episodes.parquet. `--models` names model files in OUTPUT/models that
scripts/export_page_model.py wrote; without them, a page that can run models says that it has none. `--beside` names
folders of evidence of other experiments whose stored answers are shown too. Any web server can serve the folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from trap.cli import run_main
from trap.figures.estimates import Evidence
from trap.figures.opening import model_titles, module_of, open_evidence
from trap.files import InputError, read_text, replacing, write_text
from trap.models.page_header import read_header
from trap.models.released_weights import tokenizer_of
from trap.site.assets import about_html, index_html, lean, theme_css
from trap.site.beside import read_beside
from trap.site.dial import dial
from trap.site.episodes import ASKED, pack, question_rows, read_episodes
from trap.site.files import source_files
from trap.site.links import POST, PREVIEW, read_links
from trap.site.numbers import curves, numbers, scoreboard
from trap.site.own import Own, own_of
from trap.site.panels import Panels, read_panels
from trap.site.terms import glossary
from trap.site.vocabulary import Vocabulary
from trap.studies.base import study_class
from trap.workflow.config import load_config
from trap.workflow.opening import data_folder, study_settings

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 3.0  # of all data files together, without models; a model's files load when it is looked at
HEADER = ("run_id", "model", "arm", "label", "seed", "contaminated", "sha256", "parameters")


def write_compact(path: Path, value: Any) -> int:
    """Write JSON without white space and return its size in bytes. The file appears only when it is complete."""
    data = msgspec.json.encode(value)
    with replacing(path) as partial:
        partial.write_bytes(data)
    return len(data)


def model_rows(paths: list[Path], output: Path, evidence: Evidence) -> list[dict[str, Any]]:
    """The entry of each model file in site.json: parts of its header, titles, its address and its size in bytes.

    Raises InputError for a file outside OUTPUT or without its tokenizer.
    """
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
        names = {
            "title": evidence.title(str(header.get("model")))
        }  # an arm's label may be newer than its run
        if header.get("arm") in evidence.arms:
            names["label"] = evidence.fact(header["arm"]).label
        told = {key: header.get(key) for key in HEADER} | names
        rows.append(told | place | {"bytes": path.stat().st_size})
    return rows


def data_of(args: argparse.Namespace, module: str, panels: Panels, own: Own) -> dict[str, Any]:
    """{name of a data file: its content}."""
    kind, config = study_class(module), load_config(args.config)
    evidence = open_evidence(config, args.study, args.experiment, args.claims, args.tables, args.evidence)
    episodes = read_episodes(args.evidence)
    beside = read_beside(args.beside, study_settings(config, args.study), args.study, model_titles(config))
    answered = pl.concat(table.select(ASKED) for table in (episodes, *(other.answers for other in beside)))
    questions = own.questions(args.pools, question_rows(answered))
    place = {(row["pool"], row["id"]): index for index, row in enumerate(questions)}
    site = {
        "study": {
            "id": args.study,
            "experiment": args.experiment,
            "level_name": evidence.level_name,
            "reasons": kind.answers_with_reasons,
            "answers": panels.answers,
        },
        **numbers(evidence, Vocabulary(kind, own.words), own.words),
        "finding": own.finding(evidence),
        "stored_seed": episodes["seed"][0] if episodes.height else None,
        "beside": [other.entry for other in beside],
        "trained_models": model_rows(args.models, args.output, evidence),
    }
    site["dial"] = dial(evidence, args.evidence / "items.parquet", own.words.get("published_labels", {}))
    claims = scoreboard(evidence)
    found = {
        "site.json": site,
        "claims.json": claims,
        "questions.json": questions,
        "glossary.json": glossary(read_text(args.glossary), str(args.glossary))
        if args.glossary.is_file()
        else {},
        **own.data(args.data, panels, args.pools, episodes),
    }
    for entry in site["models"]:
        found[f"episodes.{entry['id']}.json"] = pack(episodes.filter(model=entry["id"]), place)
        found[f"curves.{entry['id']}.json"] = curves(evidence, entry["id"])
    for other in beside:
        found[f"episodes.{other.entry['id']}.json"] = pack(other.answers, place)
    return found


def post_of(args: argparse.Namespace) -> str:
    """The posts as Markdown, one after the other; without a post, a title and one sentence."""
    if args.post:
        return "\n".join(map(read_text, args.post))
    name = args.study.replace("_", " ")
    return f"# {name}: {args.experiment}\n\nThe other tabs hold the numbers, the answers and the logs of this experiment.\n"


def build(args: argparse.Namespace) -> None:
    """Write the page. Raises InputError if the data files are larger than the limit."""
    module = module_of(study_settings(load_config(args.config), args.study), args.study)
    panels, own = read_panels(args.source, module), own_of(module)
    links = read_links(args.links)
    data, files = args.output / "data", data_of(args, module, panels, own)
    total = sum(write_compact(data / name, value) for name, value in files.items())
    if total > args.limit_mb * 1e6:
        raise InputError(
            f"{data}: {total / 1e6:.2f} MB of data are over the limit of {args.limit_mb:g} MB (--limit-mb)"
        )
    for path in source_files(args.source, module):
        text = read_text(args.source / path)
        write_text(args.output / path, lean(text) if path.suffix in (".js", ".css") else text)
    write_text(args.output / "theme.css", theme_css())
    post = post_of(args)
    title = post.splitlines()[0].removeprefix("# ")
    about = about_html(post, own.about, ", ".join(map(str, args.post)))
    beside = [(path, path.name) for path in args.post_html]
    for path, name in [*beside, *([(args.preview, PREVIEW)] if args.preview else [])]:
        with replacing(args.output / name) as partial:
            shutil.copyfile(path, partial)
    story = files["site.json"]["story"]
    head = {
        "finding": " ".join(files["site.json"]["finding"]) or title,
        "links": links.shown(post=POST in [path.name for path in args.post_html]),
        "address": links.address,
        "preview": links.preview() if args.preview else "",
        "preview_alt": story["title"] if story else title,
    }
    write_text(args.output / "index.html", index_html(args.source, panels, about, title, **head))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=ROOT / "config/config.yaml", help="config.yaml")
    parser.add_argument("--study", required=True, help="name of the study")
    parser.add_argument("--experiment", required=True, help="name of the experiment")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--evidence", type=Path, required=True, help="folder of runs, curves and episodes")
    parser.add_argument("--data", type=Path, help="folder of the study's data (default: results/STUDY/data)")
    parser.add_argument(
        "--pools", nargs="*", type=Path, help="pools, POOL.jsonl (default: all in the data folder)"
    )
    parser.add_argument(
        "--post", nargs="*", type=Path, default=[], help="the posts, rendered, the front page first: post.md"
    )
    parser.add_argument(
        "--post-html",
        nargs="*",
        type=Path,
        default=[],
        help="the posts as HTML files, to lie beside the page",
    )
    parser.add_argument("--preview", type=Path, help="a PNG that a preview of the page shows")
    parser.add_argument(
        "--links",
        type=Path,
        default=ROOT / "config/page.yaml",
        help="what the page links, if there is such a file",
    )
    parser.add_argument(
        "--glossary",
        type=Path,
        default=ROOT / "docs/glossary.md",
        help="what the words of the page mean, if there is such a file",
    )
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="model files in OUTPUT/models")
    parser.add_argument(
        "--beside", nargs="*", type=Path, default=[], metavar="FOLDER", help="evidence of other experiments"
    )
    parser.add_argument("--source", type=Path, default=ROOT / "page", help="the page's source")
    parser.add_argument(
        "--limit-mb", type=float, default=LIMIT_MB, help="refuse more data than this (10^6 bytes)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    args = parser.parse_args(argv)
    args.data = args.data or data_folder(args.study)
    args.pools = args.pools or sorted(args.data.glob("*.jsonl"))
    return run_main(lambda: build(args))


if __name__ == "__main__":
    sys.exit(main())
