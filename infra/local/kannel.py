"""Debian's Kannel for the tests. It is unpacked under .local/, not installed: it needs no root and changes nothing system-wide."""

import os
import shutil
import subprocess

from console import Failed, say
from tools import LOCAL

PACKAGES = ["kannel", "kannel-extras"]
ROOT = LOCAL / "tools" / "kannel"
STAMP = ROOT / "unpacked"


def install():
    """Unpacks Kannel with the libraries that this machine lacks. If that is impossible, prints why; with KANNEL=required, fails."""
    if STAMP.exists():
        return
    why = unpack()
    if why and os.environ.get("KANNEL") == "required":
        raise Failed(f"Kannel is required here, and {why}")
    if why:
        say(f"- NOTHING IS TESTED WITH KANNEL: {why}")


def env():
    """The environment variables with its location; empty if it is not unpacked."""
    if not STAMP.exists():
        return {}
    libraries = sorted({str(library.parent) for library in ROOT.glob("**/*-linux-gnu/*.so.*")})
    return {"KANNEL": str(ROOT), "KANNEL_LIBRARIES": os.pathsep.join(libraries)}


def unpack():
    """Returns None, or the reason why it failed."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return "it is in Debian's packages, and this machine has no apt-get"
    shutil.rmtree(ROOT, ignore_errors=True)
    (ROOT / "debs").mkdir(parents=True)
    if not missing():
        run("apt-get", "update")
    packages = missing()
    if not packages:
        return "apt-get does not find it: run apt-get update as root, then the command again"
    if run("apt-get", "download", *packages, cwd=ROOT / "debs") is None:
        return "its packages could not be downloaded: check that apt-get can reach its mirror, then run the command again"
    for deb in (ROOT / "debs").glob("*.deb"):
        if run("dpkg", "-x", str(deb), str(ROOT)) is None:
            return f"{deb.name} could not be unpacked"
    shutil.rmtree(ROOT / "debs")
    STAMP.touch()
    say("✓ Kannel is unpacked")
    return None


def missing():
    """The packages, and those that apt-get would install with them; empty if apt-get does not find Kannel."""
    simulated = run("apt-get", "-s", "install", "--no-install-recommends", *PACKAGES)
    if simulated is None:
        return []
    return sorted({*PACKAGES, *(line.split()[1] for line in simulated.splitlines() if line.startswith("Inst "))})


def run(*command, cwd=None):
    """Returns the command's output, or None if it failed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None
