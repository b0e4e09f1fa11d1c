"""Named targets: stages of the main study's default experiment, and every experiment by its name.

An experiment of the main study is called by its name (`snakemake full`), one of another study by both
(`snakemake STUDY_NAME`). With `release_` before it, a target copies what the runs gave to results/released/.
"""


localrules:
    fetch_model,
    release_items,
    all,


def add_target(target, files):
    """A rule of this name that asks for the files: a list, or a function of the wildcards."""

    rule:
        name:
            target
        input:
            files,
        localrule: True


for stage, made in {
    "data": [f"{PLAN.data}/corpus.jsonl", *pool_files(STUDY)],
    "train": run_files(PLAN.collected(DEFAULT), "meta.json"),
    "evaluate": run_files(PLAN.collected(DEFAULT), "metrics.json"),
}.items():
    add_target(stage, [f"{PLAN.data}/gates.json", *made])

for stage, files in {
    "tables": table_files,
    "figures": figure_files,
    "report": report_files,
    "page": page_files,
    **({"film": film_files, "film_narrated": narrated_files} if SCENES else {}),
}.items():
    add_target(stage, lambda wildcards, files=files: files(STUDY, main_experiment()))

for study, experiment in EXPERIMENTS:
    target = experiment if study == STUDY else f"{study}_{experiment}"
    add_target(target, lambda wildcards, s=study, e=experiment: experiment_files(s, e))
    add_target(f"release_{target}", f"{home(study, experiment)}/release.json")
