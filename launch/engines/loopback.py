"""A SLURM cluster of this one machine: to try the engine out, and to test it. Needs root and Debian's packages.

    python -m launch.engines.loopback install          slurm-wlm and munge
    python -m launch.engines.loopback start FOLDER     prints the SLURM_CONF to export; then: launch sweep ... --on loopback
    python -m launch.engines.loopback stop FOLDER

Controller and nodes are real daemons, several nodes on one host; what they leave lies in FOLDER.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from shared.errors import BadInput

DAEMONS = ("munged", "slurmctld", "slurmd")
PORTS = range(16800, 17800, 10)  # the first that is free is the controller's, the nodes take the next ones
NODES = 4

# What a real cluster takes minutes for (a node that is silent, a job that is started again) takes seconds here.
CONFIG = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=0,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=8
InactiveLimit=0
KillWait=10
MinJobAge=300
JobRequeue=1
MaxArraySize=41
EnforcePartLimits=ALL
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
GresTypes=gpu
"""


def missing() -> str:
    """Why no cluster can be started here; '' when it can."""
    gone = [name for name in (*DAEMONS, "sbatch") if not find(name)]
    if gone:
        return f"{', '.join(gone)} not installed: python -m launch.engines.loopback install"
    return "" if os.geteuid() == 0 else "only root may start the daemons"


def find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def install() -> None:
    """Debian's packages. Their own services stay off: a cluster here is started by hand."""
    apt = find("apt-get")
    if not apt or os.geteuid():
        raise BadInput("wants Debian's apt-get and root: install slurm-wlm and munge by other means")
    for words in (["update", "-qq"], ["install", "-y", "-qq", "slurm-wlm", "munge"]):
        if subprocess.run([apt, *words], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}).returncode:
            raise BadInput(f"apt-get {words[0]} failed: SLURM cannot be installed here")


class Cluster:
    """The daemons that write to one folder."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        self.config = self.folder / "slurm.conf"
        self.nodes = [f"n{index}" for index in range(NODES)]

    @property
    def environment(self) -> dict[str, str]:
        return {"SLURM_CONF": str(self.config)}

    def start(self, **settings: str) -> None:
        """Writes the configuration (with other `settings`, if any) and starts controller and nodes; returns once all nodes are idle."""
        why = missing()
        if why:
            raise BadInput(why)
        for name in ("state", "munge", *(f"spool-{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.configure(settings)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.run("munged", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                 f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munge/seed")  # fmt: skip
        self.run("slurmctld", "-i")
        for node in self.nodes:
            self.start_node(node)
        for _ in range(200):
            states = self.ask("sinfo", "-h", "-N", "-p", "short", "-o", "%T").split()
            if states.count("idle") == len(self.nodes):
                return
            time.sleep(0.1)
        raise BadInput(f"the nodes do not come up ({' '.join(states)}): see {self.folder}/slurmctld.log")

    def configure(self, settings: dict[str, str]) -> None:
        host = socket.gethostname().split(".")[0]
        port = next(port for port in PORTS if free(port))
        lines = CONFIG.format(host=host, port=port, folder=self.folder).strip().splitlines()
        lines = [line for line in lines if line.split("=")[0] not in settings] + [f"{key}={value}" for key, value in settings.items()]
        for index, node in enumerate(self.nodes):
            where = f"NodeHostname={host} NodeAddr=127.0.0.1 Port={port + 1 + index}"
            lines.append(f"NodeName={node} {where} CPUs=2 RealMemory=2000 Gres=gpu:2")
        nodes = ",".join(self.nodes)
        lines.append(f"PartitionName=short Nodes={nodes} Default=YES MaxTime=60 PriorityTier=1 OverTimeLimit=0 State=UP")
        lines.append(f"PartitionName=urgent Nodes={nodes} MaxTime=60 PriorityTier=9 State=UP")
        self.config.write_text("\n".join(lines) + "\n")
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")  # enough to be dealt out
        (self.folder / "cgroup.conf").write_text("CgroupAutomount=no\n")

    def run(self, daemon: str, *words: str) -> None:
        done = subprocess.run([find(daemon), *words], env=os.environ | self.environment, capture_output=True, text=True)
        if done.returncode:
            raise BadInput(f"{daemon} does not start: {(done.stderr.strip().splitlines() or ['no word why'])[-1]}")

    def ask(self, *words: str) -> str:
        return subprocess.run(words, env=os.environ | self.environment, capture_output=True, text=True).stdout

    def start_node(self, node: str) -> None:
        self.run("slurmd", "-N", node)

    def kill_daemon(self, node: str) -> None:
        """The node says nothing more; what it had started goes on."""
        kill(self.pid(f"slurmd-{node}"), signal.SIGKILL)

    def kill_node(self, node: str) -> None:
        """As if its power failed: the daemon, and all that it had started."""
        killed = [self.pid(f"slurmd-{node}"), *self.steps(node)]
        for pid in [*killed, *descendants(killed)]:
            kill(pid, signal.SIGKILL)

    def steps(self, node: str) -> list[int]:
        """The processes of slurmstepd that work for a node: their command line does not name it, the log they write to does."""
        log, found = f"{self.folder}/slurmd-{node}.log", []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if (path / "cmdline").read_bytes().startswith(b"slurmstepd") and holds(path, log):
                    found.append(int(path.name))
            except OSError:  # ended meanwhile
                continue
        return found

    def pid(self, daemon: str) -> int:
        try:
            return int((self.folder / f"{daemon}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def stop(self) -> None:
        """Cancels every job, ends the daemons, and waits for them: the next cluster wants the same ports."""
        self.ask("scancel", "--me", "--full", "--signal=KILL")
        self.ask("scancel", "--me")
        daemons = [self.pid(name) for name in (*(f"slurmd-{node}" for node in self.nodes), "slurmctld", "munged")]
        for node in self.nodes:
            daemons += self.steps(node)
        for pid in daemons:
            kill(pid, signal.SIGTERM)
        for attempt in range(100):
            if not any(alive(pid) for pid in daemons):
                return
            time.sleep(0.1)
            if attempt == 50:
                for pid in daemons:
                    kill(pid, signal.SIGKILL)


def free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def holds(process: Path, file: str) -> bool:
    """Whether a process has this file open."""
    return any(os.readlink(link) == file for link in (process / "fd").iterdir())


def kill(pid: int, number: int) -> None:
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return


def alive(pid: int) -> bool:
    return bool(pid) and Path(f"/proc/{pid}").exists()


def descendants(pids: list[int]) -> list[int]:
    """All processes below these, at this moment."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found, wanted = [], list(pids)
    while wanted:
        below = children.pop(wanted.pop(), [])
        found += below
        wanted += below
    return found


def main(words: list[str]) -> int:
    try:
        match words:
            case ["install"]:
                install()
            case ["start", folder]:
                cluster = Cluster(Path(folder))
                cluster.start()
                print(f"export SLURM_CONF={cluster.config}")
            case ["stop", folder]:
                Cluster(Path(folder)).stop()
            case _:
                raise BadInput("python -m launch.engines.loopback install | start FOLDER | stop FOLDER")
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
