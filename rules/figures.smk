"""Figures: each in both themes, as vectors and as pixels.

needs  results/{study}/{experiment}/{claims.json, tables/}, config/STUDY/figures.yaml where there is one
makes  results/{study}/{experiment}/figures/{figure}.{light, dark}.{svg, png}
"""


wildcard_constraints:
    figure=names(
        name
        for plan in PLANS.values()
        for one in plan.settings.experiments.values()
        for name in one.figures
    ),


rule plot_figure:
    input:
        claims=lambda wildcards: ledger(wildcards.study, wildcards.experiment),
        tables=lambda wildcards: figure_tables(
            wildcards.study, wildcards.experiment, wildcards.figure
        ),
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        settings=figure_settings,
        code=lambda wildcards: plan_of(wildcards).figure_code(wildcards.figure),
    output:
        *plain("results/{study}/{experiment}/figures/{figure}"),
        shown=report(
            "results/{study}/{experiment}/figures/{figure}.light.svg",
            caption="../report/captions/plot_figure.rst",
            category="Figures",
            subcategory="{study}",
        ),
    log:
        "results/logs/plot_figure/{study}.{experiment}.{figure}.log",
    benchmark:
        "results/benchmarks/plot_figure/{study}.{experiment}.{figure}.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
        config=CONFIG,
    params:
        home=lambda wildcards: home(wildcards.study, wildcards.experiment),
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
        claims=lambda wildcards, input: " ".join(
            ["--claims", *input.claims] if input.claims else []
        ),
    message:
        "Draw {wildcards.figure}: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/plot_figure.py {wildcards.figure} --config {resources.config}"
        " --study {wildcards.study} --experiment {wildcards.experiment} {params.claims}"
        " --tables {params.home}/tables --evidence {params.evidence}"
        " --output-dir {params.home}/figures &> {log}"
