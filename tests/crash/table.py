"""The sweep's results as a table. Computes nothing but sums."""

from __future__ import annotations

from collections.abc import Sequence

from tests.crash.sweep import Result

FIGURES = (
    *("acknowledged", "lost", "doubled", "unanswered", "resent", "refunds", "notices", "muddled"),
    *("out_of_turn", "told_twice"),
)
LONGEST = 60  # a rehearsal's list of points is longer
HEAD = f"{'point':<30}{'store':<10}{'conversation':<17}" + "".join(f"{name:>13}" for name in FIGURES)


def line(result: Result) -> str:
    """One run."""
    figures = [getattr(result.count, name) if result.count else "?" for name in FIGURES]
    words = str(result.job) if len(str(result.job)) < LONGEST else "(rehearsal)"
    hit = "" if result.fired else "  not reached"
    wrong = "" if result.fine else "  WRONG"
    cells = "".join(f"{figure:>13}" for figure in figures)
    return f"{words:<30}{result.store:<10}{result.job.conversation:<17}{cells}{hit}{wrong}"


def table(results: Sequence[Result]) -> str:
    """All runs with totals, and at the end the logs of those that broke."""
    ranked = sorted(results, key=lambda r: (r.store, r.job.conversation, str(r.job)))
    broken = [f"\n{r.job} on {r.store}, {r.job.conversation}: {r.broken}" for r in ranked if r.broken]
    return "\n".join([HEAD, *map(line, ranked), totals(results), *broken])


def by_point(results: Sequence[Result]) -> str:
    """The sums of each point, and of all; rehearsals are left out."""
    crashes = [result for result in results if len(str(result.job)) < LONGEST]
    rows = [f"{'point':<20}{'store':<10}{'crashes':>9}" + "".join(f"{name:>13}" for name in FIGURES)]
    for point, store in sorted({(result.job.point, result.store) for result in crashes}):
        some = [r for r in crashes if (r.job.point, r.store) == (point, store)]
        cells = "".join(f"{sum(getattr(r.count, name) for r in some if r.count):>13}" for name in FIGURES)
        rows.append(f"{point:<20}{store:<10}{sum(bool(r.fired) for r in some):>9}{cells}")
    return "\n".join([*rows, totals(crashes)])


def totals(results: Sequence[Result]) -> str:
    """The sums in a sentence."""
    sums = {name: sum(getattr(r.count, name) for r in results if r.count) for name in FIGURES}
    figures = ", ".join(f"{value} {name}" for name, value in sums.items())
    crashed, wrong = sum(bool(r.fired) for r in results), sum(not r.fine for r in results)
    return f"{len(results)} runs, {crashed} with a crash: {figures}; {wrong} not as promised"
