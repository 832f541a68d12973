"""Writes `attention.txt`: multi-head attention with torch, value and gradients, in double precision.

The version of torch stands in the file's first line.

    python attention.py > attention.txt
"""

import torch
import torch.nn.functional as F


def line(name, tensor):
    shape = ",".join(str(n) for n in tensor.shape)
    print(name, shape, ",".join(repr(n) for n in tensor.detach().flatten().tolist()))


def main():
    print(f"# torch {torch.__version__}")
    batch, words, features, heads = 2, 3, 6, 2
    generator = torch.Generator().manual_seed(2)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    x = draw(batch, words, features).requires_grad_()
    projection = draw(features, 3 * features).requires_grad_()
    output = draw(features, features).requires_grad_()
    packed = (x @ projection).reshape(batch, words, 3, heads, features // heads)
    query, key, value = packed.permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(query, key, value)
    y = mixed.transpose(1, 2).reshape(batch, words, features) @ output
    dy = draw(*y.shape)
    y.backward(dy)
    print(f"case attention heads={heads}")
    for name, tensor in [
        ("x", x), ("projection", projection), ("output", output), ("y", y), ("dy", dy),
        ("dx", x.grad), ("dprojection", projection.grad), ("doutput", output.grad),
    ]:
        line(name, tensor)


main()
