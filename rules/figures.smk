"""Figures: each in both themes, as vectors and as pixels.

needs  results/{study}/{experiment}/{claims.json, tables/}, config/STUDY/figures.yaml where there is one
makes  results/{study}/{experiment}/figures/{figure}.{light, dark}.{svg, png}
"""


wildcard_constraints:
    figure=names(figure for one in EXPERIMENTS.values() for figure in one.figures),


rule plot_figure:
    input:
        claims=lambda wildcards: ledger(wildcards.study, wildcards.experiment),
        tables=figure_tables,
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        settings=lambda wildcards: plan_of(wildcards).settings.figures or [],
        code=lambda wildcards: plan_of(wildcards).figure_code(wildcards.figure),
    output:
        four("results/{study}/{experiment}/figures/{figure}")[1:],
        shown=report(
            "results/{study}/{experiment}/figures/{figure}.light.svg",
            caption="../report/captions/plot_figure.rst",
            category="Figures",
            subcategory="{study}",
        ),
    params:
        home=lambda wildcards: home(wildcards.study, wildcards.experiment),
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
        claims=lambda wildcards, input: option("--claims", input.claims),
    message:
        "Draw {wildcards.figure}: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/plot_figure.py {wildcards.figure} --config {resources.config}"
        " --study {wildcards.study} --experiment {wildcards.experiment} {params.claims}"
        " --tables {params.home}/tables --evidence {params.evidence}"
        " --output-dir {params.home}/figures &> {log}"
