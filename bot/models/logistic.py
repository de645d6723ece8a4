"""A small logistic regression by Newton's method, for calibrating a confidence. Pure; for a handful of facts."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

Row = tuple[tuple[float, ...], bool, float]
"""Facts, whether it held, and the row's weight."""
ROUNDS = 8
RIDGE = 0.5


def probability(coefficients: Sequence[float], facts: Sequence[float]) -> float:
    """The probability for some facts; the first coefficient is the constant."""
    score = coefficients[0] + sum(c * f for c, f in zip(coefficients[1:], facts, strict=True))
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))


def fit(rows: Sequence[Row]) -> tuple[float, ...]:
    """Coefficients that make the rows likely; as many rows that held as did not are taken to be there."""
    size = len(rows[0][0]) + 1 if rows else 1
    held = sum(outcome for _, outcome, _ in rows) or 1
    scale = {True: len(rows) / (2 * held), False: len(rows) / (2 * max(1, len(rows) - held))}
    found = [0.0] * size
    for _ in range(ROUNDS):
        gradient, curvature = _derivatives(rows, found, scale)
        for n in range(size):
            gradient[n] -= RIDGE * found[n]
            curvature[n][n] += RIDGE
        found = [c + step for c, step in zip(found, solve(curvature, gradient), strict=True)]
    return tuple(found)


def _derivatives(
    rows: Sequence[Row], coefficients: Sequence[float], scale: dict[bool, float]
) -> tuple[list[float], list[list[float]]]:
    size = len(coefficients)
    gradient, curvature = [0.0] * size, [[0.0] * size for _ in range(size)]
    for facts, outcome, weight in rows:
        chance = probability(coefficients, facts)
        all_facts = (1.0, *facts)
        counts = weight * scale[outcome]
        slope, bend = counts * (outcome - chance), counts * chance * (1 - chance)
        for i, one in enumerate(all_facts):
            gradient[i] += slope * one
            row = curvature[i]
            for j in range(i + 1):
                row[j] += bend * one * all_facts[j]
    for i in range(size):
        for j in range(i):
            curvature[j][i] = curvature[i][j]
    return gradient, curvature


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a small linear system by elimination with pivoting."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for col in range(size):
        pivot = max(range(col, size), key=lambda r: abs(rows[r][col]))
        rows[col], rows[pivot] = rows[pivot], rows[col]
        for r in range(col + 1, size):
            factor = rows[r][col] / rows[col][col]
            for c in range(col, size + 1):
                rows[r][c] -= factor * rows[col][c]
    found = [0.0] * size
    for r in reversed(range(size)):
        rest = sum(rows[r][c] * found[c] for c in range(r + 1, size))
        found[r] = (rows[r][size] - rest) / rows[r][r]
    return found
