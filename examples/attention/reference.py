"""Computes the reference values of the attention example: python reference.py > reference.csv

A line is a name, a shape, and the elements in C order; see DATA.md.
"""

import torch

torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
BATCH, POSITIONS, CHANNELS, HEADS, SIZE = 2, 5, 6, 2, 3


def show(name, tensor):
    shape = " ".join(str(extent) for extent in tensor.shape)
    elements = " ".join(f"{element:.17g}" for element in tensor.detach().flatten().tolist())
    print(f"{name},{shape},{elements}")


x = torch.randn(BATCH, POSITIONS, CHANNELS, requires_grad=True)
query, key, value = (
    torch.randn(CHANNELS, HEADS, SIZE, requires_grad=True) for _ in range(3)
)
output = torch.randn(HEADS, SIZE, CHANNELS, requires_grad=True)
dy = torch.randn(BATCH, POSITIONS, CHANNELS)

q, k, v = (torch.einsum("bte,ehd->bhtd", x, w) for w in (query, key, value))
mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
y = torch.einsum("bhtd,hde->bte", mixed, output)
y.backward(dy)

for name in ("x", "query", "key", "value", "output", "dy", "y"):
    show(name, globals()[name])
for name in ("x", "query", "key", "value", "output"):
    show("d_" + name, globals()[name].grad)
