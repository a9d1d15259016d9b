"""Network file systems, on which a cache cannot use a WAL."""

from __future__ import annotations

from pathlib import Path

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "gpfs", "lustre"),
    *("ncpfs", "nfs", "nfs4", "prl_fs", "smb3", "smbfs", "vboxsf", "fuse.vmhgfs-fuse", "virtiofs"),
}
"""Network file systems, as Linux names them: their clients need not share memory, which a WAL relies on."""


def on_network(path: Path) -> bool:
    """Return whether a path lies on a network file system; False where that cannot be told.

    * **path** - an absolute path.
    """
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux: that a WAL does not work is noticed when it is opened
        return False
    return file_system(path, mounts) in _NETWORK


def file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds a path; empty when it is not known.

    * **path** - an absolute path.
    * **mounts** - the text of Linux's `mountinfo`.
    """
    longest, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:  # noqa: PLR2004 - the mount point is the fifth
            continue
        point = fields[4].replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= longest:  # of two on one point the later one is visible
            longest, kind = len(point), after.split(" ")[0]
    return kind
