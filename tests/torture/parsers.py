"""Every parser of what others wrote: models, people, other programs; each with inputs near to what it expects.

PARSERS has a function for each, which opens what the parser needs.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from audit_files import choices, sums
from hops_data import write_graph
from test_graph_formats import FILES as GRAPHS
from test_graph_formats import NTRIPLES
from torture.fuzzing import Parser
from torture.inputs import changed, contents, texts, values
from trap.studies.base import BaseStudy, load_study, rank_item, reward_parts

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 6  # of a study, whose completions are read


@cache
def scratch() -> Path:
    """A folder for the files that parsers read."""
    return Path(tempfile.mkdtemp(prefix="any-input-"))


def written(name: str, content: bytes | str) -> Path:
    path = scratch() / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- what models write ----------------------------------------------------------------------------


def _completions(study: BaseStudy, pools: Sequence[str]) -> Parser:
    """Completions as the methods read them: score, every reward, rank, and the choice among several."""
    items = [item for pool in pools for item in study.items(pool, ITEMS)]

    def read(drawn: tuple[int, str, str]) -> None:
        number, completion, other = drawn
        item = items[number]
        score = study.score(item, completion)
        assert 0 <= score.value <= 1
        for name in study.reward_names:
            reward_parts(study, name, item, score, completion)
            rank_item(study, name, item, score, completion)
        study.choose(item, [completion, other, completion])
        study.row(item, score)
        study.episode(item, completion, score, phase="eval", step=0, pool=pools[0])

    some = texts(*(study.reference(item) for item in items))
    return Parser(st.tuples(st.sampled_from(range(len(items))), some, some), read)


def hops() -> Parser:
    return _completions(load_study("hops", {}, write_graph(scratch())), ("easy", "hard"))


def traces() -> Parser:
    return _completions(load_study("traces", {}, scratch()), ("easy", "hard"))


def clues() -> Parser:
    return _completions(load_study("clues", {}, scratch()), ("easy", "hard", "easy_solver"))


def reasoning_gym(task: str) -> Parser:
    if find_spec("reasoning_gym") is None:
        return Parser(
            st.none(), lambda value: None, "the package reasoning-gym is not installed: make .venv/.gym"
        )
    settings = yaml.safe_load(source(f"config/{task}/study.yaml"))
    return _completions(load_study("reasoning_gym", settings["options"], scratch()), ("easy", "hard"))


# --- published files ------------------------------------------------------------------------------


def published_puzzles() -> Parser:
    from trap.studies.clues.published import read_puzzle
    from trap.studies.clues.sentences import published_text
    from trap.studies.clues.study import puzzle_of

    study = load_study("clues", {"wording": "published"}, scratch())
    valid = [
        published_text(puzzle_of(item)) for pool in ("easy", "hard") for item in study.items(pool, ITEMS)
    ]
    return Parser(texts(*valid), read_puzzle)


def published_answers() -> Parser:
    from trap.studies.clues.reading import published_score

    solution = {"A": "Mr. Green", "B": "Knife", "C": "11:45 PM"}
    valid = "A. Mr. Green\nB. Knife\nC. 11:45 PM"
    return Parser(texts(valid), lambda text: published_score(solution, text))


def published_solutions() -> Parser:
    from trap.studies.traces.annotations import compile_solution

    rows = [(row["question"], row["answer"]) for row in sums(6)]
    pairs = st.tuples(texts(*(first for first, _ in rows)), texts(*(second for _, second in rows)))
    return Parser(pairs, lambda pair: compile_solution(*pair))


def pool_files() -> Parser:
    study = load_study("hops", {}, write_graph(scratch()))
    from msgspec import json as encoder

    valid = b"\n".join(encoder.encode(item) for item in study.items("easy", 2))
    return Parser(contents(valid), lambda content: study.read(written("pool.jsonl", content)))


# --- graphs -----------------------------------------------------------------------------------------


def graphs() -> Parser:
    from trap.studies.hops.graph import Graph
    from trap.studies.hops.reading import is_published, open_graph, open_published

    published = (write_graph(scratch()) / "kg.json").read_bytes()
    small = json.dumps(
        {
            "domain": "weather",
            "entities": [{"id": one, "type": "thing"} for one in ("Rain", "Flood", "Mop")],
            "relations": [{"id": "leads_to", "label": "leads to"}],
            "edges": [
                {"src": "Rain", "rel": "leads_to", "dst": "Flood"},
                {"src": "Flood", "rel": "leads_to", "dst": "Mop"},
            ],
        }
    ).encode()
    assert published
    files = {name: one if isinstance(one, bytes) else one.encode() for name, one in GRAPHS.items()} | {
        "k.json": small
    }
    if find_spec("pyoxigraph") is not None:
        files["t.nt"] = NTRIPLES.encode()

    def read(drawn: tuple[str, bytes, str]) -> None:
        name, content, names = drawn
        path = written(name, content)
        if name == "k.json" and is_published(path):
            Graph(open_published(path))
        open_graph(path, names=names)

    drawn = st.sampled_from(sorted(files)).flatmap(
        lambda name: st.tuples(st.just(name), contents(files[name]), st.sampled_from(("id", "label")))
    )
    return Parser(drawn, read)


# --- settings ---------------------------------------------------------------------------------------


def configuration() -> Parser:
    """config.yaml as text, with the folders of its studies as they are."""
    from trap.workflow.config import load_config

    valid = [source("config/config.yaml"), source("config/test/config.yaml")]
    return Parser(contents(*valid), lambda content: load_config(written("config.yaml", content)))


def overrides() -> Parser:
    """Values of --config and --configfile, over config.yaml."""
    from trap.workflow.config import merged, parse_config

    whole = yaml.safe_load(source("config/config.yaml"))
    tiny = merged(whole, yaml.safe_load(source("config/test/config.yaml")))
    return Parser(changed(whole, tiny, tiny["studies"]) | values, parse_config)


def study_settings() -> Parser:
    """The settings of a study, as its folder has them, with values of any kind in them."""
    from trap.workflow.config import parse_config

    whole = yaml.safe_load(source("config/config.yaml"))
    given = yaml.safe_load(source("config/hops/study.yaml"))
    given["experiments"] = yaml.safe_load(source("config/hops/experiments.yaml"))
    return Parser(changed(given), lambda one: parse_config({**whole, "studies": {"hops": one}}))


def sheets() -> Parser:
    from trap.studies.base import study_class
    from trap.workflow.sheet import load_arms

    study = study_class("hops")
    valid = source("config/hops/arms.tsv")
    return Parser(contents(valid), lambda content: load_arms(written("arms.tsv", content), study))


def claims() -> Parser:
    from trap.analysis.claim_specs import load_claims
    from trap.studies.base import study_class

    study = study_class("clues")
    valid = source("config/clues/claims.yaml")
    return Parser(contents(valid), lambda content: load_claims(written("claims.yaml", content), study))


def words_of_the_film() -> Parser:
    from trap.film.cues import load_sheet, scenes_of

    valid = source("video/hops/cues.yaml")
    return Parser(
        contents(valid[:4000], valid),
        lambda content: scenes_of(load_sheet(written("cues.yaml", content)), "wide"),
    )


def words_of_the_page() -> Parser:
    from trap.site.links import read_links
    from trap.site.terms import glossary

    links, terms = source("config/page.yaml"), source("docs/glossary.md")

    def read(drawn: tuple[bytes, str]) -> None:
        read_links(written("page.yaml", drawn[0]))
        glossary(drawn[1], "glossary.md")

    return Parser(st.tuples(contents(links), texts(terms)), read)


# --- models -----------------------------------------------------------------------------------------


def adapters() -> Parser:
    """The two files of an adapter."""
    import numpy as np
    from safetensors.numpy import save

    from trap.models.adapters import read_adapter

    settings = {
        "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "use_rslora": False, "use_dora": False,
    }  # fmt: skip
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    weights = save(
        {
            f"{prefix}.lora_A.weight": np.ones((2, 4), np.float32),
            f"{prefix}.lora_B.weight": np.ones((4, 2), np.float32),
        }
    )

    def read(drawn: tuple[Any, bytes]) -> None:
        folder = scratch() / "adapter"
        folder.mkdir(exist_ok=True)
        told, held = drawn
        written("adapter/adapter_config.json", told if isinstance(told, bytes) else json.dumps(told))
        written("adapter/adapter_model.safetensors", held)
        read_adapter(folder)

    told = changed(settings) | contents(json.dumps(settings))
    return Parser(st.tuples(told, st.just(weights)) | st.tuples(st.just(settings), contents(weights)), read)


def models_of_the_page() -> Parser:
    from trap.models.page_header import MAGIC, read_header

    head = json.dumps({"model": "nano", "tensors": [{"name": "a", "shape": [2, 2]}]}).encode()
    valid = MAGIC + len(head).to_bytes(4, "little") + head + bytes(16)
    return Parser(contents(valid), lambda content: read_header(written("m.bin", content)))


# --- the audit ---------------------------------------------------------------------------------------


def _rows() -> list[dict[str, Any]]:
    found = [
        {
            "id": f"q{n}",
            "question": asked,
            "options": options,
            "answer": place,
            "response": options[place],
            "correct": True,
        }
        for n, (asked, options, place) in enumerate(choices(0, 4))
    ]
    lm_eval = {
        "doc_id": 1,
        "doc": found[0],
        "target": "1",
        "arguments": [["Q?", "A"]],
        "filtered_resps": ["A"],
        "acc": 1.0,
    }
    inspect = {
        "id": 1,
        "epoch": 1,
        "input": "Q?",
        "target": "A",
        "messages": [],
        "scores": {"m": {"value": "C"}},
    }
    return [*found, lm_eval, inspect, *sums(2)]


def audited_logs() -> Parser:
    """Files given to trap-audit, up to the table of their items and answers."""
    from trap.audit.samples import read_samples
    from trap.audit.tables import read_table
    from trap.audit.understanding import understand

    lines = [json.dumps(row) for row in _rows()]
    table = "question,answer,correct\n" + "".join(
        f'"{row["question"]}","{row["answer"]}",1\n' for row in sums(3)
    )
    files = [
        lines[0],
        "\n".join(lines[:4]),
        lines[4],
        lines[5],
        "\n".join(lines[6:]),
        json.dumps(_rows()),
        table,
    ]

    def read(drawn: tuple[Any, str]) -> None:
        content, part = drawn
        if not isinstance(content, bytes):
            content = "\n".join(json.dumps(row) for row in content).encode()
        fields = understand(written("log.jsonl", content), part)
        if part == "samples":
            read_samples([fields], None)
        else:
            read_table([fields])

    rows = st.lists(changed(*_rows()), min_size=1, max_size=4)
    return Parser(st.tuples(contents(*files) | rows, st.sampled_from(("train", "eval", "samples"))), read)


def audited_sheets() -> Parser:
    """What people write for trap-audit: a mapping, and a sheet of judged answers."""
    from trap.audit.judging import judged_findings
    from trap.audit.mapping import load_mapping

    mapping = "eval: {question: prompt, answer: label, convention: letters}\nsamples: {response: text, correct: ok}\n"
    sheet = "file,line,question,key,said,scored,reader_is\na.jsonl,1,Q?,A,A,right,right\na.jsonl,2,Q?,A,B,wrong,wrong\n"

    def read(drawn: tuple[str, bytes]) -> None:
        kind, content = drawn
        (load_mapping if kind == "m.yaml" else judged_findings)(written(kind, content))

    both = st.tuples(st.just("m.yaml"), contents(mapping)) | st.tuples(st.just("j.csv"), contents(sheet))
    return Parser(both, read)


PARSERS: dict[str, Callable[[], Parser]] = {
    "completions, hops": hops,
    "completions, traces": traces,
    "completions, clues": clues,
    "completions, spell_backward": lambda: reasoning_gym("spell_backward"),
    "completions, letter_counting": lambda: reasoning_gym("letter_counting"),
    "published puzzles": published_puzzles,
    "answers to published puzzles": published_answers,
    "published solutions": published_solutions,
    "pool files": pool_files,
    "graphs": graphs,
    "config.yaml": configuration,
    "values of --config": overrides,
    "settings of a study": study_settings,
    "sheets of arms": sheets,
    "claims": claims,
    "words of the film": words_of_the_film,
    "words of the page": words_of_the_page,
    "adapters": adapters,
    "models of the page": models_of_the_page,
    "logs for trap-audit": audited_logs,
    "mappings and sheets for trap-audit": audited_sheets,
}
