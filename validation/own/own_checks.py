"""The checks that apply to a user's own system: what `python -m validation my.toml` runs."""

from __future__ import annotations

from oqs.validity.verdict import LARGEST_DOUBTFUL
from validation.framework.check import Check, check
from validation.own.own_system import DYING, ROUTES, SECOND_LAW, OwnSystem


def checks_of(own: OwnSystem) -> tuple[Check, ...]:
    """Return the checks of a user's system; one that does not apply says why when it runs."""
    return (*_flows(own), *_second_law(own), *_evolution(own), *_trust(own))


def _flows(own: OwnSystem) -> tuple[Check, ...]:
    return (
        check(
            "closed form",
            equation="Eq. (10)",
            reference="oqs.closed_form",
            tolerance=ROUTES,
            claim="Flows P, J, Y from the density matrix are those of the closed form.",
        )(own.closed_form),
        check(
            "covariance matrix",
            equation="Eq. (2)",
            reference="oqs.gaussian_law",
            tolerance=ROUTES,
            claim="They are those of the stationary covariance matrix.",
        )(own.covariance_matrix),
        check(
            "other solvers",
            equation="Eq. (2)",
            reference="oqs.ZeroFrequencyBlock, oqs.FullLiouvillian",
            tolerance=ROUTES,
            claim="Every solver that is exact for the system gives the same flows.",
        )(own.solvers),
        check(
            "balance",
            equation="Eq. (4)",
            reference="sum_j P_j = sum_j J_j = 0",
            tolerance=ROUTES,
            claim="What one reservoir loses the others gain.",
        )(own.balance),
    )


def _second_law(own: OwnSystem) -> tuple[Check, ...]:
    return (
        check(
            "detailed balance",
            equation="Eq. (9)",
            reference="Kubo-Martin-Schwinger condition",
            tolerance=1e-12,
            claim="Rates up and down differ by exp(-(w - mu_j)/T_j).",
        )(own.detailed_balance),
        check(
            "local Gibbs states",
            equation="Eq. (14)",
            reference="D_j[rho_j] = 0",
            tolerance=1e-12,
            claim="Each reservoir alone leaves its own Gibbs state unchanged.",
        )(own.gibbs),
        check(
            "Clausius",
            equation="Eq. (3)",
            reference="sum_j Y_j/T_j <= 0",
            tolerance=SECOND_LAW,
            claim="The second law holds at the T, mu given.",
        )(own.clausius),
        check(
            "Clausius around",
            equation="Eq. (3)",
            reference="sum_j Y_j/T_j <= 0",
            tolerance=SECOND_LAW,
            claim="It holds at random T, mu around them.",
        )(own.clausius_around),
    )


def _evolution(own: OwnSystem) -> tuple[Check, ...]:
    return (
        check(
            "Clausius along the evolution",
            equation="Eq. (3)",
            reference="sum_j Y_j/T_j <= 0",
            tolerance=DYING,
            claim="It holds all along the evolution of the reservoirs.",
        )(own.clausius_along),
        check(
            "entropy grows",
            equation="Eqs. (3), (5)",
            reference="sum_j S_j before",
            tolerance=1e-12,
            claim="The total entropy of the reservoirs never falls along the evolution.",
        )(own.entropy_grows),
        check(
            "conservation",
            equation="Eqs. (4), (6)",
            reference="sum_j N_j, sum_j E_j at the start",
            tolerance=1e-9,
            claim="Particles and energy are kept along the evolution.",
        )(own.conservation),
        check(
            "equilibrium",
            equation="Eq. (6)",
            reference="thermo.equilibrium",
            tolerance=1e-5,
            claim="The evolution ends at the T, mu that the totals of N and E fix.",
        )(own.equilibrium),
        check(
            "two drivers",
            equation="Eqs. (4), (10)",
            reference="the evolution driven by Eq. (10)",
            tolerance=1e-8,
            claim="Density matrix and closed form drive the same evolution.",
        )(own.drivers),
    )


def _trust(own: OwnSystem) -> tuple[Check, ...]:
    return (
        check(
            "weak coupling",
            equation="Eqs. (2), (9)",
            reference="oqs.audit",
            tolerance=LARGEST_DOUBTFUL,
            claim="No assumption of the generator is unreliable at the T, mu given.",
        )(own.audit),
        check(
            "weak coupling along the evolution",
            equation="Eqs. (2), (5)",
            reference="thermo.audit",
            tolerance=LARGEST_DOUBTFUL,
            claim="None becomes so along the evolution, quasi-stationarity included.",
        )(own.audit_along),
    )
