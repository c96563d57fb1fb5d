"""Other distributions that are imported as `oqs` or `thermo`: refused, before anything is mixed.

`thermo` runs this file by its path, without `import oqs`, which might be the other one's.
"""

import importlib.metadata
import importlib.util
import pathlib

_IMPORTED_AS = {"liboqs-python": "oqs", "thermo": "thermo"}
_REMEDY = (
    "Install oqs-thermo into an environment of its own: python -m venv NAME, then pip install "
    "oqs-thermo with that environment's pip."
)


def refuse_namesakes() -> None:
    """Raise ImportError if another distribution's `oqs` or `thermo` may stand in place of ours.

    Two distributions that install a package of one name write into one folder, so that which files
    are whose depends on the order. An `oqs` of another folder would be imported instead of ours.
    """
    for distribution, name in _IMPORTED_AS.items():
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        raise ImportError(
            f"The environment must hold one package called `{name}`, that of oqs-thermo, but "
            f"{distribution} {version} is installed too and has the same name. {_REMEDY}"
        )
    ours = pathlib.Path(__file__).with_name("__init__.py")
    spec = importlib.util.find_spec("oqs")
    where = "none" if spec is None else str(spec.origin)
    if pathlib.Path(where).resolve() != ours.resolve():
        raise ImportError(
            f"`oqs` must be that of oqs-thermo, in {ours.parent}, but Python finds {where} "
            f"first. {_REMEDY}"
        )
