"""Wrong arguments of thermo's newer calls: one sentence each, of the argument and its remedy."""

import math
import re
import traceback

import pytest

import oqs
import thermo

NAN = math.nan
GAS = thermo.FermiDiracGas(1.0)
BOX = thermo.Reservoir(GAS, 20.0)
SYSTEM = oqs.QuadraticSystem.from_energies([1.3])
CONTACTS = [oqs.Contact(oqs.flat(0.01), name="c"), oqs.Contact(oqs.flat(0.02), name="h")]
MODEL = oqs.davies(SYSTEM, CONTACTS)
LAW = oqs.closed_form(SYSTEM, CONTACTS)
START = {"T": [0.3, 0.6], "mu": [1.2, 0.9]}


def followed(**changed):
    asked = START | {"trajectories": 4, "t_final": 10.0, "seed": 1} | changed
    return thermo.evolve_stochastic(
        asked.pop("model", MODEL), asked.pop("boxes", [BOX] * 2), **asked
    )


def listed(**changed):
    asked = {"boxes": [thermo.Reservoir(GAS, 3.0)] * 2, "model": MODEL} | START | changed
    return thermo.master_equation(asked.pop("model"), asked.pop("boxes"), **asked)


def explicit(system=SYSTEM, contacts=CONTACTS, boxes=(BOX, BOX), levels=40, **changed):
    return thermo.explicit_reservoirs(system, contacts, boxes, levels=levels, **changed)


ENSEMBLE = followed(preparation="canonical")
EQUATION = listed()

CASES = {
    # trajectories of jumps
    "model a number": ("model", lambda: followed(model=3)),
    "model a law": ("model", lambda: followed(model=LAW)),
    "reservoirs a number": ("reservoirs", lambda: followed(boxes=3)),
    "reservoirs hold a number": ("reservoirs", lambda: followed(boxes=[BOX, 3])),
    "one reservoir of two": ("reservoirs", lambda: followed(boxes=[BOX])),
    "less than a particle": (
        "reservoirs",
        lambda: followed(boxes=[BOX, thermo.Reservoir(GAS, 1e-4)]),
    ),
    "no fermions": (
        "reservoirs",
        lambda: followed(boxes=[thermo.Reservoir(thermo.BoseGas(3))] * 2),
    ),
    "one T of two": ("T", lambda: followed(T=[0.3])),
    "T negative": ("T", lambda: followed(T=[-0.3, 1.0])),
    "T text": ("T", lambda: followed(T="warm")),
    "mu left out": ("mu", lambda: followed(mu=None)),
    "mu text": ("mu", lambda: followed(mu=["a", "b"])),
    "no trajectories": ("trajectories", lambda: followed(trajectories=0)),
    "trajectories 1.5": ("trajectories", lambda: followed(trajectories=1.5)),
    "t_final infinite": ("t_final", lambda: followed(t_final=math.inf)),
    "seed negative": ("seed", lambda: followed(seed=-1)),
    "occupations thermal": ("occupations", lambda: followed(occupations="thermal")),
    "times descend": ("times", lambda: followed(times=[1.0, 0.0])),
    "times beyond the end": ("times", lambda: followed(times=[11.0])),
    "one threshold of two": ("below", lambda: followed(below=[0.1])),
    "threshold negative": ("below", lambda: followed(below=[-0.1, 0.1])),
    "store a number": ("store", lambda: followed(store=3)),
    "store in no folder": ("store", lambda: followed(store="/no such folder/store.db")),
    "no processes": ("executor", lambda: followed(executor=0)),
    "levels of quantiles": ("levels", lambda: ENSEMBLE.quantiles("T", [1.5])),
    "no bins": ("bins", lambda: ENSEMBLE.detailed_fluctuation_theorem(0)),
    "bins text": ("bins", lambda: ENSEMBLE.detailed_fluctuation_theorem("x")),
    "no such trajectory": ("number", lambda: ENSEMBLE.trajectory(99)),
    # master equation
    "equation of no model": ("model", lambda: listed(model=3)),
    "equation of PERLind": ("model", lambda: listed(model=oqs.perlind(SYSTEM, CONTACTS))),
    "equation occupations": ("occupations", lambda: listed(occupations="x")),
    "time negative": ("t", lambda: EQUATION.at(-1.0)),
    "time NaN": ("t", lambda: EQUATION.distribution(NAN)),
    # explicit reservoirs
    "explicit no system": ("system", lambda: explicit(system=3)),
    "explicit interactions": ("system", lambda: explicit(system=oqs.anderson_dot(0.0, 1.0))),
    "explicit contacts": ("contacts", lambda: explicit(contacts=3)),
    "explicit reservoirs": ("reservoirs", lambda: explicit(boxes=3)),
    "explicit one reservoir": ("reservoirs", lambda: explicit(boxes=[BOX])),
    "no levels": ("levels", lambda: explicit(levels=0)),
    "band descends": ("band", lambda: explicit(band=(3.0, 1.0))),
    "band NaN": ("band", lambda: explicit(band=(NAN, 1.0))),
    # evolution
    "one reservoir of the law": ("reservoirs", lambda: thermo.evolve(LAW, [BOX], **START)),
    "many with one reservoir": ("reservoirs", lambda: thermo.evolve_ensemble(LAW, [BOX], **START)),
    # parts
    "merge nothing": ("stores", lambda: thermo.merge(None)),
    "merge one": ("stores", lambda: thermo.merge("one.db")),
    "merge numbers": ("stores", lambda: thermo.merge([3])),
    "merge no files": ("stores", lambda: thermo.merge(["nowhere.db"])),
    "part a list": ("part", lambda: thermo.sweep(lambda a: a, {"a": [1, 2]}, part=[0, 2])),
    "grid empty": ("grid", lambda: thermo.sweep(lambda a: a, {})),
    "timeout here": ("timeout", lambda: thermo.sweep(lambda a: a, {"a": [1]}, timeout=1)),
}


@pytest.mark.parametrize(("argument", "call"), CASES.values(), ids=CASES)
def test_one_sentence(argument, call):
    with pytest.raises((TypeError, ValueError, IndexError)) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"Argument `{argument}` must "), message
    assert re.search(r"\bbut\b.*[.?:] .+[.?]$", message), message
    assert "\n" not in message
    assert len(message) < 400
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert re.search(r"/(oqs|thermo)/", files[-1]), files


def test_a_file_that_is_no_store_is_not_offered_to_be_new(tmp_path):
    file = tmp_path / "junk.db"
    file.write_text("no database" * 100)
    with pytest.raises(ValueError, match=r"must be a file written by thermo\.sweep, but .*junk"):
        thermo.merge([file])
    with pytest.raises(ValueError, match=r"thermo\.sweep, or not exist yet, but .*junk"):
        thermo.sweep(lambda x: x, {"x": [1.0]}, store=file, label="squares")
