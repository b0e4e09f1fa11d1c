#!/usr/bin/env bash
# Says in a word how a job of PBS stands: running, success or failed. Waiting counts as running.
#   bash profiles/cluster/status.sh ID
# PBS must keep what has ended for a while (job_history_enable). A job that it does not know has failed; a qstat that
# does not answer at all is asked again, a few times.
set -uo pipefail
for _ in 1 2 3 4 5; do
    if told="$(qstat -x -f "$1" 2>&1)"; then break; fi
    case "$told" in *[Uu]"nknown Job"*) echo failed; exit ;; esac
    sleep "${STATUS_PAUSE:-10}"
done
state="$(sed -n 's/^ *job_state = //p' <<<"$told")"
status="$(sed -n 's/^ *Exit_status = //p' <<<"$told")"
case "$state" in
F | X | C) if [ "$status" = 0 ]; then echo success; else echo failed; fi ;;
"") echo "error: qstat does not say how job $1 stands: $told" >&2; exit 1 ;;
*) echo running ;;
esac
