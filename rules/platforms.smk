"""Platforms side by side, and model cards: made only where somebody asks for them.

needs  evaluated runs of the platform in the settings (or the committed items), and of another one on disk
makes  results/platforms/platforms.{parquet, md, light.svg, …},
       results/{study}/{model}/{platform}/{arm}/s{seed}/README.md
"""


rule compare_platforms:
    input:
        here=lambda wildcards: (
            "results/tables/items.parquet"
            if is_adopted("results")
            else run_files("default", "items.parquet")
        ),
        elsewhere=lambda wildcards: items_elsewhere(),
        claims=SETTINGS.claims,
        code=lambda wildcards: code("compare_platforms.py"),
    output:
        table="results/platforms/platforms.parquet",
        text="results/platforms/platforms.md",
        figures=four("results/platforms/platforms"),
    log:
        "results/logs/compare_platforms.log",
    benchmark:
        "results/benchmarks/compare_platforms.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        folder=subpath(output.table, parent=True),
    message:
        "Compare platforms"
    shell:
        "python scripts/compare_platforms.py --claims {input.claims} --items {input.here} {input.elsewhere}"
        " --output {params.folder} &> {log}"


# Claims as they are committed: a card of one run is no reason to make all the others.
rule write_model_card:
    input:
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
        metrics="results/{study}/{model}/{platform}/{arm}/s{seed}/metrics.json",
        template="report/cards/model_card.md.j2",
        code=lambda wildcards: code("write_model_card.py"),
    output:
        card="results/{study}/{model}/{platform}/{arm}/s{seed}/README.md",
    log:
        "results/logs/write_model_card/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/write_model_card/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    threads: 1
    resources:
        mem_mb=500,
    params:
        folder=subpath(output.card, parent=True),
    message:
        "Write the model card of {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/write_model_card.py {params.folder} &> {log}"
