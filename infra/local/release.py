"""What lands on AWS, and what is checked before: `make package`, `make lint`, `make scan`."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

from console import Failed, say, step
from stack import FUNCTIONS
from tools import LOCAL, ROOT, architecture, cargo, check_machine, install, install_lint, install_scan, sam, tools_env

LIMIT = 4_000_000
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}


def package():
    """`sam build` as for AWS, release profile. Fails where a function's zip is 4 MB or more."""
    return build(os.environ.get("ARCH") or buildable_architecture())


def deploy():
    """The same for the architecture that samconfig.toml asks for, then `sam deploy --guided`."""
    wanted = re.search(r'Architecture=\\?"?(\w+)', (ROOT / "samconfig.toml").read_text())
    build(wanted.group(1) if wanted else "arm64")
    return subprocess.run([sam(), "deploy", "--guided"], cwd=ROOT, env=tools_env(), check=False).returncode


def build(arch):
    check_machine()
    install()
    step(
        f"sam build for {arch}, release profile",
        [sam(), "build", "--parameter-overrides", f"Architecture={arch}"],
        LOCAL / "logs" / "package.log", cwd=ROOT, env=tools_env(),
    )
    heavy = []
    for name in FUNCTIONS:
        zipped = zip_size(ROOT / ".aws-sam" / "build" / f"{name.capitalize()}Function")
        say(f"  {name:<10} {zipped / 1e6:5.2f} MB zipped")
        if zipped >= LIMIT:
            heavy.append(name)
    if heavy:
        raise Failed(f"4 MB or more: {', '.join(heavy)}")
    return 0


def buildable_architecture():
    """arm64, as the template has it, where Rust can build for it; else this machine's."""
    installed = Path(subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip())
    if (installed / "lib" / "rustlib" / TARGETS["arm64"]).exists():
        return "arm64"
    say(f"Rust cannot build for arm64 here (rustup target add {TARGETS['arm64']}): packaging for {architecture()}")
    return architecture()


def zip_size(folder):
    """As SAM zips it for the upload."""
    archive = LOCAL / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in folder.iterdir():
            zipped.write(file, file.name)
    size = archive.stat().st_size
    archive.unlink()
    return size


def lint():
    """Formatting, clippy, docs, dependencies: every warning is an error."""
    check_machine()
    install_lint()
    cargo("fmt", "--all", "--check", title="formatting")
    cargo("clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings", title="clippy")
    cargo("doc", "--workspace", "--no-deps", "--locked", title="docs", env={"RUSTDOCFLAGS": "-D warnings"})
    cargo("deny", "--locked", "check", "bans", "licenses", "sources", title="cargo deny: bans, licences, sources")
    advisories()
    cargo("machete", title="cargo machete: no dependency without use")
    return 0


def advisories():
    """A failed fetch of the database is said and passes; what the database holds against us does not."""
    fetched = subprocess.run(["cargo", "deny", "--locked", "fetch", "db"], cwd=ROOT, capture_output=True,
                             env={**tools_env(), "GIT_TERMINAL_PROMPT": "0"}, timeout=300, check=False)
    if fetched.returncode:
        say("- cargo deny: advisories were not checked, since their database cannot be reached from here")
        return
    cargo("deny", "--locked", "check", "--disable-fetch", "advisories", title="cargo deny: advisories")


def scan():
    """checkov and cfn-lint with its advice over every template. An exception stands in the template, with its reason."""
    check_machine()
    install()
    install_scan()
    templates = ["template.yaml", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "infra").glob("*.yaml"))]
    tools, log = LOCAL / "tools", LOCAL / "logs" / "scan.log"
    # Nothing of ours leaves the machine, and no guideline is fetched.
    step("checkov", [str(tools / "scan" / "bin" / "checkov"), "--framework", "cloudformation", "--skip-download", "--quiet", "--compact",
                     "--file", *templates], log, cwd=ROOT)
    step("cfn-lint, its advice included", [str(tools / "sam" / "bin" / "cfn-lint"), "--include-checks", "I", "--regions", "ap-southeast-1",
                                           "--template", *templates], log, cwd=ROOT)
    return 0
