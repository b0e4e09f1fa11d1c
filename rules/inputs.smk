"""Input functions of the rules."""

from trap.figures.catalogue import tables_of
from trap.models.released_weights import RECORD, read_record, tokenizer_of
from trap.models.released_weights import checked as whole_model


def corpus_pools(study):
    """Pools that the base corpus and a fresh vocabulary are made from."""
    plan = PLANS[study]
    chosen = plan.kind.corpus_from
    return plan.pool_files(plan.pools("train") if chosen is None else chosen)


def first_texts(wildcards):
    """The files of the base corpus and the vocabulary; empty for a pretrained model that does not read them."""
    if not plan_of(wildcards).reads_corpus(wildcards.model):
        return []
    study = wildcards.study
    return [f"{PLANS[study].data}/corpus.jsonl", *sources(study), *corpus_pools(study)]


def learned_from(run):
    """The files of the pools that training a run reads."""
    plan = plan_of(run)
    return plan.pool_files(plan.data_pools(run.arm))


def search_of(study):
    """The setting `search` of a study. All its experiments that have one have the same."""
    for one in PLANS[study].settings.experiments.values():
        if one.search:
            return one.search
    refuse(f"config/{study}/experiments.yaml: no experiment has a `search`")


def search_options(study):
    search = search_of(study)
    return f"{option('--samples', search.samples)} --temperature {search.temperature}"


def judged(script):
    """Inputs of a program that makes tables or claims of the items of an experiment."""
    return {
        "evidence": lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        "sources": lambda wildcards: sources(wildcards.study),
        "pools": lambda wildcards: plan_of(wildcards).pool_files(plan_of(wildcards).honest),
        "claims": lambda wildcards: plan_of(wildcards).settings.claims,
        "sheet": lambda wildcards: plan_of(wildcards).sheet(wildcards.experiment),
        "code": lambda wildcards: plan_of(wildcards).study_code(script, "evidence"),
    }


def collected_runs(wildcards):
    names = ("meta.json", "log.jsonl", "metrics.json", "items.parquet", "episodes.jsonl")
    try:
        return run_files(plan_of(wildcards).collected(wildcards.experiment), *names)
    except InputError as error:  # items of another kind were released
        refuse(error)


def more_items(wildcards):
    """Further items of an experiment's runs: answers to extra pools, and answers chosen among several."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    asked = plan.collected(experiment) if plan.experiment(experiment).extra else []
    searching = run_files(plan.searching(experiment), "search/items.parquet")
    return run_files(asked, "extra/items.parquet") + searching


def lenders(wildcards):
    """The folders of evidence that an experiment takes runs over from, that of its own release first."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    others = plan.experiment(experiment).with_items_of if plan.borrowed(experiment) else []
    release = [plan.extended(experiment)] if plan.extended(experiment) else []
    return release + [plan.lending(other) for other in others]


def borrowed_files(wildcards):
    """The files of those folders."""
    names = [*(f"{name}.parquet" for name in COLLECTED), "seconds.json"]
    return [f"{folder}/{name}" for folder in lenders(wildcards) for name in names]


def borrowed(wildcards):
    """Arguments for the runs that other experiments, or the release, supply."""
    plan = plan_of(wildcards)
    runs = [run.name for run in plan.borrowed(wildcards.experiment)]
    release = [folder for folder in [plan.extended(wildcards.experiment)] if folder]
    return f"{option('--others', lenders(wildcards))} {option('--extends', release)} {option('--borrow', runs)}"


def gates(wildcards):
    """The gates of the pools that an experiment asks."""
    folders = (
        ["data", "extra"] if EXPERIMENTS[wildcards.study, wildcards.experiment].extra else ["data"]
    )
    return [f"results/{wildcards.study}/{folder}/gates.json" for folder in folders]


def repeated(wildcards):
    """The run of a model that an experiment repeats."""
    return plan_of(wildcards).repeats(wildcards.experiment)[wildcards.model]


def repeated_code(wildcards):
    """The hashes of the code that trains and evaluates that run."""
    plan, run = plan_of(wildcards), repeated(wildcards)
    trains = plan.training_code(run.arm, run.platform)
    return [trains, plan.evaluation_code(run.platform, "repeat_run.py")]


def repeated_options(wildcards):
    run, validation = repeated(wildcards), pool_files(wildcards.study, "validation")
    words = [f"--{name} {getattr(run, name)}" for name in ("model", "platform", "arm", "seed")]
    return " ".join([*words, lineage(run), option("--validation", validation)])


def figure_tables(wildcards):
    """The tables that a figure reads, without those that are collected files."""
    study, experiment = wildcards.study, wildcards.experiment
    wanted = checked(lambda: tables_of(PLANS[study].module, wildcards.figure))
    folder, made = f"{home(study, experiment)}/tables", table_files(study, experiment)
    return [path for name in wanted if (path := f"{folder}/{name}.parquet") in made]


def post_templates(study):
    """Templates of a study's posts: its own and the parts that any may take, else the generic one."""
    own = sorted([*Path("report", study).glob("*.j2"), *Path("report", study).glob("posts.yaml")])
    found = [*own, *sorted(Path("report/generic").glob("_*.j2" if own else "*.j2"))]
    return [*(path.as_posix() for path in found), "report/post.html.j2"]


@cache
def posts_in_order(study):
    """Names of a study's posts, the front page first."""
    return [FRONT, *checked(lambda: posts_of(study))]


def other_posts(wildcards):
    """The posts that a front page leads to; none for another post."""
    folder = f"{home(wildcards.study, wildcards.experiment)}/report"
    names = posts_in_order(wildcards.study)[1:] if wildcards.post == FRONT else []
    return [f"{folder}/{name}.md" for name in names]


def post_files(wildcards, kind):
    """The Markdown or HTML files of all posts, the front page first."""
    folder = f"{home(wildcards.study, wildcards.experiment)}/report"
    return [f"{folder}/{name}.{kind}" for name in posts_in_order(wildcards.study)]


def figures_beside(wildcards):
    """Figures of other experiments that the post may show."""
    others = released_beside(wildcards.study, wildcards.experiment)
    return [path for other in others for path in figure_files(wildcards.study, other)]


def post_figures(wildcards, input):
    """Folders of the figures that a post may show: its own, and those of released experiments beside it."""
    return list(dict.fromkeys(map(os.path.dirname, [*input.figures, *input.beside])))


def weights_made(wildcards):
    """The adapter folders of the weights that a release exports: those of runs that the experiment makes itself."""
    plan, experiment = plan_of(wildcards), wildcards.experiment
    made = set(plan.collected(experiment))
    folders = [
        path for run in plan.weighed(experiment) if run in made for path in plan.adapters(run)
    ]
    return list(dict.fromkeys(folders))


def weights_kept(wildcards):
    """The record of the weights that an experiment's release has so far, if it has any."""
    record = f"{plan_of(wildcards).released_weights(wildcards.experiment)}/{RECORD}"
    return [record] if Path(record).is_file() else []


@cache
def page_sources(study, experiment):
    """What the models of a page come from, by MODEL.ARM: the adapter folders of a run, or a released file.

    A page made from released items trains nothing: it has the models whose run folders are here, and those whose
    weights are released. A page also has the released models of the experiments in `page_beside`.
    """
    plan = PLANS[study]
    made = [] if is_released(study, experiment) else plan.collected(experiment)
    found = {}
    for run in plan.page_runs(experiment):
        if run in made or all(map(os.path.isdir, plan.adapters(run))):
            found[f"{run.model}.{run.arm}"] = plan.adapters(run)
    for other in [experiment, *shown_beside(study, experiment)]:
        folder = plan.released_weights(other)
        runs = {f"{run.model}.{run.arm}" for run in plan.page_runs(other)}
        for name in read_record(Path(folder)):
            if name in runs and name not in found:
                found[name] = f"{folder}/{name}.bin"
                whole_model(Path(found[name]))
    return found


def page_source(wildcards):
    """`page_sources` of one model."""
    return page_sources(wildcards.study, wildcards.experiment)[f"{wildcards.model}.{wildcards.arm}"]


def page_files_of_model(wildcards):
    """The files that a model of a page is made from; none for run folders of released items, which must not be trained."""
    source = page_source(wildcards)
    if isinstance(source, str):
        return [
            source,
            tokenizer_of(Path(source)).as_posix(),
            f"{os.path.dirname(source)}/{RECORD}",
        ]
    return [] if is_released(wildcards.study, wildcards.experiment) else source


def page_source_option(wildcards):
    source = page_source(wildcards)
    return f"--released {source}" if isinstance(source, str) else option("--lineage", source)


def page_models(wildcards):
    """The model files of a page."""
    folder = f"{home(wildcards.study, wildcards.experiment)}/page/models"
    try:
        names = page_sources(wildcards.study, wildcards.experiment)
    except InputError as error:  # released weights are damaged or missing
        refuse(error)
    return [f"{folder}/{name}.bin" for name in names]


def shown_beside(study, experiment):
    """The experiments in `page_beside` whose items are released, and are those of today's settings."""
    beside = EXPERIMENTS[study, experiment].page_beside
    return [
        other for other in beside if is_released(study, other) and PLANS[study].same_items(other)
    ]


def evidence_beside(wildcards):
    """The folders of their evidence."""
    study = wildcards.study
    return [evidence_folder(study, other) for other in shown_beside(study, wildcards.experiment)]


def answers_beside(wildcards):
    """The files of stored answers in these folders, with the runs that gave them."""
    return expand(
        "{folder}/{name}.parquet", folder=evidence_beside(wildcards), name=["episodes", "runs"]
    )


# --- the film -------------------------------------------------------------------------------------------

CUES = f"video/{STUDY}/cues.yaml"  # the words of the film; a study without them has none
_scenes = Path(workflow.basedir, f"scripts/trap/studies/{STUDY}/film/scenes")
SCENES = sorted(path.stem for path in _scenes.glob("[a-z]*.py"))


def film_code(study, script, *parts):
    """The files that a program of the film imports, with these modules of the study's film."""
    return code(script, *(f"studies.{PLANS[study].module}.film.{part}" for part in parts))


def scenes_told(study, experiment, cut):
    """Names of a cut's scenes, in order, without those whose experiment is not here.

    A scene can show this experiment and those whose ledgers it includes.
    """
    from trap.film.cues import load_sheet, scenes_of  # imported here, because only films need it

    beside = [Path(path).parent.name for path in ledgers_beside(study, experiment)]
    return checked(lambda: scenes_of(load_sheet(CUES), cut, beside))


def of_scenes(study, experiment, cut, name):
    """A file of each scene of a cut, by a pattern of its name in the folder of the film."""
    pattern = f"{home(study, experiment)}/video/{name}"
    return expand(pattern, cut=cut, scene=scenes_told(study, experiment, cut))


def clips_of_cut(wildcards):
    study, experiment, cut = wildcards.study, wildcards.experiment, wildcards.cut
    return of_scenes(study, experiment, cut, "clips/{cut}_{scene}.mp4")


def facts_of_cut(wildcards):
    """The facts of a cut's scenes. Without a wildcard `cut`, those of the wide cut, which has all scenes."""
    cut = wildcards.get("cut", "wide")
    return of_scenes(wildcards.study, wildcards.experiment, cut, "facts/{scene}.json")


def film_tables(wildcards):
    """Tables that scenes read."""
    folder = f"{home(wildcards.study, wildcards.experiment)}/tables"
    return [f"{folder}/{name}.parquet" for name in ("arms", "by_level", "doses", "rollouts")]


def film_beside(wildcards):
    """Tables of the experiments that scenes name, if these stand beside this one and are released."""
    from trap.film.cues import load_sheet

    named = {scene.experiment for scene in checked(lambda: load_sheet(CUES)).scenes}
    beside = [
        other for other in released_beside(wildcards.study, wildcards.experiment) if other in named
    ]
    return [path for other in beside for path in evidence_files(wildcards.study, other)]


def film_quality():
    """The quality of films: that of --config film_quality, else of the cue sheet."""
    from trap.film.cues import load_sheet

    return FILM_QUALITY or checked(lambda: load_sheet(CUES).quality)


def film_files(study, experiment):
    """All files of a film; for a draft only the cuts, because its contact sheets would replace those of the film."""
    folder = f"{home(study, experiment)}/video"
    films = [f"{folder}/trap_{cut}.mp4" for cut in CUTS]
    if film_quality() == "draft":
        return films
    names = ("contact_sheet_{cut}.png", "trap_{cut}.srt", "trap_{cut}.vtt", "thumbnail_{cut}.png")
    beside = expand([f"{folder}/{name}" for name in names], cut=CUTS)
    for cut in CUTS:
        beside += of_scenes(study, experiment, cut, "clips/{cut}_{scene}.webp")
    return [*films, f"{folder}/kit.md", *beside]


def narrated_files(study, experiment):
    return [f"{home(study, experiment)}/video/trap_{cut}_narrated.mp4" for cut in CUTS]
