"""The roundest number between two others, as exact decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

SMALLEST_STEP = -9  # power of ten: numbers that differ by less count as equal
Figure = Decimal


def roundest(low: float, high: float, *, includes_low: bool) -> Figure | None:
    """The multiple of the largest power of ten between low and high, the nearest to the middle.

    low is less than high. includes_low: low may be the number and high may not; otherwise the
    other way around. None where there is no such number of at most nine decimals.
    """
    # The shortest text of a float is the number that it stands for.
    first, last = Decimal(repr(low)), Decimal(repr(high))
    if first < 0 < last or (first == 0 and includes_low) or (last == 0 and not includes_low):
        return Decimal(0)
    middle = (first + last) / 2
    for power in range(max(first.adjusted(), last.adjusted()), SMALLEST_STEP - 1, -1):
        step = Decimal(1).scaleb(power)
        steps = {
            (middle / step).to_integral_value(rounding) for rounding in (ROUND_FLOOR, ROUND_CEILING)
        }
        found = [number * step for number in sorted(steps)]
        fitting = [
            number
            for number in found
            if (first <= number < last if includes_low else first < number <= last)
        ]
        if fitting:
            return min(fitting, key=lambda number: (abs(number - middle), number))
    return None


def figure_text(figure: Figure | None, *, shift: int = 0) -> str | None:
    """A number as plain decimal digits without closing zeros, times ten to the power of `shift`."""
    if figure is None:
        return None
    return f"{figure.scaleb(shift).normalize():f}"
