"""The runtimes of the ready clients in `clients/`: Debian's packages, installed if possible."""

import os
import shutil

from console import Failed, step
from tools import LOCAL

# Program → its packages.
RUNTIMES = {
    "curl": ["curl"],
    "openssl": ["openssl"],
    "php": ["php-cli", "php-curl"],
    "javac": ["default-jdk-headless"],
    "mcs": ["mono-mcs", "mono-runtime", "libmono-system-net-http4.0-cil", "libmono-system-runtime-serialization4.0-cil"],
}


def install_runtimes():
    """Installs the missing ones with apt-get as root; otherwise fails with a line that says what to install."""
    packages = [package for program, packages in RUNTIMES.items() if not shutil.which(program) for package in packages]
    if not packages:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(f"runtimes of the clients are missing: apt-get install {' '.join(packages)}, or your system's equivalent")
    log, env = LOCAL / "logs" / "runtimes.log", {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    step("apt-get update", ["apt-get", "update", "-qq"], log, env=env)
    step(f"installing {', '.join(packages)}", ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], log, env=env)
