"""The checks of `make package` and `make deploy`: the requested architecture is deployed, and Lambda can run it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "local"))

import lambda_binaries  # noqa: E402
import release  # noqa: E402
from console import Failed  # noqa: E402
from stack import FUNCTIONS  # noqa: E402
from tools import architecture  # noqa: E402

OTHER = {"x86_64": "arm64", "arm64": "x86_64"}
E_MACHINE = {"x86_64": b"\x3e\x00", "arm64": b"\xb7\x00"}


def elf(machine, rest=b""):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + E_MACHINE[machine] + bytes(44) + rest


def test_sam_build_finds_each_function_of_the_template():
    packages = tomllib.loads((ROOT / "CargoLambda.toml").read_text())["build"]["packages"]
    binaries = re.findall(r"BuildProperties: { Binary: (\w+) }", (ROOT / "template.yaml").read_text())
    assert sorted(packages) == sorted(binaries) == sorted(FUNCTIONS)


@pytest.mark.parametrize("asked", OTHER)
def test_a_bootstrap_of_another_architecture_is_refused(asked):
    assert lambda_binaries.what_is_wrong(elf(asked), asked) is None
    assert lambda_binaries.what_is_wrong(elf(OTHER[asked]), asked) == f"it is {OTHER[asked]}, and {asked} was asked for"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_header_of_a_real_bootstrap_is_read(function):
    built = (ROOT / "target" / "debug" / function).read_bytes()
    assert lambda_binaries.machine_of(built) == architecture()
    assert lambda_binaries.newest_glibc(built) >= (2, 17)
    other = OTHER[architecture()]
    assert lambda_binaries.machine_of(built[:18] + E_MACHINE[other] + built[20:]) == other


def test_the_versions_of_glibc_are_those_that_the_linker_wrote():
    built = ROOT / "target" / "debug" / FUNCTIONS[0]
    listed = subprocess.run(["objdump", "-p", str(built)], capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no objdump here")
    needed = {tuple(map(int, line.split("GLIBC_")[1].split(".")[:2])) for line in listed.stdout.splitlines() if "GLIBC_2" in line}
    assert lambda_binaries.newest_glibc(built.read_bytes()) == max(needed)


@pytest.mark.parametrize(("bootstrap", "what"), [
    (b"", "no ELF program"),
    (b"#!/bin/sh\nexec /opt/bootstrap\n", "no ELF program"),
    (b"\x7fELF\x01\x01" + bytes(58), "no 64-bit little-endian ELF program"),
    (b"\x7fELF\x02\x02" + bytes(58), "no 64-bit little-endian ELF program"),
    (b"\x7fELF\x02\x01" + bytes(12) + b"\xf3\x00" + bytes(44), "for machine 0xf3"),
])
def test_what_is_no_program_of_lambdas_is_refused(bootstrap, what):
    assert lambda_binaries.machine_of(bootstrap) == what
    assert what in lambda_binaries.what_is_wrong(bootstrap, "arm64")


@pytest.mark.parametrize(("versions", "refused"), [
    (b"", None), (b"GLIBC_2.4\0GLIBC_2.34\0", None), (b"GLIBC_2.2.5\0", None),
    (b"GLIBC_2.17\0GLIBC_2.35\0GLIBC_2.4\0", "2.35"), (b"GLIBC_2.100\0", "2.100"), (b"GLIBC_3.0\0", "3.0"),
])
def test_a_newer_glibc_than_amazon_linux_has_is_refused(versions, refused):
    expected = refused and f"it needs glibc {refused}, and Amazon Linux 2023 has 2.34"
    assert lambda_binaries.what_is_wrong(elf("arm64", versions), "arm64") == expected


def test_one_wrong_bootstrap_stops_the_release_and_is_named(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(elf("arm64"))
    bad.write_bytes(elf("x86_64"))
    lambda_binaries.check([good], "arm64")
    with pytest.raises(Failed, match="bad: it is x86_64"):
        lambda_binaries.check([good, bad], "arm64")


@pytest.mark.parametrize(("overrides", "asked"), [
    ('["Stage=prod", "Architecture=x86_64"]', "x86_64"),
    (r'"Stage=\"prod\" Architecture=\"x86_64\" SmsAccents=\"keep\""', "x86_64"),
    ('["Stage=prod"]', "arm64"),
])
def test_what_is_built_is_what_samconfig_asks_for(overrides, asked):
    local = '\n[local.deploy.parameters]\nparameter_overrides = ["Architecture=nonsense"]'
    assert release.asked_for(f"[default.deploy.parameters]\nparameter_overrides = {overrides}{local}") == asked


def test_samconfig_of_the_repository_names_an_architecture():
    assert release.asked_for((ROOT / "samconfig.toml").read_text()) in OTHER


BUILT = """Parameters:
  Stage:
    Type: String
    Default: prod
  Architecture:
    Type: String
    Default: arm64
    AllowedValues:
    - arm64
    - x86_64
    Description: Of the functions. arm64 costs a fifth less.
  OfficeName:
    Type: String
"""


def test_a_guided_deployment_can_be_answered_with_no_other_architecture():
    fixed = release.with_no_other("x86_64", BUILT)
    assert "    Default: x86_64\n    AllowedValues:\n    - x86_64\n    Description: Of the" in fixed and "- arm64" not in fixed
    with pytest.raises(Failed, match="no parameter Architecture"):
        release.with_no_other("arm64", BUILT.replace("AllowedValues", "OtherValues"))


def test_sam_does_not_choose_this_machines_architecture_for_x86_64():
    assert release.build_env("x86_64") == {"CARGO_LAMBDA_BUILD.X86_64": "true"}
    assert release.build_env("arm64") == {}, "SAM says --arm64 itself"
