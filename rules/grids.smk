"""Grids of experiments: sizes with a sheet of their own, and the table and the figure that only they have.

needs  {evidence}/tables/, {evidence}/claims.json, the sheet of the size
makes  results/grpo/tables/rewards.{parquet, md}, results/ignition/figures/ignition.{light, dark}.{svg, png}
"""


rule tabulate_rewards:
    input:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        claims=SETTINGS.claims,
        arms=sheet_behind,
        code=lambda wildcards: code("tabulate_rewards.py"),
    output:
        table="{evidence}/tables/rewards.parquet",
        text=shown("{evidence}/tables/rewards.md", "tabulate_rewards", "Tables"),
    log:
        "{evidence}/logs/tabulate_rewards.log",
    benchmark:
        "{evidence}/benchmarks/tabulate_rewards.jsonl"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        folder=subpath(output.table, parent=True),
    message:
        "Tabulate what each reward trains: {wildcards.evidence}"
    shell:
        "python scripts/tabulate_rewards.py --claims {input.claims} --items {input.item_rows}"
        " --runs {input.runs} --arms {input.arms} --output {params.folder} &> {log}"


use rule plot_trap as plot_ignition with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_ignition.py"),
    output:
        *plain("{evidence}/figures/ignition"),
        light=shown("{evidence}/figures/ignition.light.svg", "plot_ignition", "Figures"),
    log:
        "{evidence}/logs/plot_ignition.log",
    benchmark:
        "{evidence}/benchmarks/plot_ignition.jsonl"
    params:
        script="plot_ignition",
    message:
        "Draw how many hard traces it takes: {wildcards.evidence}"
