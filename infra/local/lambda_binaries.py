"""Checks that a function's binary (`bootstrap`) runs on Lambda: its architecture and its glibc."""

import re
import struct
from pathlib import Path

from console import Failed

# e_machine of the ELF header. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
# Amazon Linux 2023, which provided.al2023 is, has glibc 2.34. https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
NEWEST_GLIBC = (2, 34)


def check(bootstraps, architecture):
    """Fails if Lambda could not run one of them on `architecture`: another machine, or a newer glibc than Lambda's. Lambda itself
    reports that only at the first call."""
    wrong = [f"{path}: {why}" for path in bootstraps if (why := what_is_wrong(Path(path).read_bytes(), architecture))]
    if wrong:
        raise Failed("these bootstraps would not run on Lambda:\n  " + "\n  ".join(wrong))


def what_is_wrong(bootstrap, architecture):
    """The problem as text, or None."""
    machine = machine_of(bootstrap)
    if machine != architecture:
        return f"it is {machine}, and {architecture} was asked for"
    newest = newest_glibc(bootstrap)
    if newest > NEWEST_GLIBC:
        return f"it needs glibc {'.'.join(map(str, newest))}, and Amazon Linux 2023 has {'.'.join(map(str, NEWEST_GLIBC))}"
    return None


def machine_of(bootstrap):
    """x86_64, arm64, or a text that says what it is instead. Lambda runs only 64-bit little-endian ELF."""
    if len(bootstrap) < 20 or bootstrap[:4] != b"\x7fELF":
        return "no ELF program"
    if bootstrap[4:6] != b"\x02\x01":
        return "no 64-bit little-endian ELF program"
    machine = struct.unpack_from("<H", bootstrap, 18)[0]
    return MACHINES.get(machine, f"for machine {machine:#x}")


def newest_glibc(bootstrap):
    """The newest version of glibc in the program. Every version that it needs is in it as text, like `GLIBC_2.34`. A version that is
    in it but not needed could cause a refusal without need, but a needed version is never missed."""
    found = re.findall(rb"GLIBC_(\d+)\.(\d+)", bootstrap)
    return max(((int(major), int(minor)) for major, minor in found), default=(0, 0))
