"""Builds and checks what is deployed: `make package`, `make deploy`, `make lint`, `make scan`."""

import os
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import lambda_binaries
from console import Failed, say, step
from stack import FUNCTIONS
from tools import LOCAL, ROOT, architecture, cargo, check_machine, install, install_lint, install_scan, sam, tools_env

LIMIT = 4_000_000
BUILT = ROOT / ".aws-sam" / "build"
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}


def package():
    """`sam build` as for AWS, release profile. Fails if a function would not run on Lambda, or its zip has 4 MB or more."""
    return build(os.environ.get("ARCH") or buildable_architecture())


def deploy():
    """Builds for the architecture in samconfig.toml, then runs `sam deploy --guided`, which can deploy only that one."""
    wanted = asked_for((ROOT / "samconfig.toml").read_text())
    if os.environ.get("ARCH", wanted) != wanted:
        raise Failed(f"samconfig.toml has Architecture={wanted}, but ARCH={os.environ['ARCH']}: change samconfig.toml, which sam deploy reads")
    build(wanted)
    built = BUILT / "template.yaml"
    built.write_text(with_no_other(wanted, built.read_text()))
    return subprocess.run([sam(), "deploy", "--guided"], cwd=ROOT, env=tools_env(), check=False).returncode


def asked_for(samconfig):
    """The parameter Architecture of `sam deploy`, which saves all parameters as one string."""
    settings = tomllib.loads(samconfig).get("default", {}).get("deploy", {}).get("parameters", {})
    overrides = settings.get("parameter_overrides", [])
    wanted = re.search(r'\bArchitecture="?(\w+)', overrides if isinstance(overrides, str) else " ".join(overrides))
    return wanted.group(1) if wanted else "arm64"


def with_no_other(arch, template):
    """The built template, changed so that `sam deploy --guided` accepts only the architecture that was built."""
    parameter = re.compile(r"(\n  Architecture:\n(?:    .*\n)*?    Default: )\w+(\n    AllowedValues:\n)(?:    - \w+\n)+")
    fixed, found = parameter.subn(rf"\g<1>{arch}\g<2>    - {arch}\n", template)
    if found != 1:
        raise Failed("the built template has no parameter Architecture with a default and allowed values: sam build writes it in another form now")
    return fixed


def build(arch):
    if arch not in TARGETS:
        raise Failed(f"Lambda has no architecture {arch}: use arm64 or x86_64")
    check_machine()
    install()
    step(
        f"sam build for {arch}, release profile",
        [sam(), "build", "--parameter-overrides", f"Architecture={arch}"],
        LOCAL / "logs" / "package.log", cwd=ROOT, env={**tools_env(), **build_env(arch)},
    )
    lambda_binaries.check([BUILT / f"{name.capitalize()}Function" / "bootstrap" for name in FUNCTIONS], arch)
    say(f"✓ every bootstrap is {arch} and needs no newer glibc than Amazon Linux 2023's")
    heavy = []
    for name in FUNCTIONS:
        zipped = zip_size(BUILT / f"{name.capitalize()}Function")
        say(f"  {name:<10} {zipped / 1e6:5.2f} MB zipped")
        if zipped >= LIMIT:
            heavy.append(name)
    if heavy:
        raise Failed(f"4 MB or more: {', '.join(heavy)}")
    return 0


def build_env(arch):
    """SAM calls cargo-lambda with --arm64 for arm64 and without an option for x86_64, which then builds for this machine, on an
    arm64 host for arm64. cargo-lambda's own setting prevents that; it ignores CARGO_BUILD_TARGET and .cargo/config.toml."""
    return {"CARGO_LAMBDA_BUILD.X86_64": "true"} if arch == "x86_64" else {}


def buildable_architecture():
    """arm64, the template's default, if Rust can build for it; else this machine's architecture."""
    installed = Path(subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip())
    if (installed / "lib" / "rustlib" / TARGETS["arm64"]).exists():
        return "arm64"
    say(f"Rust cannot build for arm64 here (rustup target add {TARGETS['arm64']}): packaging for {architecture()}")
    return architecture()


def zip_size(folder):
    """The size of the zip that SAM uploads."""
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
    cargo("clippy", "--workspace", "--all-targets", "--test", "system", "--locked", "--", "-D", "warnings", title="clippy")
    cargo("doc", "--workspace", "--no-deps", "--locked", title="docs", env={"RUSTDOCFLAGS": "-D warnings"})
    cargo("deny", "--locked", "check", "bans", "licenses", "sources", title="cargo deny: bans, licences, sources")
    advisories()
    cargo("machete", title="cargo machete: unused dependencies")
    return 0


def advisories():
    """If the database cannot be fetched, this prints a line and passes. An advisory in the database fails."""
    fetched = subprocess.run(["cargo", "deny", "--locked", "fetch", "db"], cwd=ROOT, capture_output=True,
                             env={**tools_env(), "GIT_TERMINAL_PROMPT": "0"}, timeout=300, check=False)
    if fetched.returncode:
        say("- cargo deny: advisories were not checked, since their database cannot be reached from here")
        return
    cargo("deny", "--locked", "check", "--disable-fetch", "advisories", title="cargo deny: advisories")


def scan():
    """Runs checkov and cfn-lint with all its checks on every template. Every exception is in the template, with its reason."""
    check_machine()
    install()
    install_scan()
    templates = ["template.yaml", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "infra").glob("*.yaml"))]
    tools, log = LOCAL / "tools", LOCAL / "logs" / "scan.log"
    # No file of this project is uploaded, and no guideline is fetched.
    step("checkov", [str(tools / "scan" / "bin" / "checkov"), "--framework", "cloudformation", "--skip-download", "--quiet", "--compact",
                     "--file", *templates], log, cwd=ROOT)
    step("cfn-lint, its advice included", [str(tools / "sam" / "bin" / "cfn-lint"), "--include-checks", "I", "--regions", "ap-southeast-1",
                                           "--template", *templates], log, cwd=ROOT)
    return 0
