"""Input functions of the rules."""

from trap.figures.catalogue import tables_of


def corpus_pools(study):
    """Pools that the base corpus and a fresh vocabulary are made from."""
    chosen = PLANS[study].kind.corpus_from
    return pool_files(study, "train") if chosen is None else named_pools(study, chosen)


def first_texts(wildcards):
    """The files of the base corpus and the vocabulary; empty for a pretrained model that does not read them."""
    if not plan_of(wildcards).reads_corpus(wildcards.model):
        return []
    study = wildcards.study
    return [f"{PLANS[study].data}/corpus.jsonl", *sources(study), *corpus_pools(study)]


def search_of(study):
    """The setting `search` of a study. All its experiments that have one have the same."""
    found = [one.search for one in PLANS[study].settings.experiments.values() if one.search]
    return (
        found[0]
        if found
        else refuse(f"config/{study}/experiments.yaml: no experiment has a `search`")
    )


def more_items(wildcards):
    """Further items of an experiment's runs: answers to extra pools, and answers chosen among several."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    extra = plan.experiment(experiment).extra
    asked = (
        [f"{run.folder}/extra/items.parquet" for run in plan.collected(experiment)] if extra else []
    )
    return asked + [f"{run.folder}/search/items.parquet" for run in plan.searching(experiment)]


def lenders(wildcards):
    """The folders of evidence that an experiment borrows runs from."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    others = plan.experiment(experiment).with_items_of if plan.borrowed(experiment) else []
    return [evidence_folder(wildcards.study, other) for other in others]


def borrowed_files(wildcards):
    """The files of those folders."""
    names = (*(f"{name}.parquet" for name in COLLECTED), "seconds.json")
    return [f"{folder}/{name}" for folder in lenders(wildcards) for name in names]


def borrowed(wildcards):
    """Arguments for the runs that other experiments supply."""
    runs = [run.name for run in plan_of(wildcards).borrowed(wildcards.experiment)]
    return " ".join(["--others", *lenders(wildcards), "--borrow", *runs] if runs else [])


def gates(wildcards):
    """The gates of the pools that an experiment asks."""
    extra = plan_of(wildcards).experiment(wildcards.experiment).extra
    folders = ["data", *(["extra"] if extra else [])]
    return [f"results/{wildcards.study}/{folder}/gates.json" for folder in folders]


def repeated(wildcards):
    """The run of a model that is done twice for an experiment."""
    return plan_of(wildcards).repeats(wildcards.experiment)[wildcards.model]


def claims_inputs(study):
    """Files that a study's own measures of claims read besides items and pools."""
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
    """Templates of a study's post: its own, else the generic one, which needs only tables and claims."""
    own = sorted(Path("report", study).glob("*.j2"))
    found = own or sorted(Path("report/generic").glob("*.j2"))
    return [*(path.as_posix() for path in found), "report/post.html.j2"]


def post_figures(wildcards):
    """Folders of the figures that a post may show, its own first."""
    study, experiment = wildcards.study, wildcards.experiment
    files = [*figure_files(study, experiment), *figures_beside(study, experiment)]
    return list(dict.fromkeys(Path(path).parent.as_posix() for path in files))


def target(study, experiment):
    return experiment if study == STUDY else f"{study}_{experiment}"


PAGE_SEED = 1


def page_lineage(wildcards):
    """Adapter folders of the lineage of a run that a page shows, the base first."""
    plan = plan_of(wildcards)
    platform = plan.experiment(wildcards.experiment).platform or SETTINGS.platform
    return [
        f"{Run(wildcards.study, wildcards.model, platform, arm, plan.seed_of(arm, PAGE_SEED)).folder}/adapter"
        for arm in plan.lineage(wildcards.arm)
    ]


def page_adapters(wildcards):
    """`page_lineage` as inputs. Empty where a page is made from released items, because nothing is trained then."""
    released = evidence_folder(wildcards.study, wildcards.experiment).startswith(RELEASED)
    return [] if released else page_lineage(wildcards)


def page_models(wildcards):
    """The model files of a page. Only studies whose page runs models have them, and only models of torch are run."""
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


# --- the film -------------------------------------------------------------------------------------------

CUES = f"video/{STUDY}/cues.yaml"  # the words of the film; a study without them has none
SCENES = sorted(
    path.stem
    for path in Path(workflow.basedir, f"scripts/trap/studies/{STUDY}/film/scenes").glob(
        "[a-z]*.py"
    )
)


def film_code(study, script, *parts):
    """The files that a program of the film and those parts of the study's film can import."""
    return code(script, *(f"studies.{PLANS[study].module}.film.{part}" for part in parts))


def film_folder(wildcards):
    return f"{home(wildcards.study, wildcards.experiment)}/video"


def told_beside(study, experiment):
    """Experiments whose results a scene may show: this one, and those whose ledgers it takes in."""
    return [Path(path).parent.name for path in ledgers_beside(study, experiment)]


def scenes_told(study, experiment, cut):
    """Names of a cut's scenes, in order, without those that show an experiment that is not here."""
    from trap.film.cues import load_sheet, scenes_of  # not for those who make no film

    return checked(lambda: scenes_of(load_sheet(CUES), cut, told_beside(study, experiment)))


def scenes(wildcards, cut):
    return scenes_told(wildcards.study, wildcards.experiment, cut)


def film_tables(wildcards):
    """Tables that scenes read."""
    folder = f"{home(wildcards.study, wildcards.experiment)}/tables"
    return [f"{folder}/{name}.parquet" for name in ("arms", "by_level", "doses", "rollouts")]


def film_quality():
    """The quality of films: that of --config film_quality, else of the cue sheet."""
    from trap.film.cues import load_sheet

    return FILM_QUALITY or checked(lambda: load_sheet(CUES).quality)


def film_files(study, experiment):
    """All files of a film. Of a draft only the cuts: its contact sheets would overwrite those of the film."""
    folder = f"{home(study, experiment)}/video"
    films = [f"{folder}/trap_{cut}.mp4" for cut in CUTS]
    if film_quality() == "draft":
        return films
    beside = [
        f"{folder}/{name}"
        for cut in CUTS
        for name in (
            f"contact_sheet_{cut}.png",
            f"trap_{cut}.srt",
            f"trap_{cut}.vtt",
            f"thumbnail_{cut}.png",
        )
    ]
    clips = [
        f"{folder}/clips/{cut}_{scene}.webp"
        for cut in CUTS
        for scene in scenes_told(study, experiment, cut)
    ]
    return [*films, *beside, f"{folder}/kit.md", *clips]
