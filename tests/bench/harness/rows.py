"""A row of the table: what was to be reached, what was measured, how near it came."""
import dataclasses


@dataclasses.dataclass
class Row:
    key: str
    what: str
    reach: str
    found: str
    # None where it cannot be told.
    met: bool | None
    peer: str = "–"
    remarks: list = dataclasses.field(default_factory=list)
    details: dict = dataclasses.field(default_factory=dict)


def rate(spread):
    """A rate with its spread."""
    return f"{number(spread.median)}/s ({number(spread.least)}–{number(spread.most)})"


def times(spread):
    return f"{number(spread.median)} × ({number(spread.least)}–{number(spread.most)})"


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"
