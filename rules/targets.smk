"""Named targets: stages of the main study's default experiment, and every experiment by its name.

An experiment of the main study is called by its name (`snakemake full`), one of another study by both
(`snakemake STUDY_NAME`). With `release_` before it, a target copies what the runs gave to results/released/.
"""


localrules:
    fetch_model,
    release_items,
    all,
    data,
    train,
    evaluate,


rule data:
    input:
        f"{PLAN.data}/gates.json",
        f"{PLAN.data}/corpus.jsonl",
        pool_files(STUDY),


rule train:
    input:
        f"{PLAN.data}/gates.json",
        run_files(STUDY, DEFAULT, "meta.json"),


rule evaluate:
    input:
        f"{PLAN.data}/gates.json",
        run_files(STUDY, DEFAULT, "metrics.json"),


for study, experiment in EXPERIMENTS:
    target = experiment if study == STUDY else f"{study}_{experiment}"

    rule:
        name:
            target
        input:
            lambda wildcards, s=study, e=experiment: experiment_files(s, e),
        localrule: True

    rule:
        name:
            f"release_{target}"
        input:
            f"{home(study, experiment)}/release.json",
        localrule: True


STAGES = {
    "tables": table_files,
    "figures": figure_files,
    "report": report_files,
    "page": page_files,
}

for stage, files in STAGES.items():

    rule:
        name:
            stage
        input:
            lambda wildcards, f=files: f(STUDY, main_experiment()),
        localrule: True
