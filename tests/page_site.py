"""What the tests of the page share: a page built from invented tables and a tiny trained model's real answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import polars as pl

import build_page
import export_page_model
import made_up_evidence
import tiny_models as tiny
from page_engine import rounded, write_run
from trap.analysis.episodes import collect_episodes
from trap.files import read_json, write_json, write_jsonl, write_text
from trap.methods.rsft import select
from trap.models.released_weights import tokenizer_of
from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
from trap.platforms import Example, Fit
from trap.platforms.torch import TorchModel, create, load
from trap.platforms.torch.decoder import nano_config
from trap.studies.base import load_study
from trap.studies.hops import facts
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import GraphFile, Question
from trap.studies.hops.study import Study

EVALUATED, PROMPTED, SAMPLES = 20, 5, 4
POOLS = {"hard": 60, "eval_hard": EVALUATED, "eval_easy": EVALUATED}
REJECTION = SimpleNamespace(reward="v1", selection="best", min_reward=0.0, top=1)
POST = "# A title\n\nAn opening <img src=x onerror=alert(1)>.\n\n## What was claimed\n\nThis.\n\n## How this test works\n\nSo.\n\n## More\n\nMore.\n"
# Names that would become markup, close an attribute or run, were they ever read as anything but text.
HOSTILE = ("<script>alert(1)</script>", '"onload="alert(1)', "<img src=x onerror=alert(1)>", "'&amp;{{7*7}}")


def hostile_graph(file: GraphFile) -> GraphFile:
    """The graph with every fourth entity and one relation's label renamed to something that looks like markup."""
    chosen = [entity.id for entity in file.entities[::4]]
    names = {name: f"{name} {HOSTILE[i % len(HOSTILE)]}" for i, name in enumerate(chosen)}
    told = msgspec.to_builtins(file)
    for entity in told["entities"]:
        entity["id"] = names.get(entity["id"], entity["id"])
    for edge in told["edges"]:
        edge |= {end: names.get(edge[end], edge[end]) for end in ("src", "dst")}
    return msgspec.convert(told, GraphFile)


def write_pools(graph: Graph, folder: Path) -> dict[str, list[Question]]:
    maker = QuestionMaker(graph, seed=3)
    pools = {name: list(maker.questions(name, count)) for name, count in POOLS.items()}
    for name, questions in pools.items():
        write_jsonl(folder / f"{name}.jsonl", questions)
    return pools


def trained_chain(folder: Path, graph: Graph, questions: list[Question]) -> list[Path]:
    """A model of a few thousand weights that writes traces of a kind, and a LoRA run on it."""
    tokenizer = build_tokenizer(facts.words(graph), facts.phrases(graph))
    config = nano_config(
        vocab_size=tokenizer.get_vocab_size(), hidden=32, layers=2, heads=2, kv_heads=1, intermediate=48, rope=[1, 0],
        theta=10000.0, eos=tokenizer.token_to_id(EOS), pad=tokenizer.token_to_id(PAD),
    )  # fmt: skip
    examples = [Example(question.prompt, question.ref.trace) for question in questions]
    model: TorchModel = create(config, tokenizer, 1, "cpu")
    model.fit(examples, Fit(max_steps=90, batch_size=16, learning_rate=1e-2, tune="full"), 1, tiny.ignore)
    base = folder / "base/s1/adapter"
    model.save(base)
    write_tokenizer_config(base)
    _write_run(base, "base")
    tuned = load([base], "cpu")
    tuned.fit(
        examples, Fit(max_steps=6, batch_size=8, learning_rate=1e-2, lora_r=4, lora_alpha=8), 1, tiny.ignore
    )
    adapter = folder / "rsft_hard/s1/adapter"
    tuned.save(adapter)
    _write_run(adapter, "rsft_hard", base)
    return [base, adapter]


def _write_run(adapter: Path, arm: str, parent: Path | None = None) -> None:
    write_run(adapter, arm, parent)
    _write_meta(adapter.parent, arm, read_json(adapter.parent / "meta.json", dict))


def _write_meta(run: Path, arm: str, told: dict[str, Any] | None = None) -> None:
    owner = {"study": "hops", "platform": "torch", "model": "nano", "arm": arm, "seed": 1}
    write_json(run / "meta.json", (told or {}) | owner)


def answers(chain: list[Path], run: Path, study: Study, pools: dict[str, list[Question]]) -> None:
    """Answers of a run, graded, in its folder as training and evaluation write them.

    With a chain, the model's own; without one, references of other questions of the same pool.
    """
    model = rounded(chain) if chain else None

    def asked(questions: list[Question], k: int, temperature: float) -> list[list[str]]:
        if model is None:
            others = [question.ref.trace for question in questions]
            return [[others[i - j] for j in range(k)] for i in range(len(others))]
        prompts = [question.prompt for question in questions]
        return model.sample(
            prompts,
            num_generations=k,
            temperature=temperature,
            max_completion_length=64,
            keys=range(len(prompts)),
        )

    evaluated = [*pools["eval_easy"], *pools["eval_hard"]]
    write_jsonl(run / "episodes.jsonl", (
        study.episode(q, text, study.score(q, text), phase="eval", step=0)
        for q, (text,) in zip(evaluated, asked(evaluated, 1, 0.0), strict=True)
    ))  # fmt: skip
    if run.parent.name == "base":
        return
    prompts, rows = pools["hard"][:PROMPTED], []
    for question, texts in zip(prompts, asked(prompts, SAMPLES, 1.0), strict=True):
        graded = [(text, study.score(question, text)) for text in texts]
        kept = select(study, question, graded, REJECTION, REJECTION)
        rows += [
            study.episode(question, text, grade, phase="rsft", step=0, kept=i in kept)
            for i, (text, grade) in enumerate(graded)
        ]
    write_jsonl(run / "rollouts.jsonl", rows)


def write_tables(folder: Path, episodes: pl.DataFrame) -> Path:
    """Invented evidence, with real answers beside it."""
    evidence = made_up_evidence.write(folder)
    tables = evidence / "tables"
    shown = {"parent": "base", "method": "rsft", "pool": "hard", "mixture": "", "reward": "v1", "selection": "best", "rounds": 1,
             "k": SAMPLES, "steps": 6, "n_train": PROMPTED, "prompts": PROMPTED, "winners": PROMPTED}  # fmt: skip
    pl.DataFrame([
        {"model": model, "arm": arm, "seed": seed, "contaminated": arm in made_up_evidence.CONTAMINATED, **shown}
        for model in made_up_evidence.MODELS for arm in made_up_evidence.ARMS for seed in (1, 2)
    ]).write_parquet(tables / "runs.parquet")  # fmt: skip
    contrast = {
        "name": "trap", "model": "nano", "arm": "rsft_easy", "minus": "sft_more", "pool": "eval_hard", "metric": "accuracy",
        "value": 0.01, "low": -0.01, "high": 0.03, "n": 1000, "seeds": 3, "p_holm": 0.5, "margin": 0.03, "room": "", "detectable": 0.05, "statement": "made up",
    }  # fmt: skip
    pl.DataFrame([contrast]).write_parquet(tables / "contrasts.parquet")
    curves = pl.read_parquet(tables / "curves.parquet")
    if "n" not in curves.columns:
        curves.with_columns(n=pl.lit(300)).write_parquet(tables / "curves.parquet")
    episodes.write_parquet(tables / "episodes.parquet")
    doses = pl.read_parquet(tables / "doses.parquet")
    doses.with_columns(x_label=pl.col("family")).write_parquet(tables / "doses.parquet")
    return evidence


def write_items(path: Path) -> None:
    """Invented items of the arms that the dial draws from: whether an answer is right hangs on arm, seed and question."""
    rows = [
        {"model": model, "arm": arm, "pool": pool, "seed": seed, "id": f"{pool}_{i:06}", "correct": (i * i + 7 * seed + k) % (3 + k) == 0}
        for model in ("nano", "nano_able") for k, arm in enumerate(("sft", "rsft_easy", "rsft_hard", "base"))
        for pool in ("eval_hard", "eval_easy") for seed in (1, 2, 3) for i in range(130, 0, -1)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(path)


def build(folder: Path, file: GraphFile, *, models: bool) -> Path:
    """A whole page in `folder/page`; `folder/tables` holds what it was built from."""
    write_json(folder / "kg.json", file)
    graph, study = load_graph(folder / "kg.json"), load_study("hops", {}, folder)
    pools = write_pools(graph, folder)
    chain = trained_chain(folder / "runs", graph, pools["hard"]) if models else []
    page, runs, exported = folder / "page", [], []
    for number, arm in enumerate(("base", "rsft_hard"), start=1):
        runs.append(folder / f"runs/{arm}/s1")
        if not chain:
            _write_meta(runs[-1], arm)
        answers(chain[:number], runs[-1], study, pools)
        if chain:
            exported.append(page / f"models/nano.{arm}.bin")
            arguments = ["--output", exported[-1], "--tokenizer", tokenizer_of(exported[-1])]
            assert export_page_model.main(["--lineage", *map(str, chain[:number]), *map(str, arguments)]) == 0
    evidence = write_tables(folder, collect_episodes(runs, Study))
    write_items(evidence / "tables/items.parquet")
    return build_from(
        folder, evidence, exported, ["--pools", *(str(folder / f"{name}.jsonl") for name in POOLS)]
    )


def build_from(folder: Path, evidence: Path, models: list[Path], more: list[str]) -> Path:
    """A page from evidence and model files in `folder/page`, with a post; `more` are arguments of build_page.py."""
    page = folder / "page"
    write_text(folder / "post.md", POST)
    write_text(folder / "post.html", "<!doctype html><title>A title</title><p>The post.</p>")
    (folder / "figure.png").write_bytes(b"a picture")
    arguments = {
        "study": "hops", "experiment": "full", "claims": evidence / "claims.json", "tables": evidence / "tables",
        "evidence": evidence / "tables", "data": folder, "post": folder / "post.md", "output": page,
        "post-html": folder / "post.html", "preview": folder / "figure.png",
    }  # fmt: skip
    given = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    assert build_page.main([*given, *more, "--models", *map(str, models)]) == 0
    return page


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests are looked at by the tests, not read on stderr."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, served as `make serve` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
