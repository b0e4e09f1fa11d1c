"""The trap against model size: a size of the workflow of its own, made only when asked for (`snakemake scaling`).

needs  evaluated runs of the models and arms of `sizes.scaling`, or the committed items that stand for them
makes  results/scaling/scaling.{parquet, md, light.svg, …}; results/scaling/tables/ is made as for every size
"""

from trap.workflow.plan import canonical, set_values


localrules:
    scaling,


rule scaling:
    input:
        four("results/scaling/scaling"),


rule compare_sizes:
    input:
        item_rows=lambda wildcards: scaling_items(),
        graph=f"{DATA}/kg.json",
        claims=SETTINGS.claims,
        code=lambda wildcards: code("compare_sizes.py"),
    output:
        table="results/scaling/scaling.parquet",
        text="results/scaling/scaling.md",
        figures=four("results/scaling/scaling"),
    log:
        "results/logs/compare_sizes.log",
    benchmark:
        "results/benchmarks/compare_sizes.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
        config=CONFIG,
    params:
        folder=subpath(output.table, parent=True),
        models=lambda wildcards: list(PLAN.size("scaling").models),
        shapes=lambda wildcards: [
            canonical(set_values(SETTINGS.models[name])) for name in PLAN.size("scaling").models
        ],
        platform=SETTINGS.platform,
    message:
        "Compare model sizes"
    shell:
        "python scripts/compare_sizes.py --config {resources.config} --claims {input.claims} --graph {input.graph}"
        " --models {params.models} --platform {params.platform} --items {input.item_rows}"
        " --output {params.folder} &> {log}"
