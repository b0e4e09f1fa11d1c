"""Show where the number of a claim comes from: value, interval, file, row, rule, commit, seconds.

python scripts/show_claim.py --claims results/hops/full/claims.json B4    one claim
python scripts/show_claim.py --claims results/hops/full/claims.json       all ids with their verdicts
python scripts/show_claim.py --found results/hops/full/report/post.md     what the post opens with, and counts of verdicts
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import InputError, read_json, read_text
from trap.report.prose import Ledger
from trap.report.wording import interval_text, number_text, said


def describe(claim: dict[str, Any]) -> str:
    """One claim as lines of "name  value", with nothing left out that says where it came from."""
    published = claim["published"]
    shown = None
    if published:
        value = published["value"]
        unit = claim["unit"] or "share"
        figure = None if value is None else number_text(value, unit)
        interval = interval_text(published["low"], published["high"], unit)
        count = f"n = {published['n']}" if published["n"] else None
        shown = "; ".join(
            part for part in (" ".join(filter(None, (figure, interval))), count, published["note"]) if part
        )
    rules = claim["verdict_rule"]
    lines = [
        ("claim", claim["statement"]),
        ("source", claim["source"]),
        ("published", shown),
        ("value", claim["text"]),
        ("interval", interval_text(claim["low"], claim["high"], claim["unit"] or "") or None),
        ("compared", claim["comparison"]),
        ("family", claim.get("family")),
        ("p, Holm", claim["p_holm"]),
        ("p, ledger", claim.get("p_ledger")),
        ("verdict", said(claim["verdict"], claim["kind"])),
        ("because", claim["reason"]),
        ("more seeds", _committed(claim)),
        ("reproduced if", " or ".join(rules["reproduced"])),
        ("not if", " or ".join(rules["not_reproduced"])),
        *((f"also {name}", part["text"]) for name, part in claim["also"].items()),
        ("file", claim["file"]),
        ("row", claim["row"]),
        ("rule", claim["rule"]),
        ("commit", claim["commit"]),
        ("seconds", claim["seconds"]),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(
        [claim["id"], *(f"  {name:<{width}}  {value}" for name, value in lines if value not in (None, ""))]
    )


def _committed(claim: dict[str, Any]) -> str | None:
    """What the runs of another experiment say, where these have too few seeds."""
    if not (found := claim.get("committed")):
        return None
    return (
        f"{found['text']}: {said(found['verdict'], claim['kind'])} ({found['experiment']}, {found['file']})"
    )


KINDS = {"published": "Published claims", "own": "Own predictions", "audit": "Findings of the audit"}


def opening(post: Path) -> str:
    """The first paragraph of a post in Markdown, as plain text. Raises InputError if it has none."""
    paragraphs = re.split(r"\n\s*\n", read_text(post))
    for text in paragraphs:
        if text.strip() and not re.match(r"\s*[#<|!\[-]", text):
            return " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", text).split())
    raise InputError(f"{post}: no paragraph")


def counts(claims: list[dict[str, Any]]) -> list[str]:
    """How many claims of each kind have which verdict, a line a kind; those that were not tested come last."""
    tallies = {kind: Ledger(claims).tally(kind) for kind in KINDS}
    return [
        f"{KINDS[kind]}: " + ", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count)
        for kind, tally in tallies.items()
        if tally
    ]


def latest() -> Path:
    """The ledger that was made last: results/STUDY/EXPERIMENT/claims.json. Raises InputError where there is none."""
    found = sorted(Path("results").glob("*/*/claims.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise InputError("results/STUDY/EXPERIMENT/claims.json: there is none here (make paper makes one)")
    return found[-1]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("id", nargs="*", help="claim ids; none lists them all")
    parser.add_argument("--claims", type=Path, help="claims.json; none: the one that was made last here")
    parser.add_argument(
        "--found", type=Path, metavar="POST", help="a post; its ledger lies beside its folder"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        if arguments.found:
            ledger = arguments.claims or arguments.found.parents[1] / "claims.json"
            told = [opening(arguments.found), *counts(read_json(ledger, list[dict[str, Any]]))]
            print("\n".join(textwrap.fill(line, 100, subsequent_indent="  ") for line in told))
            return
        path = arguments.claims or latest()
        claims = {claim["id"]: claim for claim in read_json(path, list[dict[str, Any]])}
        if not arguments.id:
            width = max(map(len, claims), default=0)
            for claim in claims.values():
                print(
                    f"{claim['id']:<{width}}  {said(claim['verdict'], claim['kind']):<15}  {claim['text'] or ''}".rstrip()
                )
        for wanted in arguments.id:
            if wanted not in claims:
                close = difflib.get_close_matches(wanted, claims, n=3)
                hint = f"; did you mean {', '.join(close)}?" if close else ""
                raise InputError(f"{path}: no claim {wanted!r}{hint}")
            print(describe(claims[wanted]))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
