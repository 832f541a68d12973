"""Computes the reference values of `torch.rs`: python reference.py > reference.csv

A line is a case, a name, a shape, and the elements in C order, each its real and its imaginary part.
"""

import torch

torch.manual_seed(5)

CASES = {
    "chain": ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)], torch.complex128),
    "diagonal": ("iij,jk->ik", [(3, 3, 2), (2, 4)], torch.complex128),
    "lone": ("bik,jkl->bij", [(2, 3, 4), (2, 4, 3)], torch.float64),
    "ellipsis": ("...ij,...jk->...ik", [(3, 2, 4), (2, 1, 4, 2)], torch.complex128),
    "bilinear": ("i,ij,j->", [(3,), (3, 4), (4,)], torch.float64),
}


def show(case, name, tensor):
    shape = " ".join(str(extent) for extent in tensor.shape)
    parts = torch.view_as_real(tensor.detach().to(torch.complex128).contiguous()).flatten().tolist()
    print(f"{case},{name},{shape},{' '.join(f'{part:.17g}' for part in parts)}")


def random(shape, dtype):
    return torch.randn(shape, dtype=dtype)


for case, (text, shapes, dtype) in CASES.items():
    operands = tuple(random(shape, dtype) for shape in shapes)
    tangents = tuple(random(shape, dtype) for shape in shapes)
    value = lambda *operands: torch.einsum(text, *operands)
    y = value(*operands)
    dy = random(y.shape, dtype)

    def gradients(*operands):
        leaves = [operand.detach().requires_grad_() for operand in operands]
        return torch.autograd.grad(value(*leaves), leaves, dy)

    for number, (operand, tangent) in enumerate(zip(operands, tangents)):
        show(case, f"x{number}", operand)
        show(case, f"t{number}", tangent)
    show(case, "dy", dy)
    show(case, "y", y)
    for number, gradient in enumerate(gradients(*operands)):
        show(case, f"d{number}", gradient)
    moved = [
        value(*(tangents[n] if n == number else operands[n] for n in range(len(operands))))
        for number in range(len(operands))
    ]
    show(case, "ty", sum(moved))

    # Forward over reverse: autograd of the gradients along the tangents.
    leaves = [operand.detach().requires_grad_() for operand in operands]
    first = torch.autograd.grad(value(*leaves), leaves, dy, create_graph=True)
    dual = sum((gradient * tangent.conj()).real.sum() for gradient, tangent in zip(first, tangents))
    second = torch.autograd.grad(dual, leaves)
    for number, gradient in enumerate(second):
        show(case, f"h{number}", gradient)
