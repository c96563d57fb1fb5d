"""Adding links to a flow law: which reservoirs they join, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import sequence
from oqs.exports import exported
from oqs.flows import Flows
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.links import HeatLink, Link, OhmicLink

_FORM = "Give e.g. {('a', 'b'): 1e-3}, the names of two reservoirs and a heat conductance."
_LAW = "Give a law (T, mu) -> oqs.Flows, or None for links alone."


@exported
def with_links(
    law: Callable[[ArrayLike, ArrayLike], Flows] | None,
    links: Mapping[tuple[str, str], float | Link],
    *,
    names: Sequence[str] | None = None,
) -> LinkedLaw:
    """Return a flow law with direct links between reservoirs, beside those of the open system.

        J_a += q(T_a, T_b),   J_b -= q(T_a, T_b),   P_a, P_b unchanged,

    so that Eq. (4) is dE_a/dt = -J_a with the leak in J_a. Such a link conserves energy and, with
    q (T_a - T_b) >= 0, produces the entropy q (1/T_b - 1/T_a) >= 0 per unit time: Clausius' sum
    counts it as any other heat.

    Parameters
    ----------
    law : (T, mu) -> Flows of the reservoirs in contact with the system: `oqs.flow_law`,
        `oqs.closed_form`, any function. None: there are links alone.
    links : {(a, b): q} with the names of two reservoirs. q is a heat conductance K >= 0 for
        K (T_a - T_b), a `HeatLink(K, s)` for K (T_a^s - T_b^s), any function (T_a, T_b) -> energy
        per unit time from a to b, written for arrays, or an `OhmicLink(G)`, which carries electrons
        too. A name that the law does not know is a further reservoir, in contact through links
        only.
    names : of the law's reservoirs, where it does not know them; or of all (n,), in their order,
        where it does.

    Returns
    -------
    LinkedLaw
        of n reservoirs: those of the law, then the further ones in the order of `names`, or in
        which `links` mentions them; its own `names` say it. Give `evolve` reservoirs in that order.

    Raises
    ------
    TypeError, ValueError
        if a link has no two different names, appears twice or is no conductance and no function, or
        the law's names are not known and not given. When called: if a link carries heat from cold
        to hot, which no passive link does.

    Notes
    -----
    Source of the law of electron-phonon cooling: F. C. Wellstood, C. Urbina, J. Clarke, Phys. Rev.
    B 49, 5942 (1994).

    Examples
    --------
    >>> import thermo
    >>> law = thermo.with_links(None, {("hot", "cold"): 1e-3, ("cold", "lattice"): 2e-3})
    >>> law.names
    ('hot', 'cold', 'lattice')
    >>> law([3.0, 1.0, 0.5]).energy.round(6).tolist()
    [0.002, -0.001, -0.001]
    """
    known, contacts = _known_names(law, names)
    if not isinstance(links, Mapping) or not links:
        raise TypeError(f"Argument `links` must be a dictionary, but is {links!r}. {_FORM}")
    every_name = list(known)
    places: dict[tuple[int, int], Link] = {}
    for pair, link in links.items():
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(map(_is_name, pair))):
            raise TypeError(
                f"Argument `links` must have pairs of names as keys, but has {pair!r}. {_FORM}"
            )
        if pair[0] == pair[1] or (pair[1], pair[0]) in links:
            raise ValueError(
                f"Argument `links` must join two reservoirs, each pair once, but has {pair!r}"
                f"{'' if pair[0] == pair[1] else ' in both orders'}. Add up what joins them."
            )
        every_name += [name for name in pair if name not in every_name]
        places[every_name.index(pair[0]), every_name.index(pair[1])] = _link(pair, link)
    return LinkedLaw(law, contacts, tuple(every_name), tuple(places.items()))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _link(pair: tuple[str, str], link: float | Link) -> Link:
    if callable(link) or isinstance(link, OhmicLink):
        return link
    if isinstance(link, bool) or not isinstance(link, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"Argument `links` must hold conductances or functions (T_a, T_b), but for {pair!r} "
            f"holds {link!r}. {_FORM}"
        )
    if not 0 <= link < math.inf:
        raise ValueError(
            f"Argument `links` must hold conductances >= 0, for heat flows from hot to cold, but "
            f"for {pair!r} holds {link!r}. {_FORM}"
        )
    return HeatLink(float(link))


def _known_names(
    law: Callable[[ArrayLike, ArrayLike], Flows] | None, names: Sequence[str] | None
) -> tuple[tuple[str, ...], int]:
    """Return the names that are known, its own or those given, and how many are the law's."""
    if law is not None and not callable(law):
        raise TypeError(f"Argument `law` must be callable, but is {law!r}. {_LAW}")
    own: tuple[str | None, ...] | None = getattr(law, "names", None)
    if names is None:
        if law is not None and (own is None or None in own):
            raise ValueError(
                "Argument `names` must name the reservoirs of a law that does not know them all "
                f"(it has {own!r}), but is left out. Name the contacts, or give names=['a', 'b']."
            )
        return tuple(name for name in own or () if name is not None), len(own or ())
    given = tuple(sequence("names", names, "Give one text a reservoir."))
    if not all(map(_is_name, given)) or len(set(given)) < len(given):
        raise ValueError(
            f"Argument `names` must hold different texts, but is {names!r}. Give one a reservoir."
        )
    if own is not None and (
        len(own) > len(given) or any(o not in (None, g) for o, g in zip(own, given, strict=False))
    ):
        raise ValueError(
            f"Argument `names` must begin with the names {own!r} of the law, but is {given!r}. "
            "Leave it out."
        )
    if law is None:
        return given, 0
    count = len(own) if own is not None else getattr(law, "reservoirs", len(given))
    if len(given) < count:
        raise ValueError(
            f"Argument `names` must name all {count} reservoirs of the law, but is {given!r}. Give "
            "one a reservoir."
        )
    return given, count
