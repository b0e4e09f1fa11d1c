#!/usr/bin/env bash
# Everything that a single card can say, in less than ten minutes, each part with a log of its own.
#
#     bash benchmarks/gpu.sh FOLDER            # in an environment with benchmarks/requirements.txt and torch for CUDA
#     bash benchmarks/gpu.sh FOLDER --tiny     # each part on a processor with tiny shapes, to see that it runs
#
# Parts: SFT, sampling and GRPO at the shape of SmolLM2-135M beside TRL and transformers; the reference trajectory; the
# tests of Unsloth, where it is installed; a short run of the workflow. One that fails does not stop the others.
set -uo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 1 ] || { sed -n '2,9p' "$0"; exit 2; }
mkdir -p "$1" && folder="$(cd "$1" && pwd)"
device=cuda model=smollm2_135m seconds=20
[ "${2:-}" = --tiny ] && device=cpu model=nano seconds=1
python="${PYTHON:-python}"
export PYTHONUTF8=1 PYTHONPATH="scripts:tests" TOKENIZERS_PARALLELISM=false
failed=0

part() { # NAME, the most seconds it may take, the command
    local name="$1" most="$2" began=$SECONDS
    shift 2
    if timeout "$most" "$@" > "$folder/$name.log" 2>&1; then said=done; else said="FAILED ($?)"; failed=1; fi
    printf '%-12s %-14s %4d s   %s\n' "$name" "$said" $((SECONDS - began)) "$folder/$name.log"
}

machine() {
    if [ "$device" = cuda ]; then nvidia-smi; fi
    "$python" -c 'import sys, torch; print(sys.version, torch.__version__, torch.version.cuda, torch.cuda.is_available())'
    "$python" -m pip list --format freeze | grep -iE '^(torch|transformers|trl|peft|unsloth|bitsandbytes|triton)' || true
}

short_run() { # in a copy, so that it touches no results
    local copy="$folder/run"
    rm -rf "$copy" && mkdir -p "$copy/results/released/hops"
    cp -r Snakefile rules scripts config profiles report "$copy/" || return 1
    cp -r results/released/hops/published "$copy/results/released/hops/" || return 1
    cd "$copy" && "$python" -m snakemake --cores 2 --resources gpu=1 --configfile config/test/config.yaml \
        --config "device=$device" items=local -- results/hops/runs/nano/torch/rsft_hard/s1/metrics.json
}

export -f machine short_run
export device python folder
part machine 30 bash -c machine
for name in fit sample grpo; do
    part "$name" 130 "$python" benchmarks/run.py "$name" --seconds "$seconds" --device "$device" --model "$model" \
        --output "$folder"
done
part trajectory 40 "$python" tests/trajectory.py --compare "$device"
if "$python" -c 'import sys; from importlib.util import find_spec; sys.exit(not find_spec("unsloth"))'; then
    part unsloth 90 "$python" -m pytest -q -p no:cacheprovider -m gpu tests/test_unsloth.py
else
    echo "unsloth      not installed (requirements/unsloth.txt)"
fi
part hops 110 bash -c short_run
exit $failed
