"""Evidence: all runs' items in one table, then claims and tables.

needs  the runs of a size, config/claims.yaml
makes  {evidence}/tables/*.parquet, {evidence}/tables/*.md, {evidence}/claims.json

Where committed items stand for the full size's runs (see PLAN.adopted), collect_runs makes only the
default size: the committed tables are then source files, and a missing run folder trains nothing.
"""


rule collect_runs:
    input:
        runs=lambda wildcards: run_files(
            PLAN.size_of(wildcards.evidence), "meta.json", "log.jsonl", "metrics.json", "items.parquet"
        ),
        code=lambda wildcards: code("collect_runs.py"),
    output:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        curves="{evidence}/tables/curves.parquet",
    wildcard_constraints:
        evidence=collected_here(),
    log:
        "{evidence}/logs/collect_runs.log",
    benchmark:
        "{evidence}/benchmarks/collect_runs.jsonl"
    params:
        folders=lambda wildcards: [run.folder for run in PLAN.runs(PLAN.size_of(wildcards.evidence))],
    threads: 1
    resources:
        mem_mb=3000,
    message:
        "Collect the items of all runs: {wildcards.evidence}"
    shell:
        "python scripts/collect_runs.py --runs {params.folders} --output {output.item_rows}"
        " --runs-output {output.runs} --curves-output {output.curves} &> {log}"
