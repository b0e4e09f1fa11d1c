"""Build the interactive page, a static folder: from claims, tables, stored episodes, pools and the graph.

    python scripts/build_page.py --claims results/claims.json --tables results/tables --graph results/hops/data/kg.json \\
        --pools results/hops/data/*.jsonl --figures results/figures --output results/page

`--models` names exported model files (scripts/export_page_model.py) that lie in OUTPUT/models; without them the page
says that it has no model to run. Any web server can serve the folder.
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
from trap.site.episodes import pack, question_row, read_episodes, read_questions
from trap.site.files import source_files, tokenizer_of
from trap.site.numbers import curves, numbers, scoreboard
from trap.studies.hops.analysis.layout import whole_graph
from trap.studies.hops.graph import Graph, load_graph

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 2.0  # all data files together, models not counted
HEADER = ("run_id", "model", "arm", "label", "seed", "contaminated", "sha256", "parameters")


def write_compact(path: Path, value: Any) -> int:
    """Write JSON without white space, atomically; its size in bytes."""
    data = msgspec.json.encode(value)
    with replacing(path) as partial:
        partial.write_bytes(data)
    return len(data)


def graph_file(graph: Graph) -> dict[str, Any]:
    """kg.json with every entity's place on the map: what the engine reads, and x, y."""
    places = whole_graph(graph)
    file = msgspec.to_builtins(graph.file)
    for entity in file["entities"]:
        entity["x"], entity["y"] = places[entity["id"]]
    return file


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


def build(args: argparse.Namespace) -> None:
    claims = read_json(args.claims, list[dict[str, Any]])
    episodes = read_episodes(args.tables)
    keys = set(episodes.select("pool", "id").unique().iter_rows())
    questions = read_questions(args.pools, keys)
    place = {(pool, question.id): index for index, (pool, question) in enumerate(questions)}
    site = numbers(claims, args.tables)
    site["stored_seed"] = episodes["seed"][0] if episodes.height else None
    site["trained_models"] = model_rows(args.models, args.output)
    data = args.output / "data"
    sizes = [
        write_compact(data / "site.json", site),
        write_compact(data / "claims.json", scoreboard(claims)),
        write_compact(data / "graph.json", graph_file(load_graph(args.graph))),
        write_compact(
            data / "questions.json", [question_row(question, pool) for pool, question in questions]
        ),
    ]
    for model in args.study_models or [entry["id"] for entry in site["models"]]:
        rows = episodes.filter(episodes["model"] == model)
        sizes.append(write_compact(data / f"episodes.{model}.json", pack(rows, place)))
        sizes.append(write_compact(data / f"curves.{model}.json", curves(args.tables, model)))
    if sum(sizes) > args.limit_mb * 1e6:
        raise InputError(
            f"{data}: {sum(sizes) / 1e6:.2f} MB of data are over the limit of {args.limit_mb:g} MB (--limit-mb)"
        )
    for path in source_files(args.source):
        write_text(args.output / path, read_text(args.source / path))
    write_text(args.output / "theme.css", theme_css())
    post = render_markdown(
        args.template, args.claims, args.tables, args.figures, args.provenance, beside=args.output
    )
    title = post.splitlines()[0].removeprefix("# ")
    write_text(args.output / "index.html", index_html(args.source, about_html(post), title))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--graph", type=Path, required=True, help="kg.json")
    parser.add_argument("--pools", nargs="+", type=Path, required=True, help="question pools, POOL.jsonl")
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="folders of the figures")
    parser.add_argument("--provenance", type=Path, help="provenance.json")
    parser.add_argument(
        "--study-models", nargs="*", help="models with data files of their own (default: those of the tables)"
    )
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="model files in OUTPUT/models")
    parser.add_argument("--source", type=Path, default=ROOT / "page", help="the page's source")
    parser.add_argument(
        "--template", type=Path, default=ROOT / "report/post.md.j2", help="template of the post"
    )
    parser.add_argument(
        "--limit-mb", type=float, default=LIMIT_MB, help="refuse more data than this (10^6 bytes)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    args = parser.parse_args(argv)
    return run_main(lambda: build(args))


if __name__ == "__main__":
    sys.exit(main())
