"""The paper as a workflow: items, training, evaluation, claims, tables, figures, report, page, film.

snakemake --cores all                # the default experiment of the main study: 3 seeds, the arms that the story needs
snakemake --cores all full           # an experiment of the main study by its name: every arm, 10 seeds
snakemake --cores all STUDY_NAME     # an experiment of another study
snakemake --cores all release_full   # copy what its runs gave to results/released/, to be committed
snakemake --cores all results/hops/runs/nano/torch/rsft_hard/s1/metrics.json
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


# Rules run in the environment that Snakemake itself runs in (`make paper` builds it); the image is
# for those who add `--software-deployment-method apptainer` and install requirements/ into it.
container: "docker://python:3.13-slim"


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/evidence.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/page.smk"


if SCENES:  # not every study has a film

    include: "rules/video.smk"


for module in sorted({plan.module for plan in PLANS.values()}):  # what only one study has
    if rules_of(module):

        include: rules_of(module)


include: "rules/targets.smk"
include: "rules/defaults.smk"


rule all:
    default_target: True
    input:
        experiment_files(STUDY, DEFAULT),
