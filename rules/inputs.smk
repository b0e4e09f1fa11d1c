"""What rules take in that is more than a file name: functions only."""


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


def figure_settings(wildcards):
    path = plan_of(wildcards).settings.figures
    return [path] if path else []


def post_templates(study):
    """Templates of a study's post: its own, else the one that needs nothing but tables and claims."""
    own = sorted(Path("report", study).glob("*.j2"))
    found = own or sorted(Path(workflow.basedir, "report/generic").glob("*.j2"))
    return [path.as_posix() for path in found]


def post_figures(wildcards):
    """Folders of the figures that a post may show, its own first."""
    study, experiment = wildcards.study, wildcards.experiment
    files = [*figure_files(study, experiment), *figures_beside(study, experiment)]
    return list(dict.fromkeys(Path(path).parent.as_posix() for path in files))


def target(study, experiment):
    return experiment if study == STUDY else f"{study}_{experiment}"
