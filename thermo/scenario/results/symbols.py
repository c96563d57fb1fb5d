"""Symbols and units of figures: what axes call the keys of a file and the quantities of a sweep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from thermo.scenario.schema.measured import unit_suffixes

_KEYS: Final = (
    (r"reservoirs\.(.+)\.T", r"$T$ of {}", "E_0/k_B"),
    (r"reservoirs\.(.+)\.mu", r"$\mu$ of {}", "E_0"),
    (r"reservoirs\.(.+)\.capacity", r"size $AV$ of {}", ""),
    (r"reservoirs\.(.+)\.gas\.alpha", r"$\alpha$ of {}", ""),
    (r"reservoirs\.(.+)\.gas\.T_D", r"$T_D$ of {}", "E_0/k_B"),
    (r"contacts\.(.+)\.rate\.value", r"rate $\Gamma$ of {}", "E_0"),
    (r"contacts\.(.+)\.rate\.strength", r"rate $\Gamma$ of {}", "E_0"),
    (r"contacts\.(.+)\.rate\.prefactor", r"prefactor of $\gamma(\omega)$, {}", "E_0"),
    (r"contacts\.(.+)\.rate\.exponent", r"exponent of $\gamma(\omega)$, {}", ""),
    (r"contacts\.(.+)\.(?:rate|spectrum)\.center", r"centre $\omega_0$ of {}", "E_0"),
    (r"contacts\.(.+)\.(?:rate|spectrum)\.width", r"width $w$ of {}", "E_0"),
    (r"contacts\.(.+)\.spectrum\.value", r"$J(\omega)$ of {}", "E_0"),
    (r"contacts\.(.+)\.spectrum\.strength", r"strength of $J(\omega)$, {}", ""),
    (r"contacts\.(.+)\.spectrum\.exponent", r"exponent of $J(\omega)$, {}", ""),
    (r"contacts\.(.+)\.spectrum\.cutoff", r"cutoff $\omega_c$ of {}", "E_0"),
    (r"contacts\.(.+)\.temperature_scaling\.exponent", r"exponent of $T/T_0$, {}", ""),
    (r"contacts\.(.+)\.temperature_scaling\.T_0", r"$T_0$ of {}", "E_0/k_B"),
    (r"contacts\.(.+)\.coupling\.(\d+)", r"coupling of {} to site {}", ""),
    (r"contacts\.(.+)\.spin\.(up|down)", r"amplitude of {}, spin {}", ""),
    (r"links\.(\d+)\.strength", r"strength $K$ of link {}", ""),
    (r"links\.(\d+)\.exponent", r"exponent $s$ of link {}", ""),
    (r"links\.(\d+)\.conductance", r"conductance $G$ of link {}", ""),
    (r"system\.energies\.(\d+)", r"level $\epsilon_{{{}}}$", "E_0"),
    (r"system\.h\.(\d+)\.(\d+)", r"$h_{{{},{}}}$", "E_0"),
    (r"system\.U\.(\d+)\.value", r"interaction $U_{{{}}}$", "E_0"),
    (r"system\.arguments\.level", r"level $\epsilon$", "E_0"),
    (r"system\.arguments\.(?:levels|energies)\.(\d+)", r"level $\epsilon_{{{}}}$", "E_0"),
    (r"system\.arguments\.U", "interaction $U$", "E_0"),
    (r"system\.arguments\.U_inter", r"interaction $U_\mathrm{{inter}}$", "E_0"),
    (r"system\.arguments\.tunnelling", r"tunnelling $\Omega$", "E_0"),
    (r"system\.arguments\.coupling", r"coupling $g$", "E_0"),
    (r"system\.arguments\.zeeman", r"Zeeman energy", "E_0"),
)
"""What keys are, by their path: pattern, text with what the pattern catches, natural unit."""

QUANTITIES: Final[Mapping[str, str]] = {
    "particle": "particle flow $P$",
    "energy": "energy flow $J$",
    "heat": "heat flow $Y$",
    "clausius_sum": r"$\sum_j Y_j/T_j$",
    "noise": "noise $S$",
    "heat_noise": "heat noise",
    "fano": "Fano factor",
    "heat_uncertainty": "heat uncertainty",
    "conductance": r"conductance $G\,\hbar$",
    "seebeck": "Seebeck $S/k_B$",
    "peltier": r"Peltier $\Pi$",
    "thermal_conductance": r"heat conductance $\kappa\,\hbar/k_BE_0$",
    "ZT": "$ZT$",
    "relaxation_time": "relaxation time",
    "T_equilibrium": "$T$ at equilibrium",
    "mu_equilibrium": r"$\mu$ at equilibrium",
    "t_end": "$t$ at the end",
    "T_end": "$T$ at the end",
    "mu_end": r"$\mu$ at the end",
    "lowest_T": "lowest $T$",
}
"""What axes call the quantities of a sweep whose names are not words."""

RELAXATION: Final[Mapping[str, str]] = {
    "P": "particle flow $P$",
    "Y": "heat flow $Y$",
    "S": "entropy $S$",
    "production": r"production $\sigma$",
    "time": "time $t$",
}
"""What axes call the variables of a relaxation."""


def axis_attributes(path: str) -> dict[str, str]:
    """Return `long_name`, in symbols, and `units` of a key, such as reservoirs.left.T_K.

    Of a key that is not known it is nothing: only its path tells.
    """
    key, _, suffix = path.rpartition("_")
    measured = bool(key) and suffix in unit_suffixes("energy")
    for pattern, text, natural in _KEYS:
        match = re.fullmatch(pattern, key if measured else path)
        if match:
            first, *others = match.groups() or ("",)
            named = text.format(_called(first, pattern), *others)
            units = suffix if measured else natural
            return {"long_name": named} | ({"units": units} if units else {})
    return {}


def _called(part: str, pattern: str) -> str:
    """Return a reservoir or contact by its name, or number; another number as it is."""
    kind = next((k for k in ("contact", "reservoir") if pattern.startswith(k)), None)
    if kind is None:
        return part
    return f"{kind} {part}" if part.isdecimal() else part.replace("$", r"\$")
