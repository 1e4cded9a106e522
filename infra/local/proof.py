"""The table of `make prove`: fault, schedules tried, sent, duplicates, lost; and what took how long."""

from console import say

COUNTS = ["schedules", "sent", "duplicates", "lost"]


def show(table):
    """Prints what the tests recorded; lines of the same fault are one. How many notices were lost."""
    faults, figures = {}, []
    for line in table.read_text().splitlines() if table.exists() else []:
        what, *values = line.split("\t")
        if len(values) == len(COUNTS):
            sums = faults.setdefault(what, [0] * len(COUNTS))
            faults[what] = [a + int(b) for a, b in zip(sums, values)]
        else:
            figures.append((what, values[0]))
    wide = max(map(len, [*faults, *(what for what, _ in figures), ""]))
    say(f"\n{'fault':<{wide}} " + " ".join(f"{name:>10}" for name in COUNTS))
    for fault, counts in faults.items():
        say(f"{fault:<{wide}} " + " ".join(f"{count:>10,}" for count in counts))
    total = [sum(column) for column in zip(*faults.values())] or [0] * len(COUNTS)
    say(f"{'all':<{wide}} " + " ".join(f"{count:>10,}" for count in total) + "\n")
    for what, value in figures:
        say(f"{what:<{wide}} {value:>10}")
    return total[-1]
