"""Print the lower bounds of pyproject.toml as pins, one a line, for `make test-lowest`."""

import pathlib
import re
import tomllib

PROJECT = pathlib.Path(__file__).parents[1] / "pyproject.toml"
BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def pins(project):
    """Return name==version of every requirement, those of the extras included, each once."""
    extras = project["optional-dependencies"].values()
    requirements = {*project["dependencies"], *(each for extra in extras for each in extra)}
    return sorted(map(pin, requirements))


def pin(requirement):
    bound = BOUND.fullmatch(requirement)
    if bound is None:
        raise ValueError(
            f"{requirement!r} in pyproject.toml must be a name and its lowest version, such as "
            "'numpy>=2.0', since `make test-lowest` installs that version."
        )
    return f"{bound[1]}=={bound[2]}"


if __name__ == "__main__":
    print(*pins(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]), sep="\n")
