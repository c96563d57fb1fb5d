"""Refusals name the true cause, in digits that show it, and a remedy that can be followed."""

import numpy as np
import pytest
import qutip

import oqs
from oqs.stationary.method import checked_residual

SM, ONE = qutip.sigmam(), qutip.qeye(2)
CONTACT = oqs.Contact(oqs.flat(0.1))


def on_site(operator, site, sites):
    return qutip.tensor([operator if v == site else ONE for v in range(sites)])


def made_of(annihilators):
    return oqs.InteractingSystem(sum(c.dag() * c for c in annihilators), annihilators)


NOT_FERMIONS = {
    "one spin": ([SM], r"c_0 is qutip.sigmam\(\), the lowering operator of a spin"),
    "two spins": ([on_site(SM, v, 2) for v in range(2)], "c_1 and c_0 commute, as those of two"),
    "three spins": ([on_site(SM, v, 3) for v in range(3)], "c_1 and c_0 commute, as those of two"),
    "two oscillators": (
        [qutip.tensor(qutip.destroy(2), ONE), qutip.tensor(ONE, qutip.destroy(2))],
        "c_1 and c_0 commute",
    ),
    "an oscillator": ([qutip.destroy(5)], r"an element of {c_0, c_0\^\+} - 1 is 6"),
    "spin one": ([qutip.jmat(1, "-")], r"an element of {c_0, c_0\^\+} - 1 is 3"),
    "one site twice": ([qutip.fdestroy(2, 0)] * 2, r"an element of {c_1, c_0\^\+} - 0 is 1"),
    "not normalised": ([qutip.fdestroy(1, 0) / 2], r"an element of {c_0, c_0\^\+} - 1 is 0.75"),
}


@pytest.mark.parametrize(("annihilators", "why"), NOT_FERMIONS.values(), ids=NOT_FERMIONS)
def test_what_is_no_fermion_is_out_of_scope(annihilators, why):
    with pytest.raises(ValueError, match=why) as caught:
        made_of(annihilators)
    assert "spins and oscillators are an oqs.OperatorSystem(H)" in str(caught.value)


def test_fermions_in_any_basis_are_accepted():
    assert made_of([qutip.fdestroy(1, 0)]).sites == 1
    c = [qutip.fdestroy(2, v) for v in range(2)]
    assert made_of([(c[0] + c[1]) / np.sqrt(2), (c[0] - c[1]) / np.sqrt(2)]).sites == 2


REFUSED = {
    "h by a billionth": (
        lambda: oqs.QuadraticSystem([[1, 0.1], [0.1 + 1e-9, 2]]),
        r"h\[0, 1\] = 0.1 and h\[1, 0\] = 0.100000001\. .* give \(h \+ h.conj\(\).T\) / 2",
    ),
    "h large": (
        lambda: oqs.QuadraticSystem([[1, 1e6], [1e6 + 1e-3, 2]]),
        r"h\[0, 1\] = 1000000 and h\[1, 0\] = 1000000.001",
    ),
    "h imaginary": (
        lambda: oqs.InteractingSystem.from_terms([[1, 0.1j], [0.1j, 2]]),
        r"h\[0, 1\] = 0.1j and h\[1, 0\] = 0.1j",
    ),
    "H": (
        lambda: oqs.InteractingSystem(qutip.sigmap(), [qutip.fdestroy(1, 0)]),
        r"largest element of H - H\^\+ is 1\. With every term add its conjugate",
    ),
    "times": (
        lambda: oqs.relax(
            oqs.davies(oqs.QuadraticSystem([[1]]), [CONTACT]),
            qutip.basis(2, 0),
            [1],
            [0],
            [0, 0.3, 0.2999999999],
        ),
        "but 0.3 stands before 0.2999999999 at index 2",
    ),
    "trace": (
        lambda: oqs.relax(
            oqs.davies(oqs.QuadraticSystem([[1]]), [CONTACT]),
            qutip.ket2dm(qutip.basis(2, 0)) * (1 + 1e-8),
            [1],
            [0],
            [0],
        ),
        r"\|tr rho - 1\| = 1e-08",
    ),
    "rate as text": (lambda: oqs.Contact("flat"), r"'flat'\. Give oqs.flat\(0.01\) for a constant"),
    "rate as number": (
        lambda: oqs.Contact(np.float64(0.3)),
        r"Give oqs.flat\(0.3\) for a constant",
    ),
    "coupling of dots": (
        lambda: oqs.davies(oqs.anderson_dot(0, 1), [oqs.Contact(oqs.flat(0.1), [1])]),
        "must have 2 entries .* For spinful dots oqs.spin_channels makes it",
    ),
    "a Qobj": (
        lambda: oqs.davies(qutip.num(2), [CONTACT]),
        r"but is Qobj\. .* or of a Qobj with oqs.InteractingSystem\(H, annihilators\)",
    ),
    "exact with U": (
        lambda: oqs.landauer(oqs.anderson_dot(0, 1), [CONTACT]),
        r"interacting: use oqs.heom_law up to 2 sites, oqs.perlind beyond\.",
    ),
}


@pytest.mark.parametrize(("call", "sentence"), REFUSED.values(), ids=REFUSED)
def test_the_sentence_shows_the_cause_and_a_remedy(call, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()


@pytest.mark.parametrize("method", [oqs.Populations(), oqs.FullLiouvillian()], ids=repr)
def test_a_solver_that_gives_up_names_what_can_be_changed(method):
    with pytest.raises(oqs.StationaryStateNotFound, match="raise T, bring the contacts' rates clo"):
        checked_residual(1e-3, method)
