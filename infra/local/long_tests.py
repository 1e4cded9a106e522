"""The long tests: `make mutants`, `make fuzz`, and the table of `make prove`."""

import os
import shutil
import subprocess

from console import Failed, say, step
from tools import LOCAL, ROOT, check_machine, install_provers, tools_env

COUNTS = ["schedules", "sent", "duplicates", "lost"]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- make prove writes from here -->\n", "<!-- to here -->\n"


def show(table, failed):
    """Prints the results of the tests. Writes them into docs/reliability.md only if no test failed and nothing was lost."""
    faults, figures = read(table)
    total = [sum(column) for column in zip(*faults.values())] or [0] * len(COUNTS)
    rows = [[fault, *(f"{count:,}" for count in counts)] for fault, counts in [*faults.items(), ("all", total)]]
    shown = "\n".join([markdown(["fault", *COUNTS], rows), "", markdown(["figure", ""], figures), ""])
    say(f"\n{shown}")
    failed = failed or total[-1]
    if failed:
        return failed
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{shown}\n{END}{rest.partition(END)[2]}")
    return 0


def read(table):
    """Adds up the lines of the same fault."""
    faults, figures = {}, []
    for line in table.read_text().splitlines() if table.exists() else []:
        what, *values = line.split("\t")
        if len(values) == len(COUNTS):
            sums = faults.setdefault(what, [0] * len(COUNTS))
            faults[what] = [a + int(b) for a, b in zip(sums, values)]
        else:
            figures.append([what, values[0]])
    return faults, figures


def markdown(head, rows):
    """A Markdown table that is also readable on a terminal."""
    wide = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row):
        return f"| {row[0]:<{wide[0]}} | " + " | ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], wide[1:])) + " |"

    rule = f"|{'-' * (wide[0] + 2)}|" + "|".join("-" * (width + 1) + ":" for width in wide[1:]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def mutants():
    """Mutation tests: mutants of the delivery are tested by the simulation, all others by the tests of `domain`."""
    check_machine()
    install_provers()
    survivors = []
    # Only the tests of the simulation that cover the delivery: to link all of them takes longer than to run these.
    simulation = [f"--cargo-arg=--test={test}" for test in ("counted", "sender_timing", "faults", "replies")]
    for name, choice in [
        ("rules", ["--package", "domain", "--test-package", "domain"]),
        ("delivery", ["--package", "application", "--test-package", "simulation", *simulation]),
    ]:
        report = ROOT / "target" / "mutants" / name
        report.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["cargo", "mutants", *choice, "--jobs", "2", "--output", str(report)],
            cwd=ROOT, env=tools_env(), check=False)
        if done.returncode not in (0, 2):  # 2: some mutants survived
            raise Failed(f"cargo mutants failed with exit status {done.returncode}: see {report}")
        survivors += (report / "mutants.out" / "missed.txt").read_text().splitlines()
    say("\n".join(f"  survived: {survivor}" for survivor in survivors) or "✓ no mutant survived")
    return 1 if survivors else 0


def fuzz():
    """Fuzzes each parser of outside input for FOR=60 seconds, beginning with its corpus. New findings are kept under target/fuzz."""
    check_machine()
    install_provers()
    # libFuzzer's instrumentation is unstable Rust: it needs nightly, or RUSTC_BOOTSTRAP with the stable compiler.
    nightly = subprocess.run(["cargo", "+nightly", "--version"], capture_output=True, check=False).returncode == 0
    cargo, env = (["cargo", "+nightly"], tools_env()) if nightly else (["cargo"], {**tools_env(), "RUSTC_BOOTSTRAP": "1"})
    # Ten programs that contain the SDK: with the release profile, linking would take an hour.
    env.update(CARGO_PROFILE_RELEASE_LTO="off", CARGO_PROFILE_RELEASE_CODEGEN_UNITS="16", CARGO_PROFILE_RELEASE_OPT_LEVEL="1")
    seconds = os.environ.get("FOR", "60")
    shared = ["--fuzz-dir", str(ROOT / "tests" / "fuzz"), "--target-dir", str(ROOT / "target" / "fuzz"), "--features", "libfuzzer"]
    step("building the fuzzers", [*cargo, "fuzz", "build", *shared], LOCAL / "logs" / "fuzz-build.log", cwd=ROOT, env=env)
    for corpus in sorted((ROOT / "tests" / "fuzz" / "corpus").iterdir()):
        found = ROOT / "target" / "fuzz" / "corpus" / corpus.name
        found.mkdir(parents=True, exist_ok=True)
        log = LOCAL / "logs" / f"fuzz-{corpus.name}.log"
        step(f"fuzzing {corpus.name}",
             [*cargo, "fuzz", "run", *shared, corpus.name, str(found), str(corpus), "--",
              f"-max_total_time={seconds}", "-timeout=10", "-max_len=4096",
              f"-artifact_prefix={ROOT / 'target' / 'fuzz'}/crash-{corpus.name}-"], log, cwd=ROOT, env=env)
        last = [line for line in log.read_text(errors="replace").splitlines() if "cov:" in line]
        say(f"    {last[-1].strip() if last else 'no coverage was reported'}")
    shutil.rmtree(ROOT / "tests" / "fuzz" / "artifacts", ignore_errors=True)
    return 0
