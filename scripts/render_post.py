"""Render the post of an experiment from claims and tables: as Markdown, and as one self-contained HTML file.

    python scripts/render_post.py --study hops --experiment full --claims claims.json --tables tables --figures figures \\
        --evidence results/released/hops/full --output report/post.md --html report/post.html

The template is report/STUDY/post.md.j2, else report/generic/post.md.j2. A study with several posts names them in
report/STUDY/posts.yaml; `--post NAME` renders one of them from report/STUDY/NAME.md.j2, and `post` is their front page.
A study's module `post` can add names to its templates with a function `context(tables) -> dict`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.figures.opening import module_of, open_evidence
from trap.files import write_text
from trap.report.about import about, own_context
from trap.report.html import self_contained
from trap.report.post import render_markdown
from trap.report.posts import FRONT, ROOT, posts_of, template_of
from trap.site.links import read_links
from trap.workflow.config import load_config
from trap.workflow.opening import study_settings

PAGE = ROOT / "report" / "post.html.j2"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="the study's name in the settings")
    parser.add_argument("--experiment", help="the experiment that the post is about")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="folders of the figures")
    parser.add_argument("--evidence", type=Path, help="folder of collected runs, with provenance.json")
    parser.add_argument("--data", type=Path, help="the study's shared files (default: results/STUDY/data)")
    parser.add_argument("--post", default=FRONT, help="which of the study's posts (default: its front page)")
    parser.add_argument("--links", type=Path, help="what the posts link, as config/page.yaml names it")
    parser.add_argument("--template", type=Path, help="another template for the Markdown")
    parser.add_argument("--output", type=Path, required=True, help="post.md")
    parser.add_argument("--html", type=Path, help="post.html, one file that makes no network requests")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        module = module_of(study_settings(config, args.study), args.study)
        evidence = open_evidence(config, args.study, args.experiment, args.claims, args.tables, args.evidence)
        posts = [{"name": name, "title": title} for name, title in posts_of(args.study).items()]
        names = [FRONT, *(one["name"] for one in posts)]
        places = {
            "post": args.post,
            "posts": posts,
            "after": dict(zip(names, posts, strict=False)).get(args.post),
            "links": read_links(args.links).around(),
        }
        text = render_markdown(
            args.template or template_of(args.study, args.post), evidence, args.figures,
            args.evidence / "provenance.json" if args.evidence else None, args.output.parent,
            about(config, args.study, args.experiment, evidence, args.data) | own_context(module, args.tables) | places,
        )  # fmt: skip
        write_text(args.output, text)
        if args.html:
            write_text(args.html, self_contained(text, PAGE, args.output.parent))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
