"""Render the blog report, Markdown and one self-contained HTML file, from claims and tables only."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import write_text
from trap.report.html import self_contained
from trap.report.post import render_markdown

TEMPLATE = Path(__file__).resolve().parent.parent / "report" / "post.md.j2"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="folders of the figures")
    parser.add_argument("--provenance", type=Path, help="provenance.json: hardware, commands, seconds")
    parser.add_argument("--template", type=Path, default=TEMPLATE, help="jinja template of the Markdown")
    parser.add_argument("--output", type=Path, required=True, help="post.md")
    parser.add_argument("--html", type=Path, help="post.html, one file without outside requests")
    args = parser.parse_args(argv)

    def body() -> None:
        text = render_markdown(
            args.template, args.claims, args.tables, args.figures, args.provenance, beside=args.output.parent
        )
        write_text(args.output, text)
        if args.html:
            page = args.template.parent / "post.html.j2"
            write_text(args.html, self_contained(text, page, args.output.parent))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
