"""The SMS parts of a month, from the same variables as `make cost`: DOSSIERS, SUPPLEMENTS, APOLOGIES, SNS_USD (for aws-sms too)."""

from typing import NamedTuple

# Parts of the usual notices, as tests/bench/src/bill.rs counts them: result, supplement, apology.
PARTS = {"keep": (3, 3, 4), "strip": (1, 1, 2)}


class Plan(NamedTuple):
    """The defaults are those of tests/bench/src/bin/cost.rs, the price that of tests/bench/src/prices.rs. Replies of 8083 are the operator's."""

    dossiers: float = 60_000  # new ones a month; each gets a result notice
    supplements: float = 10  # percentage of dossiers that need papers
    apologies: float = 10  # percentage of dossiers that are late
    part_usd: float = 0.139_89

    @classmethod
    def of(cls, environment):
        """Raises ValueError with a sentence for the user."""
        names = {"dossiers": "DOSSIERS", "supplements": "SUPPLEMENTS", "apologies": "APOLOGIES", "part_usd": "SNS_USD"}
        given = {field: environment[name] for field, name in names.items() if environment.get(name)}
        return cls(**{field: number(names[field], text) for field, text in given.items()})

    def parts(self, accents):
        result, supplement, apology = PARTS.get(accents, PARTS["keep"])
        return self.dossiers * (result + supplement * self.supplements / 100 + apology * self.apologies / 100)

    def usd(self, accents):
        return self.parts(accents) * self.part_usd

    def words(self, accents):
        return (f"the plan is {self.usd(accents):,.0f} USD ({self.dossiers:,.0f} dossiers, {self.supplements:g} % with a supplement notice, "
                f"{self.apologies:g} % with an apology: {self.parts(accents):,.0f} parts at {self.part_usd:g} USD)")


def number(name, text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name}={text}: a number, 0 or more")
    return value
