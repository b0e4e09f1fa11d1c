"""From triples of texts to a checked graph of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from trap.files import InputError, replacing, write_json
from trap.studies.hops.reading.naming import examples, words_of, written_names
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation, Tables
from trap.studies.hops.wording import distinct, phrase_of

LARGE = 400_000  # edges from which a kg.json names tables instead of listing what it holds


@dataclass
class Triples:
    """What a file says, in its order. `at` names the place of a row, such as `graph.tsv:7`."""

    src: pl.Series
    rel: pl.Series
    dst: pl.Series
    at: Callable[[int], str]
    entities: pl.DataFrame | None = None  # columns id, label, type; nulls where nothing is said
    relation_labels: dict[str, str] = field(default_factory=dict)
    domain: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class Columns:
    """A checked graph: entities in order of their names, edges as numbers in order of source, relation, target."""

    names: pl.Series
    labels: pl.Series
    types: pl.Series
    relations: list[Relation]
    src: np.ndarray  # of entities' numbers, int32
    rel: np.ndarray  # of relations' numbers, int32
    dst: np.ndarray
    domain: str = ""
    notes: list[str] = field(default_factory=list)  # what was left out or worded anew, a line each

    @property
    def large(self) -> bool:
        return len(self.src) >= LARGE

    def file(self) -> GraphFile:
        """The same as `kg.json` holds it."""
        names, kinds = self.names.to_list(), [relation.id for relation in self.relations]
        rows = zip(self.src.tolist(), self.rel.tolist(), self.dst.tolist(), strict=True)
        return GraphFile(
            domain=self.domain,
            entities=[
                Entity(id=name, label=label, type=kind)
                for name, label, kind in zip(names, self.labels, self.types, strict=True)
            ],
            relations=self.relations,
            edges=[Edge(src=names[s], rel=kinds[r], dst=names[d]) for s, r, d in rows],
        )

    def write(self, path: Path) -> None:
        """A `kg.json`; of a large graph with two tables beside it, which are written first."""
        if not self.large:
            write_json(path, self.file())
            return
        tables = Tables(entities=f"{path.stem}.entities.parquet", edges=f"{path.stem}.edges.parquet")
        entities = pl.DataFrame({"id": self.names, "label": self.labels, "type": self.types})
        edges = pl.DataFrame({"src": self.src, "rel": self.rel, "dst": self.dst})
        for frame, name in ((entities, tables.entities), (edges, tables.edges)):
            with replacing(path.parent / name) as partial:
                frame.write_parquet(partial, compression="zstd", compression_level=1)
        head = GraphFile(domain=self.domain, entities=[], relations=self.relations, edges=[], tables=tables)
        write_json(path, head)


def assemble(triples: Triples, source: str, names: str, phrases: Mapping[str, str]) -> Columns:
    """Check, number, name and sort. Raises InputError for an empty cell, no edges, or relations worded alike.

    A triple that stands twice counts once, and one from an entity to itself is left out: no question can use it. Both
    are counted in the notes.
    """
    if not len(triples.src):
        raise InputError(f"{source}: edges: the graph has no edges")
    for name in ("src", "rel", "dst"):
        column = getattr(triples, name)
        blank = column.is_null() | (column.str.strip_chars() == "")
        if blank.any():
            raise InputError(f"{triples.at(int(blank.arg_max()))}: {name}: empty")
    notes = list(triples.notes)
    ids, (src, dst) = _numbers(triples.src, triples.dst)
    kinds, (rel,) = _numbers(triples.rel)
    del triples.src, triples.dst, triples.rel  # the texts of a large graph are most of its memory
    keep = src != dst
    if loops := len(src) - int(keep.sum()):
        notes.append(f"triples from an entity to itself, left out: {loops}")
        src, rel, dst = src[keep], rel[keep], dst[keep]
    if not len(src):
        raise InputError(f"{source}: edges: every triple leads from an entity to itself")
    used = np.zeros(len(ids), bool)
    used[src] = used[dst] = True
    relations = _relations(kinds.to_list(), triples.relation_labels, phrases, source)
    frame = _entities(ids.filter(pl.Series(used)), triples.entities, notes)
    worded = [relation.phrase or phrase_of(relation.id, relation.label) for relation in relations]
    frame = _named(frame, names, worded, notes)
    order = frame["name"].arg_sort().to_numpy()
    place = np.full(len(ids), -1, np.int64)  # number in order of ids -> number in order of names
    place[np.flatnonzero(used)[order]] = np.arange(len(order))
    frame = frame[order]
    before = len(src)
    src, rel, dst = _sorted(place[src], rel, place[dst], len(order), len(relations))
    if twice := before - len(src):
        notes.append(f"triples that stand there already, counted once: {twice}")
    return Columns(
        names=frame["name"], labels=frame["label"], types=frame["type"], relations=relations, src=src, rel=rel, dst=dst,
        domain=triples.domain or Path(source).name.split(".")[0], notes=notes,
    )  # fmt: skip


def _numbers(*columns: pl.Series) -> tuple[pl.Series, list[np.ndarray]]:
    """The different texts of all columns, sorted, and each column as numbers of these."""
    ids = pl.concat([column.unique() for column in columns]).unique().sort()
    kind = pl.Enum(ids)
    return ids, [column.cast(kind).to_physical().to_numpy().astype(np.int64) for column in columns]


def _sorted(
    src: np.ndarray, rel: np.ndarray, dst: np.ndarray, entities: int, relations: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges in order of (source, relation, target), each once."""
    if entities**2 * relations < 2**63:
        key = (src * relations + rel) * entities + dst
        key.sort()
        key = key[np.concatenate([[True], key[1:] != key[:-1]])]
        rest, dst = np.divmod(key, entities)
        src, rel = np.divmod(rest, relations)
    else:
        order = np.lexsort((dst, rel, src))
        src, rel, dst = src[order], rel[order], dst[order]
        new = (np.diff(src) != 0) | (np.diff(rel) != 0) | (np.diff(dst) != 0)
        src, rel, dst = (column[np.concatenate([[True], new])] for column in (src, rel, dst))
    return src.astype(np.int32), rel.astype(np.int32), dst.astype(np.int32)


def _relations(
    ids: list[str], labels: Mapping[str, str], phrases: Mapping[str, str], source: str
) -> list[Relation]:
    """Relations with their labels and the phrases that settings give. Raises InputError where two read the same."""
    given = checked_phrases(phrases, ids)
    made = []
    for name in ids:
        label = " ".join((labels.get(name) or words_of(name)).split())
        phrase = {"phrase": given[name]} if name in given else {}
        made.append(Relation(id=name, label=label, **phrase))
    check_worded(made, source)
    return made


def checked_phrases(phrases: Mapping[str, str], relations: list[str]) -> dict[str, str]:
    """Phrases with single blanks. Raises InputError for an unknown relation or a phrase that cannot be one."""
    known = set(relations)
    found = {}
    for name, phrase in phrases.items():
        if name not in known:
            shown = ", ".join(relations[:8]) + (", …" if len(relations) > 8 else "")
            raise InputError(f"phrases: no relation {name!r} in the graph (there are {shown})")
        found[name] = " ".join(phrase.split())
        if not found[name] or ", and " in found[name]:
            raise InputError(f"phrases: {name}: words that can stand between two entities, not {phrase!r}")
    return found


def check_worded(relations: list[Relation], source: str) -> None:
    """Raise InputError where two relations read the same."""
    try:
        distinct({one.id: one.phrase or phrase_of(one.id, one.label) for one in relations}, source)
    except InputError as error:
        raise InputError(f"{error}: give one of them another in `phrases`") from None


def _entities(ids: pl.Series, told: pl.DataFrame | None, notes: list[str]) -> pl.DataFrame:
    """Columns id, label, type of the entities that have edges, in order of ids; nulls where nothing is said."""
    frame = pl.DataFrame({"id": ids})
    if told is None:
        return frame.with_columns(pl.lit(None, pl.String).alias("label"), pl.lit("", pl.String).alias("type"))
    joined = frame.join(told, on="id", how="left", maintain_order="left")
    if idle := told.height - int(told["id"].is_in(ids.implode()).sum()):
        notes.append(f"entities that no triple names, left out: {idle}")
    return joined.with_columns(pl.col("type").fill_null(""))


def _named(frame: pl.DataFrame, names: str, phrases: list[str], notes: list[str]) -> pl.DataFrame:
    """With a column `name`, and with labels everywhere: what an entity is called by its owner, its id at worst."""
    said = frame["label"].str.strip_chars()
    frame = frame.with_columns(pl.when(said == "").then(None).otherwise(said).alias("label"))
    if names == "label":
        fallback = frame["id"].str.extract(r"://.*[/#]([^/#]+)[/#]?$").fill_null(frame["id"])
        wanted = frame["label"].fill_null(fallback)
        if missing := frame["label"].null_count():
            notes.append(f"entities without a label, called by their ids: {missing}")
    else:
        wanted = frame["id"]
    name = written_names(wanted, frame["id"], phrases)
    if (changed := (name != wanted)).any():
        pairs = zip(wanted.filter(changed).head(4), name.filter(changed).head(4), strict=True)
        notes.append(f"names written otherwise: {int(changed.sum())}, {examples(pairs)}")
    # by labels, the label keeps the id, which nothing else holds; by ids, the owner's label
    label = frame["id"] if names == "label" else frame["label"].fill_null(frame["id"])
    return frame.with_columns(name.alias("name"), label.alias("label"))


def named(file: GraphFile, source: str, phrases: Mapping[str, str]) -> GraphFile:
    """A listed graph with its odd ids worded as those of a table are, and with the phrases that settings give."""
    given = checked_phrases(phrases, [relation.id for relation in file.relations])
    relations = [
        Relation(id=one.id, label=one.label, phrase=given.get(one.id, one.phrase)) for one in file.relations
    ]
    if given:
        check_worded(relations, source)
    ids = pl.Series([entity.id for entity in file.entities], dtype=pl.String)
    worded = [one.phrase or phrase_of(one.id, one.label) for one in relations]
    new = dict(zip(ids, written_names(ids, ids, worded), strict=True))
    if all(old == name for old, name in new.items()):
        return GraphFile(
            version=file.version, domain=file.domain, entities=file.entities, relations=relations, edges=file.edges
        )  # fmt: skip
    return GraphFile(
        version=file.version,
        domain=file.domain,
        entities=[Entity(id=new[one.id], label=one.label or one.id, type=one.type) for one in file.entities],
        relations=relations,
        edges=[Edge(src=new[edge.src], rel=edge.rel, dst=new[edge.dst]) for edge in file.edges],
    )
