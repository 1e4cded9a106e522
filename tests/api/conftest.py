"""The deployed stack, and docs/openapi.yaml. `make test` deploys one and runs these tests after the Rust tests."""

import os
import sys
import urllib.parse
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "local"), str(Path(__file__).parent)]

from stack import Stack  # noqa: E402

DOCUMENT = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())


def deployed():
    endpoint = urllib.parse.urlsplit(os.environ.get("ONESTOP_ENDPOINT", "http://127.0.0.1:4566"))
    return Stack("api", endpoint.port, endpoint.hostname)


@pytest.fixture(scope="session")
def stack():
    return deployed()


@pytest.fixture(scope="session")
def document():
    return DOCUMENT
