"""What an audit returns: assumptions with a measured ratio each, and their verdicts."""

from __future__ import annotations

import dataclasses
import enum
import textwrap
from typing import final

from oqs.exports import exported
from oqs.flows import Flows
from oqs.summary import Summary, shown_by_fields

LARGEST_SOUND = 0.1
LARGEST_DOUBTFUL = 0.5
"""Small ratios leave corrections of their own order; near one the expansion has no meaning."""

_CORRECTIONS = ("secular", "Born-Markov", "line tails", "flat rate", "band edges")


@exported
@final
class Verdict(enum.IntEnum):
    """How far an assumption holds.

    Examples
    --------
    >>> oqs.Verdict.SOUND < oqs.Verdict.DOUBTFUL < oqs.Verdict.UNRELIABLE
    True
    """

    SOUND = 0
    DOUBTFUL = 1
    UNRELIABLE = 2

    @classmethod
    def of(cls, ratio: float) -> Verdict:
        """Judge a ratio that must be small; NaN is unreliable."""
        if ratio <= LARGEST_SOUND:
            return cls.SOUND
        return cls.DOUBTFUL if ratio <= LARGEST_DOUBTFUL else cls.UNRELIABLE


@exported
@final
@dataclasses.dataclass(frozen=True, repr=False)
@shown_by_fields
class Assumption:
    """One assumption of the weak-coupling limit.

    Parameters
    ----------
    name : the field's name of it.
    ratio : measured; must be small compared with one.
    verdict : what it means for the results.
    measure : what was compared with what, with numbers.
    remedy : what to do if it fails.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(1e-3), name="cold"), oqs.Contact(oqs.flat(2e-3), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> oqs.audit(model, [0.5, 1.0], [1.2, 0.8])["secular"].verdict
    <Verdict.SOUND: 0>
    """

    name: str
    ratio: float
    verdict: Verdict
    measure: str
    remedy: str


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """The assumptions behind a model at one T, mu; its text is a table.

    Parameters
    ----------
    assumptions : in the order of the table.
    exact : Landauer flows of a quadratic system, None where there are none.
    error : largest deviation of the Davies flows from them, of particles, energy or heat, relative
        to the largest flow of its kind (of energy: at least max(T) times that of particles, as
        energies have no zero of their own; of each: at least 1e-13 of its gross rate); None
        without exact flows.
    remarks : sentences on arguments that may not be what was meant, as T in another unit.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(1e-3), name="cold"), oqs.Contact(oqs.flat(2e-3), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> audit = oqs.audit(model, [0.5, 1.0], [1.2, 0.8])
    >>> audit.verdict, [a.name for a in audit.assumptions][:2]
    (<Verdict.SOUND: 0>, ['secular', 'Born-Markov'])
    """

    assumptions: tuple[Assumption, ...]
    exact: Flows | None = None
    error: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all assumptions; doubtful where sound ones add up beyond 0.1."""
        return max(self._together, *(a.verdict for a in self.assumptions))

    @property
    def in_all(self) -> str:
        """The verdict in words, with the reason where no assumption alone is it."""
        word = self.verdict.name.lower()
        if self.verdict == max(a.verdict for a in self.assumptions):
            return word
        return f"{word}, as small corrections add up to {self._total:.2g}; weaken the contacts"

    @property
    def _total(self) -> float:
        return sum(a.ratio for a in self.assumptions if a.name in _CORRECTIONS)

    @property
    def _together(self) -> Verdict:
        """First-order corrections add up: of several small ones, the sum must be small, too."""
        return Verdict.SOUND if self._total <= LARGEST_SOUND else Verdict.DOUBTFUL

    def __getitem__(self, name: str) -> Assumption:
        """Return the assumption of this name; KeyError naming those there are."""
        for assumption in self.assumptions:
            if assumption.name == name:
                return assumption
        raise KeyError(f"no assumption {name!r}; there are {[a.name for a in self.assumptions]}")

    def _repr_html_(self) -> str:
        rows = [
            (
                a.name,
                f"{a.ratio:.3g}",
                a.verdict.name.lower(),
                a.measure if a.verdict is Verdict.SOUND else f"{a.measure}; {a.remedy}",
            )
            for a in self.assumptions
        ]
        remarks = [("", remark) for remark in self.remarks]
        heads = ("assumption", "ratio", "verdict", "measure; remedy")
        return Summary(f"Audit: {self.in_all}", remarks, heads, rows).page()

    def __repr__(self) -> str:
        lines = [f"{'assumption':<18} {'ratio':>9}  {'verdict':<10}  measure; remedy"]
        for a in self.assumptions:
            text = a.measure if a.verdict is Verdict.SOUND else f"{a.measure}; {a.remedy}"
            first, *rest = textwrap.wrap(text, 58)
            lines.append(f"{a.name:<18} {a.ratio:9.3g}  {a.verdict.name.lower():<10}  {first}")
            lines += [" " * 42 + line for line in rest]
        return "\n".join([*lines, f"in all: {self.in_all}", *self.remarks])
