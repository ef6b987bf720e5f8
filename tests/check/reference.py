"""Reference values for looptrace's statistics, by SciPy and statsmodels.

Writes tests/check/reference.json, which tests/check/stats.rs compares with:

    pip install scipy statsmodels && python tests/check/reference.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import stats
from statsmodels.stats.multitest import multipletests


def interval(head, base):
    """All shifts that the exact rank test of 5 % does not reject: by trying them."""
    differences = sorted(h - b for h in head for b in base)
    kept = []
    for before, after in zip(differences, differences[1:]):
        shift = (before + after) / 2
        p = stats.mannwhitneyu([h - shift for h in head], base, method="exact").pvalue
        if p > 0.05:
            kept += [before, after]
    return [min(kept), max(kept)] if kept else None


def trend(values, times, confidence):
    found = stats.theilslopes(values, times, confidence)
    return [confidence] + [float(part) for part in (found.slope, found.low_slope, found.high_slope)]


def main():
    random = numpy.random.default_rng(20261121)
    cases = []
    for head_size, base_size, shift in [(5, 5, 0), (6, 9, 1), (10, 10, 0.3), (12, 12, 2), (20, 20, 0.5),
                                        (8, 30, 0), (45, 50, 0.2), (60, 70, 0.1)]:
        base = [round(float(x), 6) for x in random.normal(10, 1, base_size)]
        head = [round(float(x), 6) for x in random.normal(10 + shift, 1, head_size)]
        exact = max(head_size, base_size) <= 50
        method = "exact" if exact else "asymptotic"
        case = {
            "head": head,
            "base": base,
            "greater": float(stats.mannwhitneyu(head, base, alternative="greater", method=method).pvalue),
            "hodges_lehmann": float(numpy.median([h - b for h in head for b in base])),
            "interval": interval(head, base) if exact else None,
        }
        cases.append(case)
    tied = []
    for size in (6, 12, 25):
        base = [float(x) for x in random.integers(0, 5, size)]
        head = [float(x) for x in random.integers(0, 6, size)]
        p = stats.mannwhitneyu(head, base, alternative="greater", method="asymptotic").pvalue
        tied.append({"head": head, "base": base, "greater": float(p)})
    values = [round(float(x), 6) for x in random.normal(5, 2, 17)]
    times = [round(float(x), 6) for x in numpy.sort(random.uniform(0, 10, 25))]
    counts = [round(3 * t + float(random.normal(0, 2)), 6) for t in times]
    whole = [float(x) for x in random.integers(0, 4, len(times))]
    p_values = [0.001, 0.04, 0.03, 0.005, 0.5, 0.02]
    reference = {
        "scipy": scipy.__version__,
        "mann_whitney": cases,
        "mann_whitney_with_ties": tied,
        "values": values,
        "quantiles": [[q, float(numpy.quantile(values, q))] for q in (0, 0.1, 0.5, 0.95, 1)],
        "mad": float(stats.median_abs_deviation(values, scale="normal")),
        "points": [list(pair) for pair in zip(times, counts)],
        "tied_points": [list(pair) for pair in zip(times, whole)],
        "theil_sen": [trend(counts, times, 0.95), trend(counts, times, 0.99)],
        "theil_sen_tied": [trend(whole, times, 0.95), trend(whole, times, 0.99)],
        "p_values": p_values,
        "holm": [float(p) for p in multipletests(p_values, method="holm")[1]],
    }
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference, indent=1) + "\n")


main()
