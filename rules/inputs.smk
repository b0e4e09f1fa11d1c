"""What rules take in that is more than a file name: functions only."""

from trap.figures.catalogue import tables_of


def corpus_pools(study):
    """Pools that the base corpus and a fresh vocabulary are made from."""
    chosen = PLANS[study].kind.corpus_from
    return pool_files(study, "train") if chosen is None else named_pools(study, chosen)


def first_texts(wildcards):
    """What a model that is trained here learns first, and what its vocabulary is made from."""
    if not plan_of(wildcards).trained_here(wildcards.model):
        return []
    study = wildcards.study
    return [f"{PLANS[study].data}/corpus.jsonl", *sources(study), *corpus_pools(study)]


def search_of(study):
    """How runs of a study choose among answers: one setting of all its experiments that ask for it."""
    found = [one.search for one in PLANS[study].settings.experiments.values() if one.search]
    return (
        found[0]
        if found
        else refuse(f"config/{study}/experiments.yaml: no experiment has a `search`")
    )


def more_items(wildcards):
    """What the runs of an experiment answered besides: extra pools, and by choosing among several answers."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    extra = plan.experiment(experiment).extra
    asked = (
        [f"{run.folder}/extra/items.parquet" for run in plan.collected(experiment)] if extra else []
    )
    return asked + [f"{run.folder}/search/items.parquet" for run in plan.searching(experiment)]


def gates(wildcards):
    """The gates of the pools that an experiment asks."""
    extra = plan_of(wildcards).experiment(wildcards.experiment).extra
    folders = ["data", *(["extra"] if extra else [])]
    return [f"results/{wildcards.study}/{folder}/gates.json" for folder in folders]


def repeated(wildcards):
    """The run of a model that is done twice for an experiment."""
    return plan_of(wildcards).repeats(wildcards.experiment)[wildcards.model]


def claims_inputs(study):
    """Files that a study's own measures of claims read, beside items and pools."""
    return OWN_CLAIMS[study]() if study in OWN_CLAIMS else []


def figure_tables(study, experiment, figure):
    """The tables that a figure reads, as far as the experiment has them; what else it reads is evidence."""
    wanted = checked(lambda: tables_of(PLANS[study].module, figure))
    files = {
        Path(path).stem: path
        for path in table_files(study, experiment)
        if path.endswith(".parquet")
    }
    return [files[name] for name in wanted if name in files]


def figure_settings(wildcards):
    path = plan_of(wildcards).settings.figures
    return [path] if path else []


def post_templates(study):
    """Templates of a study's post: its own, else the one that needs nothing but tables and claims."""
    own = sorted(Path("report", study).glob("*.j2"))
    found = own or sorted(Path(workflow.basedir, "report/generic").glob("*.j2"))
    return [
        *(path.as_posix() for path in found),
        Path(workflow.basedir, "report/post.html.j2").as_posix(),
    ]


def post_figures(wildcards):
    """Folders of the figures that a post may show, its own first."""
    study, experiment = wildcards.study, wildcards.experiment
    files = [*figure_files(study, experiment), *figures_beside(study, experiment)]
    return list(dict.fromkeys(Path(path).parent.as_posix() for path in files))


def target(study, experiment):
    return experiment if study == STUDY else f"{study}_{experiment}"


PAGE_SEED = 1


def page_lineage(wildcards):
    """Adapter folders whose weights build up to the run that a page shows, the base's first."""
    plan = plan_of(wildcards)
    platform = plan.experiment(wildcards.experiment).platform or SETTINGS.platform
    return [
        f"{Run(wildcards.study, wildcards.model, platform, arm, plan.seed_of(arm, PAGE_SEED)).folder}/adapter"
        for arm in plan.lineage(wildcards.arm)
    ]


def page_adapters(wildcards):
    """The same as inputs; none where nothing may be trained for a page."""
    released = evidence_folder(wildcards.study, wildcards.experiment).startswith(RELEASED)
    return [] if released else page_lineage(wildcards)


def page_models(wildcards):
    """The model files of a page, for a study whose page runs one. It computes what the platform torch trains."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    if not plan.kind.page_runs_models or SETTINGS.platform != "torch":
        return []
    released = evidence_folder(wildcards.study, experiment).startswith(RELEASED)
    runs = [run for run in plan.runs(experiment) if run.seed == PAGE_SEED]
    if released:
        runs = [
            run
            for run in runs
            if all(
                Path(job_run(run, arm).folder, "adapter").is_dir() for arm in plan.lineage(run.arm)
            )
        ]
    return [f"{home(run.study, experiment)}/page/models/{run.model}.{run.arm}.bin" for run in runs]
