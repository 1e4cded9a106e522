"""Debian's Kannel for the tests."""

from debian import Packages

KANNEL = Packages("kannel", "Kannel", ["kannel", "kannel-extras"], "KANNEL", "NOTHING IS TESTED WITH KANNEL")


def install():
    KANNEL.install()


def env():
    """The environment variables with its location; empty if it is not unpacked."""
    return {"KANNEL": str(KANNEL.root), "KANNEL_LIBRARIES": KANNEL.libraries()} if KANNEL.is_here() else {}
