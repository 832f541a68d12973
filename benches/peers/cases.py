"""The cases: a table of expressions with extents, and operands made from it."""

import csv
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

TYPES = {"f32": np.float32, "f64": np.float64, "c64": np.complex64, "c128": np.complex128}


@dataclass
class Case:
    """One row of the table, with operands of random numbers. Expressions are in letters."""

    id: str
    group: str
    dtype: str
    expression: str
    extents: dict
    operands: list = field(init=False)
    cotangent: np.ndarray = field(init=False)

    def __post_init__(self):
        inputs, self.output = self.expression.split("->")
        self.inputs = inputs.split(",")
        random = np.random.default_rng(7)
        self.operands = [self._random(random, self.shape(term)) for term in self.inputs]
        self.cotangent = self._random(random, self.shape(self.output))

    def _random(self, random, shape):
        values = random.uniform(-1, 1, shape)
        if self.dtype.startswith("c"):
            values = values + 1j * random.uniform(-1, 1, shape)
        return np.ascontiguousarray(values.astype(TYPES[self.dtype]))

    @property
    def name(self):
        """The id as an identifier."""
        return self.id.replace("-", "_")

    @property
    def is_gradient(self):
        return self.group == "grad"

    @property
    def is_view(self):
        """Whether other libraries return a view, which then has to be copied: a permutation or a diagonal."""
        return len(self.inputs) == 1 and set(self.inputs[0]) == set(self.output)

    def shape(self, term):
        return tuple(self.extents[label] for label in term)

    def path(self):
        """numpy's contraction path, found before the clock starts."""
        kind = "optimal" if len(self.operands) < 7 else "greedy"
        many = len(self.operands) > 1
        return np.einsum_path(self.expression, *self.operands, optimize=kind)[0] if many else False

    def expected(self):
        """What must come out, in double precision, each array with a bound of its elements' errors.

        The bound is n·eps·Σ|a||b|…, for n products in a sum: it holds for any order of summation.
        """
        exact = [np.asarray(x, np.result_type(x.dtype, np.float64)) for x in self.operands]
        results = [self._bounded(self.inputs, self.output, exact)]
        if self.is_gradient:
            cotangent = np.asarray(self.cotangent, exact[0].dtype)
            for place, term in enumerate(self.inputs):
                # The gradient of an einsum: the cotangent takes the operand's place.
                terms = [self.output] + self.inputs[:place] + self.inputs[place + 1 :]
                arrays = [cotangent] + exact[:place] + exact[place + 1 :]
                for label in sorted(set(term) - set("".join(terms))):
                    terms.append(label)
                    arrays.append(np.ones(self.extents[label]))
                results.append(self._bounded(terms, term, arrays))
        return results

    def _bounded(self, terms, output, arrays):
        expression = ",".join(terms) + "->" + output
        many = len(arrays) > 1
        value = np.einsum(expression, *arrays, optimize=many)
        magnitude = np.einsum(expression, *map(np.abs, arrays), optimize=many)
        summed = set("".join(terms)) - set(output)
        count = prod(self.extents[label] for label in summed) + len(arrays)
        return value, 2 * count * np.finfo(TYPES[self.dtype]).eps * magnitude


def read(path, only):
    """The cases whose id or group is in `only`, or all of them."""
    with Path(path).open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if not only or row["id"] in only or row["group"] in only:
                pairs = (pair.split("=") for pair in row["extents"].split(";"))
                extents = {label: int(extent) for label, extent in pairs}
                yield Case(row["id"], row["group"], row["type"], row["expression"], extents)
