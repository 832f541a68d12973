"""The contestants of a case: functions that make so many calls and return the seconds they took.

Everybody allocates their own result, as users do, in any layout they like, but not as a view of an
operand. numpy is given its contraction path, jax is compiled before the clock starts, and torch
records nothing except where gradients are asked for.
"""

import ctypes
import time

import numpy as np

from rust import pointers

# Where einloom is timed under other conditions, or a user's own loops: not peers.
ASIDES = ("one thread", "debug", "loops")


def contestants(case, release, debug, threads):
    """Name → function of the number of calls. `einloom` comes first."""
    operands = case.operands + [case.cotangent]
    found = {"einloom": native(release, f"einloom_{case.name}", operands)}
    if threads > 1:
        found["one thread"] = native(release, f"one_thread_{case.name}", operands)
    if debug is not None:
        return found | {"debug": native(debug, f"einloom_{case.name}", operands)}
    for name, symbol in (("loops", "loops_"), ("ndarray-einsum", "ndarray_einsum_")):
        if hasattr(release, symbol + case.name):
            found[name] = native(release, symbol + case.name, operands)
    for name, peer in (("numpy", numpy), ("torch", torch), ("jax", jax), ("TBLIS", tblis)):
        call = peer(case, threads)
        if call is not None:
            found[name] = call
    return found


def native(library, symbol, operands):
    function = getattr(library, symbol)
    function.restype = ctypes.c_double
    at = pointers(operands)
    return lambda calls: function(at, ctypes.c_size_t(calls))


def timed(call, wait=lambda result: None):
    def run(calls):
        start = time.perf_counter()
        for _ in range(calls):
            result = call()
        wait(result)
        return time.perf_counter() - start

    return run


def numpy(case, threads):
    if case.is_gradient:
        return None
    path, views = case.path(), case.views()
    call = lambda: np.einsum(case.letters, *views, optimize=path)
    return timed((lambda: np.array(call(), order="C")) if case.is_view else call)


def torch(case, threads):
    import torch

    torch.set_num_threads(threads)
    tensors = [torch.from_numpy(array) for array in case.operands]
    einsum = lambda *operands: torch.einsum(case.expression, *operands)
    if case.torch:
        einsum = eval(f"lambda a, b: {case.torch}", {"F": torch.nn.functional})
    if case.is_gradient:
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        cotangent = torch.from_numpy(case.cotangent)
        return timed(lambda: torch.autograd.grad(einsum(*leaves), leaves, cotangent))

    def call():
        with torch.no_grad():
            result = einsum(*tensors)
            return result.clone(memory_format=torch.contiguous_format) if case.is_view else result

    return timed(call)


def jax(case, threads):
    if case.has_windows:
        return None
    import jax

    arrays = [jax.numpy.asarray(array) for array in case.operands]
    einsum = lambda *operands: jax.numpy.einsum(case.expression, *operands)
    if case.is_gradient:

        def both(cotangent, *operands):
            value, pull = jax.vjp(einsum, *operands)
            return value, pull(cotangent)

        compiled, cotangent = jax.jit(both), jax.numpy.asarray(case.cotangent)
        return timed(lambda: compiled(cotangent, *arrays), jax.block_until_ready)
    compiled = jax.jit(einsum)
    return timed(lambda: compiled(*arrays), jax.block_until_ready)


def tblis(case, threads):
    if case.is_gradient or len(case.operands) != 2:
        return None
    import pytblis

    pytblis.set_num_threads(threads)
    views = case.views()
    call = lambda: pytblis.einsum(case.letters, *views)
    try:
        call()
    except Exception as refusal:  # Some expressions are beyond it.
        print(f"{case.id}: TBLIS refuses: {refusal}")
        return None
    return timed(call)
