"""Sources of the film's facts besides claims and tables: the graph, logged episodes, and counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from trap.figures.estimates import Evidence, select
from trap.figures.findings import settled
from trap.files import InputError
from trap.film.facts import Sources, Subject
from trap.film.numbers import Quantity
from trap.studies.hops.analysis.layout import whole_graph
from trap.studies.hops.film.examples import COLUMNS, Episodes, followed
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.reward import CORRECT, INCORRECT, MAX_PATH_REWARD, PATH_WEIGHT

ROTARY, NOPE, REACH = "nano", "nano_nope", "nano_able"
WAY_OUT = "way_out"  # the experiment whose answers the end of the film shows
WALKER = (NOPE, "way_out_full")  # the model and the arm that walk the question truly at the end


class FilmSources(Sources):
    """Sources with the graph and the episodes of hops. `trap.film.opening` makes them."""

    @property
    def subjects(self) -> dict[str, Subject]:
        from trap.studies.hops.film.subjects import SUBJECTS

        return SUBJECTS

    @cached_property
    def graph(self) -> Graph:
        return load_graph(self.data / "kg.json")

    @cached_property
    def places(self) -> dict[str, tuple[float, float]]:
        """{entity: point} of the whole graph, which several scenes draw."""
        return whole_graph(self.graph)

    @cached_property
    def episodes(self) -> Episodes:
        return Episodes(self.evidence.table("episodes", COLUMNS), self.graph)

    @cached_property
    def after(self) -> Episodes:
        """The answers of the experiment that leads out. Raises InputError if they are not here."""
        return Episodes(self.beside_table(WAY_OUT, "episodes", COLUMNS), self.graph)

    @cached_property
    def followed(self) -> str:
        """The id of the question that is followed through the film, "" if there is none."""
        after = self.after if WAY_OUT in self.beside else None
        return followed(self.episodes, ROTARY, REACH, after, WALKER)

    def quantities(self) -> dict[str, Quantity]:
        return _quantities(self)


def _quantities(sources: FilmSources) -> dict[str, Quantity]:
    """Numbers that no claim states: sizes of the graph, hop counts, parts of the reward, and counts of verdicts.

    Verdicts are counted over the claims of the published post (B…), without those of the paper that it builds on (P…)
    and those about its files (F…). A claim that is inconclusive here counts with the verdict of the committed runs.
    """
    evidence, graph = sources.evidence, sources.graph
    easy = _or_why_not(lambda: _levels(evidence, "eval_easy"))
    published = [claim for claim in evidence.claims.values() if re.fullmatch(r"B\d+", claim["id"])]
    verdicts = ("reproduced", "not reproduced", "inconclusive", "not tested here")
    counted: dict[str, Quantity] = {
        "claims": (len(published), "count"),
        **{
            verdict.replace(" ", "_"): (float(sum(settled(c) == verdict for c in published)), "count")
            for verdict in verdicts
        },
    }
    if not published:
        counted = dict.fromkeys(counted, InputError("claims.json: no claim of the published post"))
    return {
        "entities": (len(graph.entities), "count"),
        "edges": (len(graph.edges), "count"),
        "easy": easy,
        "hard": _or_why_not(lambda: _levels(evidence, "eval_hard")),
        "longest_easy": easy.split("–")[-1] if isinstance(easy, str) else easy,
        "correct": (CORRECT, "reward"),
        "incorrect": (INCORRECT, "reward"),
        "path": (PATH_WEIGHT * MAX_PATH_REWARD, "reward"),
        "k": _or_why_not(lambda: (_rollouts(evidence, "k"), "count")),
        "winner_faithful": _or_why_not(lambda: (_rollouts(evidence, "winner_faithful"), "share")),
        **counted,
    }


def _or_why_not(find: Callable[[], Quantity]) -> Quantity:
    """The result of `find`, or its error as a value, so that only scenes that show the quantity fail."""
    try:
        return find()
    except InputError as error:
        return error


def _rollouts(evidence: Evidence, column: str) -> float:
    """A number of the samples that the film shows. Raises InputError where there are none, or none was kept."""
    rows = select(evidence.table("rollouts"), model=ROTARY, arm="rsft_hard")
    found = rows.row(0, named=True).get(column) if rows.height else None
    if found is None:
        raise InputError(f"rollouts.parquet: no {column} of {ROTARY} rsft_hard, which the film shows")
    return found


def _levels(evidence: Evidence, pool: str) -> str:
    """The hop counts of a pool as `4–5`. Raises InputError if the table has none."""
    if found := evidence.levels(pool):
        return found
    raise InputError(f"by_level.parquet: no rows of pool {pool!r}")
