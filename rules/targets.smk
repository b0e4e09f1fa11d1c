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


for study, plan in PLANS.items():
    for experiment in plan.settings.experiments:

        rule:
            name:
                target(study, experiment)
            input:
                lambda wildcards, s=study, e=experiment: experiment_files(s, e),
            localrule: True

        rule:
            name:
                f"release_{target(study, experiment)}"
            input:
                f"{plan.home(experiment)}/release.json",
            localrule: True


rule page:
    input:
        lambda wildcards: page_target(STUDY, main_experiment()),
    localrule: True


for stage, files in (("tables", table_files), ("figures", figure_files), ("report", report_files)):

    rule:
        name:
            stage
        input:
            lambda wildcards, f=files: f(STUDY, main_experiment()),
        localrule: True
