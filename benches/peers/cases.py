"""The cases: a table of expressions with extents, and operands made from it."""

import csv
import re
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

TYPES = {"f32": np.float32, "f64": np.float64, "c64": np.complex64, "c128": np.complex128}


@dataclass
class Case:
    """One row of the table, with operands of random numbers. Labels are letters, windows as `(2*x+k)`.

    Other libraries have no windows. They are given a strided view with an axis for every label, and `letters`, the
    expression for that; torch has an operator, which is Python in terms of the operands `a` and `b`.
    """

    id: str
    group: str
    dtype: str
    expression: str
    extents: dict
    torch: str
    operands: list = field(init=False)
    cotangent: np.ndarray = field(init=False)

    def __post_init__(self):
        inputs, self.output = self.expression.split("->")
        self.inputs = inputs.split(",")
        self.letters = ",".join(map(labels, self.inputs)) + "->" + self.output
        random = np.random.default_rng(7)
        self.operands = [self._random(random, self.shape(term)) for term in self.inputs]
        self.cotangent = self._random(random, self.shape(self.output))

    def _random(self, random, shape):
        values = random.uniform(-1, 1, shape)
        if self.dtype.startswith("c"):
            values = values + 1j * random.uniform(-1, 1, shape)
        return np.asarray(values, TYPES[self.dtype], order="C")

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

    @property
    def has_windows(self):
        return "(" in self.expression

    def shape(self, term):
        """The extents of the axes: those of windows end with the last position that is read."""
        return tuple(1 + sum(step * (self.extents[label] - 1) for step, label in axis) for axis in axes(term))

    def windows(self, array, term):
        """A view of an array with an axis for every label of its term."""
        strides = [step * stride for axis, stride in zip(axes(term), array.strides) for step, _ in axis]
        extents = [self.extents[label] for label in labels(term)]
        return np.lib.stride_tricks.as_strided(array, extents, strides)

    def views(self):
        return [self.windows(array, term) for array, term in zip(self.operands, self.inputs)]

    def path(self):
        """numpy's contraction path, found before the clock starts."""
        kind = "optimal" if len(self.operands) < 7 else "greedy"
        many = len(self.operands) > 1
        return np.einsum_path(self.letters, *self.views(), optimize=kind)[0] if many else False

    def expected(self):
        """What must come out, in double precision, each array with a bound of its elements' errors.

        The bound is n·eps·Σ|a||b|…, for n products in a sum: it holds for any order of summation.
        """
        exact = [np.asarray(x, np.result_type(x.dtype, np.float64)) for x in self.operands]
        exact = [self.windows(array, term) for array, term in zip(exact, self.inputs)]
        inputs = [labels(term) for term in self.inputs]
        results = [self._bounded(inputs, self.output, exact)]
        if self.is_gradient:
            cotangent = np.asarray(self.cotangent, exact[0].dtype)
            for place, term in enumerate(inputs):
                # The gradient of an einsum: the cotangent takes the operand's place.
                terms = [self.output] + inputs[:place] + inputs[place + 1 :]
                arrays = [cotangent] + exact[:place] + exact[place + 1 :]
                if not self.output and len(terms) > 1:
                    # numpy plans no term without labels.
                    terms, arrays = terms[1:], [arrays[1] * cotangent, *arrays[2:]]
                for label in sorted(set(term) - set("".join(terms))):
                    terms.append(label)
                    arrays.append(np.ones(self.extents[label]))
                parts = self._bounded(terms, term, arrays)
                results.append([self._folded(part, self.inputs[place]) for part in parts])
        return results

    def _folded(self, parts, term):
        """What an array is whose windows are these parts: those of an element are added up."""
        if "(" not in term:
            return parts
        shape = self.shape(term)
        places = self.windows(np.arange(prod(shape)).reshape(shape), term)
        return np.bincount(places.ravel(), parts.ravel(), prod(shape)).reshape(shape)

    def _bounded(self, terms, output, arrays):
        expression = ",".join(terms) + "->" + output
        many = len(arrays) > 1
        value = np.einsum(expression, *arrays, optimize=many)
        magnitude = np.einsum(expression, *map(np.abs, arrays), optimize=many)
        summed = set("".join(terms)) - set(output)
        count = prod(self.extents[label] for label in summed) + len(arrays)
        return value, 2 * count * np.finfo(TYPES[self.dtype]).eps * magnitude


def axes(term):
    """The axes of a term: for each its labels, and the steps that they take along it."""
    for window, label in re.findall(r"\(([^)]*)\)|([A-Za-z])", term):
        parts = [part.rpartition("*") for part in (window or label).split("+")]
        yield [(int(step or 1), label) for step, _, label in parts]


def labels(term):
    return "".join(label for axis in axes(term) for _, label in axis)


def read(path, only):
    """The cases whose id or group is in `only`, or all of them."""
    with Path(path).open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if not only or row["id"] in only or row["group"] in only:
                pairs = (pair.split("=") for pair in row["extents"].split(";"))
                extents = {label: int(extent) for label, extent in pairs}
                yield Case(row["id"], row["group"], row["type"], row["expression"], extents, row["torch"] or "")
