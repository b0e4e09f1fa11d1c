"""Named targets: stages of the main study's default experiment, and every experiment by its name.

An experiment of the main study is called by its name (`snakemake full`), one of another study by both
(`snakemake STUDY_NAME`). With `release_` before it, a target copies what the runs gave to results/released/.
"""


localrules:
    fetch_model,
    release_items,
    all,


TARGETS = {}  # name: files, as a list or as a function of the wildcards

for stage, made in {
    "data": [f"{PLAN.data}/corpus.jsonl", *pool_files(STUDY)],
    "train": run_files(PLAN.collected(DEFAULT), "meta.json"),
    "evaluate": run_files(PLAN.collected(DEFAULT), "metrics.json"),
}.items():
    TARGETS[stage] = [f"{PLAN.data}/gates.json", *made]

for stage, files in {
    "tables": table_files,
    "figures": figure_files,
    "report": report_files,
    "page": page_files,
    **({"film": film_files, "film_narrated": narrated_files} if SCENES else {}),
}.items():
    TARGETS[stage] = lambda wildcards, files=files: files(STUDY, main_experiment())

for study, experiment in EXPERIMENTS:
    target = experiment if study == STUDY else f"{study}_{experiment}"
    TARGETS[target] = lambda wildcards, s=study, e=experiment: experiment_files(s, e)
    TARGETS[f"release_{target}"] = f"{home(study, experiment)}/release.json"

for target, files in TARGETS.items():

    rule:
        name:
            target
        input:
            files,
        localrule: True
