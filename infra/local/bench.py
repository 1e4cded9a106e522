"""`make bench` and `make cost`: builds the measured programs, installs the peers under .local/peers, and runs the benchmark."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

from console import Failed, say, step
from stack import Stack, free_port
from tools import LOCAL, ROOT, cargo, check_machine, install_stack

PEERS = ROOT / "tests" / "bench" / "peers"
INSTALLED = LOCAL / "peers"
FUNCTIONS = ["intake", "notify", "apology", "sender", "lookup", "receipts", "callback", "desk"]
BASELINES = ["baseline-empty", "baseline-lookup", "baseline-notify"]


def bench():
    """The benchmark. ROUNDS and WARM make it shorter or longer."""
    check_machine()
    if not shutil.which("node"):
        raise Failed("Node is missing, which the benchmark measures too: apt-get install nodejs npm, or your system's equivalent")
    # Separately, because cargo gives everything in one build the same features: ours have those of CargoLambda.toml, the baselines the defaults.
    functions = [argument for name in FUNCTIONS for argument in ("-p", name)]
    cargo("build", "--release", *functions, title="building the functions as for AWS")
    cargo("build", "--release", "-p", "baseline", title="building the baselines")
    cargo("build", "--release", "-p", "bench", title="building the benchmark")
    install_python()
    install_node()
    sizes = {name: zipped([(ROOT / "target" / "release" / name, "bootstrap")]) for name in FUNCTIONS + BASELINES}
    sizes.update(peer_sizes())
    folder = LOCAL / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sizes.json").write_text(json.dumps(sizes))
    install_stack()
    stack = Stack("growth", free_port())  # for the last measurement
    try:
        stack.start(AUTH="false")
        # The measured programs do not get this environment.
        return subprocess.run([str(ROOT / "target" / "release" / "bench")], cwd=ROOT, env=stack.env(), check=False).returncode
    finally:
        stack.discard(keep_log=False)


def cost():
    """Prints the bill for DOSSIERS and INQUIRIES per month, and the same month with each sender."""
    check_machine()
    cargo("build", "--workspace", "--bin", "cost", title="building the bill")
    return subprocess.run([str(ROOT / "target" / "debug" / "cost")], cwd=ROOT, check=False).returncode


def install_python():
    """boto3, Powertools and Lambda's own runtime interface client."""
    venv, requirements = INSTALLED / "python", PEERS / "python" / "requirements.txt"
    if is_installed(venv, requirements):
        return
    log = LOCAL / "logs" / "install-peers.log"
    step("a virtual environment for the peer in Python", [sys.executable, "-m", "venv", "--clear", str(venv)], log)
    step("installing boto3, Powertools, awslambdaric", [str(venv / "bin" / "pip"), "install", "--quiet", "-r", str(requirements)], log)
    stamp(venv, requirements)


def install_node():
    """SDK v3, and each handler bundled into one file by esbuild, like `sam build`."""
    folder, wanted = INSTALLED / "node", PEERS / "node" / "package.json"
    log = LOCAL / "logs" / "install-peers.log"
    if not is_installed(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder)
        step("installing the SDK for Node", ["npm", "install", "--silent", "--no-audit", "--no-fund"], log, cwd=folder)
        stamp(folder, wanted)
    built = folder / "built"
    built.mkdir(exist_ok=True)
    for handler in ["lookup", "notify"]:
        shutil.copy(PEERS / "node" / f"{handler}.mjs", folder)
        # Parts of the SDK are CommonJS and need `require`.
        step(f"bundling {handler} for Node", [
            "node_modules/.bin/esbuild", f"{handler}.mjs", "--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm",
            "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
            f"--outfile=built/{handler}.mjs"], log, cwd=folder)
    shutil.copy(PEERS / "node" / "runtime.mjs", built)


def peer_sizes():
    """The uploaded files: in Python the handler and Powertools, because AWS provides boto3; in Node the bundle."""
    libraries = next((INSTALLED / "python" / "lib").glob("python3*/site-packages"))
    powertools = [(file, str(file.relative_to(libraries)))
                  for name in ("aws_lambda_powertools", "jmespath", "typing_extensions.py")
                  for file in files(libraries / name) if "__pycache__" not in file.parts]
    sizes = {}
    for handler in ["lookup", "notify"]:
        sizes[f"python-{handler}"] = zipped([(PEERS / "python" / f"{handler}.py", f"{handler}.py"), *powertools])
        sizes[f"node-{handler}"] = zipped([(INSTALLED / "node" / "built" / f"{handler}.mjs", f"{handler}.mjs")])
    return sizes


def files(path):
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def zipped(members):
    """The size of the zip in bytes."""
    archive = LOCAL / "size.zip"
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        for file, name in members:
            pack.write(file, name)
    size = archive.stat().st_size
    archive.unlink()
    return size


def is_installed(folder, wanted):
    mark = folder / "installed"
    return mark.exists() and mark.read_text() == hashlib.sha256(wanted.read_bytes()).hexdigest()


def stamp(folder, wanted):
    (folder / "installed").write_text(hashlib.sha256(wanted.read_bytes()).hexdigest())
