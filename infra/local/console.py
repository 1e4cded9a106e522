"""Prints the steps of a command: what is running, for how long, and where its log is if it fails."""

import subprocess
import sys
import threading
import time
from pathlib import Path


class Failed(SystemExit):
    """Ends the command with one sentence."""

    def __init__(self, sentence):
        super().__init__(f"\n✗ {sentence}")


def say(text):
    print(text, flush=True)


def step(title, command, log, in_background=False, **options):
    """Runs a command with its output in `log`; prints the progress, and the last lines if it fails. In the background it prints only the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(title, began, done, log), daemon=True)
    if not in_background:
        ticker.start()
    try:
        with open(log, "wb") as out:
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options).returncode
    finally:
        done.set()
        if not in_background:
            ticker.join()
    if code:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        say("\n".join(f"  │ {line}" for line in tail))
        raise Failed(f"{title}: exit status {code}. The whole output is in {short(log)}")
    _line(f"✓ {title} ({time.monotonic() - began:.0f} s)")


def _tick(title, began, done, log):
    live = sys.stdout.isatty()
    while not done.wait(0.5 if live else 30):
        seconds = time.monotonic() - began
        if live:
            last = _last_line(log)[:60]
            print(f"\r\033[K… {title} {seconds:.0f} s  \033[2m{last}\033[0m", end="", flush=True)
        else:
            say(f"… {title} {seconds:.0f} s")


def _last_line(log):
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 400))
            lines = file.read().decode(errors="replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
    except OSError:
        return ""


def _line(text):
    print(("\r\033[K" if sys.stdout.isatty() else "") + text, flush=True)


def short(path):
    """The path relative to the current folder, if it is inside."""
    try:
        return Path(path).resolve().relative_to(Path.cwd())
    except ValueError:
        return path
