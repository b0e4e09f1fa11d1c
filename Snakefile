"""The paper as a workflow: data, training, evaluation, claims, tables, figures, report.

snakemake --cores all                # the default size: 3 seeds, the arms that the story needs
snakemake --cores all full           # the committed size: every arm, 10 seeds
snakemake --cores all grpo           # a grid: policy gradients and expert iteration
snakemake --cores all ignition       # a grid: how many hard traces it takes
snakemake --cores all results/hops/nano/torch/rsft_hard/s1/metrics.json
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
include: "rules/pretrained.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/grids.smk"
include: "rules/report.smk"
include: "rules/page.smk"
include: "rules/video.smk"
include: "rules/published.smk"
include: "rules/platforms.smk"
include: "rules/far.smk"
include: "rules/scaling.smk"


localrules:
    fetch_model,
    all,
    full,
    grpo,
    ignition,
    way_out,
    positions,
    data,
    train,
    evaluate,
    tables,
    figures,
    report,
    page,


rule all:
    default_target: True
    input:
        everything("default"),


rule full:
    input:
        lambda wildcards: everything("full"),


rule grpo:
    input:
        lambda wildcards: grid_files("grpo"),


rule ignition:
    input:
        lambda wildcards: grid_files("ignition"),


rule way_out:
    input:
        lambda wildcards: grid_files("way_out"),


rule positions:
    input:
        lambda wildcards: grid_files("positions"),


rule data:
    input:
        data_files(),


rule train:
    input:
        f"{DATA}/audit.json",
        run_files("default", "meta.json"),


rule evaluate:
    input:
        f"{DATA}/audit.json",
        run_files("default", "metrics.json"),


rule tables:
    input:
        table_files("results"),


rule figures:
    input:
        figure_files("results"),


rule report:
    input:
        report_files("results"),


rule page:
    input:
        page_target("results"),
