"""Programs of Debian's packages for the tests. They are unpacked under .local/, not installed: that needs no root and changes nothing system-wide."""

import os
import shutil
import subprocess

from console import Failed, say
from tools import LOCAL


class Packages:
    """`name` is their folder under .local/tools/, `variable` an environment variable: `required` makes it a failure if they cannot be had, and so does CI (any value)."""

    def __init__(self, name, program, packages, variable, untested):
        self.program, self.packages, self.variable, self.untested = program, packages, variable, untested
        self.root = LOCAL / "tools" / name
        self.stamp = self.root / "unpacked"

    def install(self):
        """Unpacks them with the libraries that this machine lacks. If that is impossible, prints why; if they are required, fails."""
        if self.is_here():
            return
        why = self.unpack()
        if why and (os.environ.get(self.variable) == "required" or os.environ.get("CI")):
            raise Failed(f"{self.program} is required here, and {why}")
        if why:
            say(f"- {self.untested}: {why}")

    def is_here(self):
        return self.stamp.exists()

    def libraries(self):
        """Where their libraries are, as a search path."""
        folders = {str(library.parent) for library in self.root.glob("**/*-linux-gnu/**/lib*.so*")}
        return os.pathsep.join(sorted(folders))

    def unpack(self):
        """Returns None, or the reason why it failed."""
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            return "it is in Debian's packages, and this machine has no apt-get"
        shutil.rmtree(self.root, ignore_errors=True)
        debs = self.root / "debs"
        debs.mkdir(parents=True)
        if not self.missing():
            run("apt-get", "update")
        packages = self.missing()
        if not packages:
            return "apt-get does not find it: run apt-get update as root, then the command again"
        if run("apt-get", "download", *packages, cwd=debs) is None:
            return "its packages could not be downloaded: check that apt-get can reach its mirror, then run the command again"
        for deb in debs.glob("*.deb"):
            if run("dpkg", "-x", str(deb), str(self.root)) is None:
                return f"{deb.name} could not be unpacked"
        shutil.rmtree(debs)
        self.stamp.touch()
        say(f"✓ {self.program} is unpacked")
        return None

    def missing(self):
        """The packages, and those that apt-get would install with them; empty if apt-get does not find them."""
        simulated = run("apt-get", "-s", "install", "--no-install-recommends", *self.packages)
        if simulated is None:
            return []
        return sorted({*self.packages, *(line.split()[1] for line in simulated.splitlines() if line.startswith("Inst "))})


def run(*command, cwd=None):
    """Returns the command's output, or None if it failed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None
