"""N-Triples, read by pyoxigraph (requirements/graphs.txt). `rdfs:label` gives labels, `rdf:type` types.

Other statements about texts and numbers are no edges and are left out. Blank nodes are entities like others.
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import Any

import polars as pl

from trap.files import InputError
from trap.studies.hops.reading.columns import Triples
from trap.studies.hops.reading.naming import words_of

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
LABELS = (
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://schema.org/name",
)  # the first that an entity has
ENGLISH = ("en", None)  # languages of labels, in the order in which they are taken; then any other
INSTALL = "python -m pip install -r requirements/graphs.txt -c requirements/lock.txt"


def read_ntriples(path: Path) -> Triples:
    """The statements between entities. Raises InputError naming the line that is no statement."""
    try:
        from pyoxigraph import BlankNode, Literal, RdfFormat, parse
    except ImportError:
        raise InputError(f"{path}: the package pyoxigraph is not installed: {INSTALL}") from None

    src: list[str] = []
    rel: list[str] = []
    dst: list[str] = []
    labels: dict[str, tuple[int, int, str]] = {}
    types: dict[str, str] = {}
    texts = 0

    def name(node: Any) -> str:
        return f"_:{node.value}" if isinstance(node, BlankNode) else node.value

    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for quad in parse(input=stream, format=RdfFormat.N_TRIPLES):
                subject, predicate, target = name(quad.subject), quad.predicate.value, quad.object
                if isinstance(target, Literal):
                    if predicate in LABELS:
                        rank = _rank(target.language)
                        found = (LABELS.index(predicate), rank, target.value)
                        labels[subject] = min(labels.get(subject, found), found)
                    else:
                        texts += 1
                elif predicate == TYPE:
                    types[subject] = min(types.get(subject, target.value), name(target))
                else:
                    src.append(subject)
                    rel.append(predicate)
                    dst.append(name(target))
    except SyntaxError as error:
        raise InputError(f"{path}:{_line(error)}: no statement of N-Triples: {_said(error)}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}") from None

    ids = sorted({*src, *dst})
    told = {one: labels[one][2] if one in labels else None for one in ids}
    notes = [f"statements about texts and numbers, left out: {texts}"] if texts else []
    return Triples(
        *(pl.Series(column, values, dtype=pl.String) for column, values in (("src", src), ("rel", rel), ("dst", dst))),
        at=lambda row: f"{path}: statement {row + 1}",
        entities=pl.DataFrame(
            {"id": ids, "label": list(told.values()), "type": [words_of(types[one]) if one in types else "" for one in ids]},
            schema={"id": pl.String, "label": pl.String, "type": pl.String},
        ),
        relation_labels={one: labels[one][2].lower() for one in set(rel) if one in labels},
        notes=notes,
    )  # fmt: skip


def _rank(language: str | None) -> int:
    return ENGLISH.index(language) if language in ENGLISH else len(ENGLISH)


def _line(error: SyntaxError) -> int:
    """The line of an error of pyoxigraph, which has it as an attribute or in its words."""
    if error.lineno:
        return error.lineno
    found = re.search(r"line (\d+)", str(error))
    return int(found[1]) if found else 1


def _said(error: SyntaxError) -> str:
    text = " ".join(str(error.msg or error).split())
    return re.sub(r"^Parser error (?:at|between) line .*?: ", "", text)[:160]
