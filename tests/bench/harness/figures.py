"""Spread, ratios with spread, and the mean of paired differences with its interval."""
import dataclasses
import math
import random
import statistics


@dataclasses.dataclass
class Spread:
    """A figure measured several times."""

    median: float
    least: float
    most: float
    values: list

    @classmethod
    def of(cls, values):
        values = list(values)
        return cls(statistics.median(values), min(values), max(values), values)


def ratio(ours, theirs):
    """The ratio round by round: what drifts between rounds cancels."""
    return Spread.of(a / b if b else math.inf for a, b in zip(ours.values, theirs.values))


@dataclasses.dataclass
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int
    deviation: float
    # The same interval without assuming anything about the distribution.
    bootstrap_low: float
    bootstrap_high: float
    median: float


def student(probability, freedom):
    """The quantile of Student's t, by the Cornish-Fisher expansion (good from 5 degrees on)."""
    z = statistics.NormalDist().inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def interval(values):
    """The mean of independent values with its 95 % interval, by t and by bootstrap."""
    values = list(values)
    count = len(values)
    mean = statistics.fmean(values)
    deviation = statistics.stdev(values)
    half = student(0.975, count - 1) * deviation / math.sqrt(count)
    chance = random.Random(1)
    means = sorted(statistics.fmean(chance.choices(values, k=count)) for _ in range(2000))
    return Interval(
        mean, mean - half, mean + half, count, deviation,
        means[50], means[1949], statistics.median(values),
    )


def needed(found, limit):
    """How many pairs would put the upper bound under `limit`; None if the mean is above it."""
    if found.mean >= limit:
        return None
    return math.ceil((1.96 * found.deviation / (limit - found.mean)) ** 2)
