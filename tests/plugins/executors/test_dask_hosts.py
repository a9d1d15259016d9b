"""Three hosts, each with a network of its own: network namespaces that a bridge connects."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests.plugins.executors.cluster_rig import Cluster, certificates, command

pytest.importorskip("distributed")
pytestmark = pytest.mark.storm

HOSTS = """
set -e
mount -t tmpfs tmpfs /run
ip link add bridge type bridge
ip link set bridge up
for n in 1 2 3; do
  ip netns add host$n
  ip link add wire$n type veth peer name eth0 netns host$n
  ip link set wire$n master bridge up
  ip -n host$n addr add 10.7.0.$n/24 dev eth0
  ip -n host$n link set eth0 up
  ip -n host$n link set lo up
done
echo ready
read line
"""
"""Makes three hosts in a network and a folder /run that nobody else sees; they last as long as this shell."""


class Hosts:
    def __init__(self, shell: subprocess.Popen[str]) -> None:
        self._shell = shell

    def within(self, host: int = 0) -> list[str]:
        """Return what makes a command run on a host; on 0, where the bridge is."""
        enter = ["nsenter", "-t", str(self._shell.pid), "-n", "-m", "--"]
        return [*enter, "ip", "netns", "exec", f"host{host}"] if host else enter

    def unplug(self, host: int) -> None:
        subprocess.run([*self.within(), "ip", "link", "set", f"wire{host}", "down"], check=True)


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    if shutil.which("unshare") is None or shutil.which("ip") is None or shutil.which("nsenter") is None:
        pytest.skip("unshare, nsenter (util-linux) and ip (iproute2) make the hosts")
    with subprocess.Popen(
        ["unshare", "-n", "-m", "sh", "-c", HOSTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shell:
        assert shell.stdout is not None
        assert shell.stderr is not None
        if shell.stdout.readline() != "ready\n":
            pytest.skip(f"network namespaces cannot be made here: {shell.stderr.read().strip()}")
        yield Hosts(shell)
        shell.kill()


def test_three_hosts_of_which_one_is_unplugged(tmp_path: Path, hosts: Hosts) -> None:
    fake = fake_uci(tmp_path / "fake", delay=0.05)
    words = ["-e", str(fake), "--nodes", "500", "--no-cache"]
    with command(tmp_path / "local.jsonl", *words, "-j", "3") as ran:
        assert ran.end()["event"] == "end"
    made = Cluster(tmp_path, certificates(tmp_path / "tls"), "10.7.0.1")
    quick = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
    try:
        made.start_scheduler(quick, hosts.within(1))
        for number in (1, 2, 3):
            made.add(env=quick, prefix=hosts.within(number), host=f"10.7.0.{number}")
        words += ["--set", "dask.bundle=0.5", *made.flags()]
        with command(tmp_path / "out.jsonl", *words, prefix=hosts.within(1)) as ran:
            ran.until(lambda event: event["event"] == "progress" and len(event["workers"]) == 3)
            ran.until_positions(100)
            hosts.unplug(3)
            last = ran.end()
    finally:
        made.close()
    assert last["event"] == "end", last
    assert last["failures"] == 0
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
