"""Writes `convolutions.txt`: convolutions of small integers with torch, values and gradients.

The version of torch stands in the file's first line. Every number is an integer, so that the comparison is
exact.

    python make.py > convolutions.txt
"""

import torch
import torch.nn.functional as F

# Name, shapes of input and weight, and what torch's function takes.
CASES = [
    ("conv1d", (2, 3, 9), (4, 3, 3), {}),
    ("conv1d", (2, 3, 9), (4, 3, 3), {"stride": 2}),
    ("conv1d", (2, 3, 11), (4, 3, 3), {"stride": 3, "padding": 2, "dilation": 2}),
    ("conv1d", (1, 2, 5), (2, 2, 5), {"padding": 4}),
    ("conv2d", (2, 3, 7, 6), (4, 3, 3, 3), {"padding": 1}),
    ("conv2d", (2, 3, 8, 9), (2, 3, 3, 3), {"stride": 2, "padding": 1}),
    ("conv2d", (1, 2, 9, 9), (3, 2, 3, 3), {"stride": 2, "padding": 2, "dilation": 2}),
    ("conv2d", (2, 6, 6, 5), (4, 3, 3, 3), {"padding": 1, "groups": 2}),
    ("conv2d", (2, 4, 6, 6), (4, 1, 3, 3), {"padding": 1, "groups": 4}),
    ("conv_transpose1d", (2, 4, 5), (4, 3, 3), {"stride": 2, "padding": 1}),
    ("conv_transpose2d", (1, 4, 4, 3), (4, 2, 3, 3), {"stride": 2, "padding": 1}),
    ("conv1d", (2, 3, 9), (4, 3, 3), {"stride": 2, "padding": 1}),
    ("conv2d", (2, 4, 9, 8), (6, 2, 3, 3), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
]


def integers(generator, shape):
    return torch.randint(-4, 5, shape, generator=generator).to(torch.float64)


def line(name, tensor):
    shape = ",".join(str(n) for n in tensor.shape)
    print(name, shape, ",".join(str(int(n)) for n in tensor.flatten().tolist()))


def main():
    print(f"# torch {torch.__version__}")
    generator = torch.Generator().manual_seed(1)
    for function, of_input, of_weight, options in CASES:
        x = integers(generator, of_input).requires_grad_()
        w = integers(generator, of_weight).requires_grad_()
        y = getattr(F, function)(x, w, **options)
        dy = integers(generator, y.shape)
        y.backward(dy)
        written = " ".join(f"{name}={value}" for name, value in options.items())
        print(f"case {function} {written}".rstrip())
        for name, tensor in [("x", x), ("w", w), ("y", y), ("dy", dy), ("dx", x.grad), ("dw", w.grad)]:
            line(name, tensor.detach())


main()
