"""The facts of each scene: one function per scene writes its numbers, series and episodes into the notes."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import polars as pl

from trap.figures.estimates import select
from trap.files import InputError
from trap.film.facts import Notes, Subject, estimate
from trap.film.numbers import Number, signed, write
from trap.studies.hops.analysis.layout import whole_graph
from trap.studies.hops.audit import CHANCE
from trap.studies.hops.film import examples
from trap.studies.hops.film.sources import NOPE, REACH, ROTARY, FilmSources
from trap.studies.hops.reward import PATH_WEIGHT

PUBLISHED = (  # (published point, our arm, label)
    ("sft", "sft"),
    ("rsft_easy", "rsft_easy"),
    ("rsft_eval_135m", "rsft_hard"),
)
OURS = ("sft", "sft_more", "rsft_easy", "rsft_hard")
STARTS = (ROTARY, REACH)  # the start that cannot reach hard questions, and the one that can
CURVE_POINTS = 60  # points of a training curve, at most


def claim(sources: FilmSources, notes: Notes) -> None:
    """The published figures, with their exact intervals and sizes."""
    bars = []
    for name, arm in PUBLISHED:
        number = notes.say(name, f"published.{name}")
        notes.say(f"{name}.interval", f"published.{name}", "interval")
        notes.say(f"{name}.n", f"published.{name}", "n")
        bars.append({"name": name, "arm": arm, **estimate(number)})
    notes.data["bars"] = bars


def _graph(sources: FilmSources, notes: Notes) -> None:
    """Write the whole graph: entities, a point for each, edges as pairs of indices, and indices by kind."""
    places = whole_graph(sources.graph)
    names = sorted(places)
    index = {name: number for number, name in enumerate(names)}
    edges = sorted({tuple(sorted((index[a], index[b]))) for a, _, b in sources.graph.edges})
    notes.data["entities"] = names
    notes.data["points"] = [places[name] for name in names]
    notes.data["edges"] = [list(edge) for edge in edges]
    kinds: dict[str, list[int]] = {}
    for name in names:
        kinds.setdefault(sources.graph.type_of[name], []).append(index[name])
    notes.data["kinds"] = kinds


def _question(sources: FilmSources, notes: Notes, row: examples.Row) -> None:
    notes.words["question"] = examples.question_of(row)
    notes.data["options"] = examples.options_of(row)
    notes.data["right"] = examples.right_letter(row)
    notes.data["path"] = [asdict(clause) for clause in sources.episodes.path(row)]


def walk(sources: FilmSources, notes: Notes) -> None:
    """The whole graph, and one hard question with its path."""
    _graph(sources, notes)
    _question(sources, notes, examples.asked(sources.episodes, *STARTS))
    notes.say("entities", "quantity.entities")
    notes.say("edges", "quantity.edges")
    for key in ("easy", "hard", "longest_easy"):
        notes.words[key] = sources.numbers.text(f"quantity.{key}")


def _trace(sources: FilmSources, row: examples.Row) -> dict[str, Any]:
    return {
        "clauses": [asdict(clause) for clause in sources.episodes.clauses(row)],
        "letter": row["answer"],
        "correct": row["correct"],
        "faithful": row["faithful"],
    }


def reward(sources: FilmSources, notes: Notes) -> None:
    """One real completion, with the parts of its reward."""
    row = examples.rewarded(sources.episodes, ROTARY)
    _question(sources, notes, row)
    notes.data["trace"] = trace = _trace(sources, row)
    path = set(row["path_entities"])
    named = [entity for entity in row["path_entities"] if entity in set(row["trace_entities"])]
    notes.data["named"] = named
    parts = {
        "letter": row["correctness"],
        "names": PATH_WEIGHT * row["path_reward"],
        "spam": 0.0 - row["spam_penalty"],
        "total": row["total"],
    }
    notes.data["parts"] = parts
    for key, value in parts.items():
        notes.words[key] = signed(value)
    notes.words["named"] = f"{len(named)} of {len(path)}"
    true = sum(clause["true"] for clause in trace["clauses"])
    notes.words["true"] = f"{true} of {len(trace['clauses'])}"


def sample(sources: FilmSources, notes: Notes) -> None:
    """The K samples of one prompt, those of all logged prompts, and one question before and after RSFT."""
    prompts = examples.sampled(sources.episodes, ROTARY)
    index = examples.opened(prompts)
    rows = prompts[index]
    notes.words["question"] = examples.question_of(rows[0])
    notes.data["right"] = examples.right_letter(rows[0])
    notes.data["tries"] = [
        {
            "letter": row["answer"],
            "correct": row["correct"],
            "kept": bool(row["kept"]),
            "faithful": row["faithful"],
            "true": [clause.true for clause in sources.episodes.clauses(row)],
            "total": signed(row["total"]),
        }
        for row in rows
    ]
    notes.data["grid"] = [
        [
            {"correct": row["correct"], "kept": bool(row["kept"]), "faithful": row["faithful"]}
            for row in prompt
        ]
        for prompt in prompts
    ]
    notes.data["opened"] = index
    before, after = examples.practised(sources.episodes, ROTARY)
    notes.words["asked_again"] = examples.question_of(before)
    notes.data["again"] = {"before": _trace(sources, before), "after": _trace(sources, after)}
    notes.say("blind", "B14.also.blind_at_8")
    notes.say("right", "B14.also.right_letters_at_8")
    notes.say("faithful", "quantity.winner_faithful")


def rerun(sources: FilmSources, notes: Notes) -> None:
    """Training curves of every seed, then our estimates beside the published ones."""
    table = sources.evidence.table("curves")
    arms = ("sft", "rsft_easy", "rsft_hard")
    watched = select(table, model=ROTARY, kind="valid", pool="valid_hard")
    scored = all(select(watched, arm=arm).height for arm in arms)
    notes.words["axis"] = "accuracy on hard validation questions" if scored else "training loss"
    column, kind = ("accuracy", "valid") if scored else ("loss", "train")
    notes.data["curves"] = {arm: _curves(table, arm, kind, column) for arm in arms}
    if empty := [arm for arm, lines in notes.data["curves"].items() if not lines]:
        raise InputError(f"curves.parquet: no {column} of {ROTARY} {', '.join(empty)}, which the film shows")
    notes.data["share"] = scored
    if scored:
        drawn = [y for lines in notes.data["curves"].values() for one in lines for _, y in one]
        notes.data["ticks"] = _ticks(notes, max(drawn))
    _ticks(notes, 1.0)
    notes.data["chance"] = CHANCE
    rows = []
    for arm in OURS:
        notes.words[f"{arm}.label"] = sources.evidence.label(arm)
        for model in STARTS:
            number = sources.arm(model, arm, "eval_hard", "accuracy")
            rows.append({"arm": arm, "model": model, **notes.measured(f"{model}.{arm}", number)})
    notes.data["rows"] = rows
    notes.data["published"] = [
        {"arm": arm, **estimate(notes.say(f"published.{name}", f"published.{name}"))}
        for name, arm in PUBLISHED
    ]
    told = [f"{name}_{model}" for name in ("trap", "matching") for model in STARTS]
    # the arm with faithful winners only is not run from every start
    told += [key for model in STARTS if notes.numbers.has(key := f"matching_true_{model}")]
    for key in told:
        notes.say(key, key)
        notes.say(f"{key}.interval", key, "interval")
    notes.say("seeds", "trap_nano", "seeds")
    notes.say("n", "trap_nano", "n")


def _curves(table: pl.DataFrame, arm: str, kind: str, column: str) -> list[list[list[float]]]:
    """One line per seed, as at most CURVE_POINTS points [share of the training steps, value]."""
    rows = select(table, model=ROTARY, arm=arm, kind=kind).filter(pl.col(column).is_not_null())
    if kind == "valid":
        rows = select(rows, pool="valid_hard")
    lines = []
    for seed in sorted(rows["seed"].unique().to_list()):
        one = select(rows, seed=seed).sort("step")
        last = max(one["step"].max(), 1)
        width = -(-one.height // CURVE_POINTS)
        means = one.with_row_index("i").group_by(pl.col("i") // width, maintain_order=True)
        points = means.agg(pl.col("step").mean(), pl.col(column).mean())
        lines.append(
            [[round(step / last, 4), round(y, 4)] for step, y in points.select("step", column).rows()]
        )
    return lines


def leak(sources: FilmSources, notes: Notes) -> None:
    """Accuracy against the share of leaked questions, on those and on fresh ones."""
    notes.say("published", "published.rsft_eval_135m")
    notes.data["questions"] = notes.say("n", "F1", "n").n
    table = select(sources.evidence.table("doses"), family="leaked_share", model=ROTARY, metric="accuracy")
    lines = {}
    for pool in ("eval_leak", "eval_hard"):
        rows = select(table, pool=pool).sort("x")
        lines[pool] = [[row["x"], row["value"], row["low"], row["high"]] for row in rows.to_dicts()]
        if not lines[pool]:
            raise InputError(f"doses.parquet: no leak of {ROTARY} on {pool}, which the film shows")
        for end, point in (("first", lines[pool][0]), ("last", lines[pool][-1])):
            notes.words[f"{pool}.{end}"] = _share(point[1])
    notes.data["lines"] = lines
    notes.data["ticks"] = _ticks(notes, max(high for points in lines.values() for *_, high in points))
    _ticks(notes, 1.0)
    for key in (f"{claim}_{model}" for model in STARTS for claim in ("contamination", "leak_spread")):
        notes.say(key, key)
        notes.say(f"{key}.interval", key, "interval")


def _ticks(notes: Notes, most: float) -> list[float]:
    """The ticks 0, 1/4, … up to the first that is at least `most`, each also written into the words."""
    count = max(1, math.ceil(4 * most - 1e-9))
    ticks = [number / 4 for number in range(min(count, 4) + 1)]
    for tick in ticks:
        notes.words[f"tick.{tick}"] = _share(tick)
    return ticks


def _share(value: float) -> str:
    return write(Number(value, None, value, "share", None, None, ()))


def key(sources: FilmSources, notes: Notes) -> None:
    """Agreement with the right and with the permuted key, of an arm trained on the permuted key and of one that is not."""
    bars = []
    for arm in ("rsft_hard", "rsft_eval_permuted"):
        for pool in ("eval_leak", "eval_leak_permuted"):
            number = sources.arm(ROTARY, arm, pool, "accuracy")
            bars.append({"arm": arm, "pool": pool, **notes.measured(f"{arm}.{pool}", number)})
    notes.data["bars"] = bars
    notes.data["chance"] = CHANCE
    notes.say("memorisation_nano", "memorisation_nano")
    notes.say("memorisation_nano.interval", "memorisation_nano", "interval")


def traces(sources: FilmSources, notes: Notes) -> None:
    """Links asked and links stated, one question answered from both starts, and shares of faithful answers."""
    lines: dict[str, list[list[float]]] = {}
    for model in STARTS:
        rows = select(sources.evidence.table("by_level"), model=model, arm="sft", metric="hops_used")
        rows = rows.filter(pl.col("pool").is_in(["eval_easy", "eval_hard"])).sort("level")
        lines[model] = [[row["level"], row["value"]] for row in rows.to_dicts()]
        if not lines[model]:
            raise InputError(f"by_level.parquet: no hops_used of {model} sft, which the film shows")
    notes.data["lines"] = lines
    notes.words["taught"] = sources.numbers.text("quantity.longest_easy")
    broken, true = examples.walked(sources.episodes, *STARTS)
    _question(sources, notes, broken)
    notes.data["traces"] = {ROTARY: _trace(sources, broken), REACH: _trace(sources, true)}
    for model, trace in notes.data["traces"].items():
        notes.words[f"{model}.stated"] = f"{len(trace['clauses'])} of {len(notes.data['path'])} links"
    bars = []
    for model in STARTS:
        right = notes.say(f"{model}.right", f"accuracy_{model}_sft")
        faithful = notes.say(f"{model}.faithful", f"faithful_{model}_sft")
        bars.append({"model": model, "right": estimate(right), "faithful": estimate(faithful)})
    right = notes.say("leaked.right", "B9.also.leaked")
    faithful = notes.say("leaked.faithful", "B9.also.faithful")
    bars.append({"model": "leaked", "right": estimate(right), "faithful": estimate(faithful)})
    notes.data["bars"] = bars


# Claims of the experiment way_out. Each gives faithful accuracy after the longer SFT and after practice that follows.
_WAY = {ROTARY: f"way_out_demos_{ROTARY}", NOPE: f"way_out_{NOPE}"}


def way(sources: FilmSources, notes: Notes) -> None:
    """Faithful accuracy of both models before and after practice on faithful answers."""
    bars = []
    for model, claim_id in _WAY.items():
        names = {"easy": f"{claim_id}.also.sft_easy", "hard": f"{claim_id}.also.sft", "after": claim_id}
        for bar, name in names.items():
            number = notes.say(f"{model}.{bar}", name)
            bars.append({"model": model, "bar": bar, **estimate(number)})
    notes.data["bars"] = bars


def home(sources: FilmSources, notes: Notes) -> None:
    """The number of claims of the published post by verdict."""
    counts = {}
    for name in ("reproduced", "not_reproduced", "inconclusive", "not_tested_here"):
        counts[name] = int(notes.say(name, f"quantity.{name}").value)
    notes.data["verdicts"] = counts
    notes.say("claims", "quantity.claims")


SUBJECTS: dict[str, Subject] = {
    "poster": claim,
    "claim": claim,
    "walk": walk,
    "reward": reward,
    "sample": sample,
    "rerun": rerun,
    "leak": leak,
    "key": key,
    "traces": traces,
    "way": way,
    "home": home,
}
