"""A real Slurm of one node: munged, slurmctld and slurmd in namespaces of their own.

Slurm reads its settings from /etc/slurm, and Snakemake's plugin drops the variables that could say otherwise. So the
first process of the namespaces lays a folder in memory over /etc, and another over /run. Nothing outside sees them: no
file of the machine changes, and no port of it is taken. The first process reads its input, which is a pipe from the
test. If the test ends in any way, also by kill -9, the pipe closes, the first process ends, and the kernel ends all
others with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "nsenter", "ip")
UNSHARE = ("unshare", *NAMESPACES, "--mount-proc", "--fork", "--kill-child", "bash", "-c")
AWAY = 4  # seconds, longer than what the timeouts below come to
PATIENCE = 120  # seconds for the node to appear, on a busy machine
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NODE = "node1"
# Memory is what jobs may ask for, whatever the machine has. One job runs at a time: the test waits for it, so that both
# take one core. slurmctld misses the jobs of a node that comes back if they are older than both short timeouts together.
# It does not submit them again by itself (JobRequeue), for it would wait two minutes before.
SETTINGS = f"""\
ClusterName=one
SlurmctldHost={NODE}(127.0.0.1)
SlurmUser=root
AuthInfo=socket=/run/munge/socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
StateSaveLocation=/run/slurm/state
SlurmdSpoolDir=/run/slurm/spool
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurm/slurmd.pid
ReturnToService=2
MinJobAge=600
BatchStartTimeout=1
MessageTimeout=2
JobRequeue=0
KillWait=1
NodeName={NODE} NodeAddr=127.0.0.1 CPUs=1 RealMemory=8000
PartitionName=all Nodes={NODE} Default=YES MaxTime=INFINITE State=UP
"""
LAY = """\
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/over/up /run/over/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/over/up,workdir=/run/over/work /etc
"""
# Slurm looks addresses up in a way that finds none where loopback is all there is. So loopback gets one more address,
# of those that are kept for examples.
START = f"""\
{LAY}
hostname {NODE}
ip link set lo up
ip address add 192.0.2.1/32 dev lo
mkdir -p /etc/slurm /run/munge /run/slurm
echo '127.0.0.1 localhost {NODE}' > /etc/hosts
printf '%s' "$SETTINGS" > /etc/slurm/slurm.conf
(umask 077 && head -c 128 /dev/urandom > /run/munge/key)
munged --key-file /run/munge/key --socket /run/munge/socket --pid-file /run/munge/pid \\
    --seed-file /run/munge/seed --log-file "$LOGS/munged.log"
slurmctld -c -L "$LOGS/slurmctld.log"
slurmd -L "$LOGS/slurmd.log"
echo ready
cat > /dev/null
"""


def has_slurm() -> bool:
    """Whether Slurm's programs are on this machine."""
    return all(shutil.which(name, path=PATH) for name in PROGRAMS)


def may_make_namespaces() -> bool:
    """Whether this process may make the namespaces and lay folders over others in them."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*UNSHARE, LAY], capture_output=True, check=False).returncode == 0


class OneNode:
    """A running Slurm of one node. `logs` is the folder of its daemons' logs."""

    def __init__(self, process: subprocess.Popen, logs: Path) -> None:
        self.process = process
        self.logs = logs

    def processes(self, *names: str) -> list[psutil.Process]:
        """The live processes in the namespaces, or those of them with these names."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if not names or process.name() in names:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def inside(self, *command: str, folder: Path) -> list[str]:
        """The command line that runs `command` in the namespaces, in `folder`."""
        (first,) = psutil.Process(self.process.pid).children()
        return ["nsenter", f"--target={first.pid}", *NAMESPACES, f"--wd={folder}", "--", *command]

    def told(self, *command: str) -> str:
        """What a command in the namespaces prints. Raises CalledProcessError where it fails."""
        line = self.inside(*command, folder=self.logs)
        return subprocess.run(
            line, env=self.environment(), stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    @staticmethod
    def environment(**more: str) -> dict[str, str]:
        return {**os.environ, "PATH": PATH, **more}

    def lose_node(self) -> None:
        """Kill the node's daemon and all that watches over its jobs. Their programs go on, as orphans."""
        lost = self.processes("slurmd", "slurmstepd")
        for process in lost:
            process.kill()
        psutil.wait_procs(lost)

    def start_node(self) -> None:
        """Start the node's daemon again, some seconds after it was lost."""
        time.sleep(AWAY)
        self.told("slurmd", "-L", str(self.logs / "slurmd.log"))

    def wait_for_node(self) -> None:
        """Wait until the node has said to its master that it is there. Raises AssertionError where it does not."""
        until = time.monotonic() + PATIENCE
        state = ""
        while state != "idle":
            assert time.monotonic() < until, f"the node is {state or 'not known yet'}\n{self.log()}"
            time.sleep(0.2)
            with suppress(subprocess.CalledProcessError):  # the master does not answer yet
                state = self.told("sinfo", "--noheader", "--format=%T").strip()

    def log(self) -> str:
        """The ends of the daemons' logs."""
        files = sorted(self.logs.glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files)


@contextmanager
def one_node(logs: Path) -> Iterator[OneNode]:
    """Slurm runs in this block. Raises AssertionError where it does not start."""
    logs.mkdir()
    with (logs / "start.log").open("wb") as errors:
        process = subprocess.Popen(
            [*UNSHARE, START],
            env=OneNode.environment(SETTINGS=SETTINGS, LOGS=str(logs)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    node = OneNode(process, logs)
    try:
        assert process.stdout.readline() == "ready\n", node.log()
        node.wait_for_node()
        yield node
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
