//! The nest of [`tiny`](crate::kernel::tiny) for real elements, one at a time: what a debug build would take longest for.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::kernel::Dim;
use crate::kernel::tiny::Tiny;

/// Assigns the sums of a nest over `P` sources of elements of `ELEMENT` bytes, `f32` or `f64`. Without a second source
/// `y` is not read.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), with extents of one or more, and on x86-64 that has them, SSE2 registers, which
/// all have.
#[unsafe(naked)]
pub(crate) unsafe extern "sysv64" fn tiny<const ELEMENT: usize, const P: usize>(
    nest: *const Tiny<P>,
    x: *const u8,
    y: *const u8,
    out: *mut u8,
) {
    // In registers: the nest in rdi; x, y, and out of the point that the kept loops have come to in r8, r9, r10; x and y of
    // the outer summed loop in r12, r13, of the inner one in r14, r15. A sum begins with -0, which every number keeps its
    // sign added to.
    naked_asm!(
        // Moves three pointers on by one iteration of the loop at an offset from rdi.
        ".macro einloom_tiny_step loop, x, y, out",
        "    mov rbx, [rdi + \\loop + {x}]",
        "    lea \\x, [\\x + rbx*{element}]",
        "    mov rbx, [rdi + \\loop + {y}]",
        "    lea \\y, [\\y + rbx*{element}]",
        "    .ifnb \\out",
        "        mov rbx, [rdi + \\loop + {out}]",
        "        lea \\out, [\\out + rbx*{element}]",
        "    .endif",
        ".endm",
        "    push rbx",
        "    push rbp",
        "    push r12",
        "    push r13",
        "    push r14",
        "    push r15",
        "    mov r8, rsi",
        "    mov r9, rdx",
        "    mov r10, rcx",
        "    mov rbp, [rdi + {kept} + {extent}]",
        "2:",
        "    push r8",
        "    push r9",
        "    push r10",
        "    mov rcx, [rdi + {kept} + {dim} + {extent}]",
        "3:",
        "    push r8",
        "    push r9",
        "    push r10",
        "    mov rdx, [rdi + {kept} + 2*{dim} + {extent}]",
        "4:",
        "    mov r12, r8",
        "    mov r13, r9",
        "    mov eax, 1",
        "    .if {element} == 4",
        "        shl rax, 31",
        "    .else",
        "        shl rax, 63",
        "    .endif",
        "    movq xmm0, rax",
        "    mov rsi, [rdi + {summed} + {extent}]",
        "5:",
        "    mov r14, r12",
        "    mov r15, r13",
        "    mov r11, [rdi + {summed} + {dim} + {extent}]",
        "6:",
        "    .if {element} == 4",
        "        movss xmm1, dword ptr [r14]",
        "        .if {p} == 2",
        "            mulss xmm1, dword ptr [r15]",
        "        .endif",
        "        addss xmm0, xmm1",
        "    .else",
        "        movsd xmm1, qword ptr [r14]",
        "        .if {p} == 2",
        "            mulsd xmm1, qword ptr [r15]",
        "        .endif",
        "        addsd xmm0, xmm1",
        "    .endif",
        "    einloom_tiny_step {summed} + {dim}, r14, r15",
        "    dec r11",
        "    jnz 6b",
        "    einloom_tiny_step {summed}, r12, r13",
        "    dec rsi",
        "    jnz 5b",
        "    .if {element} == 4",
        "        movss dword ptr [r10], xmm0",
        "    .else",
        "        movsd qword ptr [r10], xmm0",
        "    .endif",
        "    einloom_tiny_step {kept} + 2*{dim}, r8, r9, r10",
        "    dec rdx",
        "    jnz 4b",
        "    pop r10",
        "    pop r9",
        "    pop r8",
        "    einloom_tiny_step {kept} + {dim}, r8, r9, r10",
        "    dec rcx",
        "    jnz 3b",
        "    pop r10",
        "    pop r9",
        "    pop r8",
        "    einloom_tiny_step {kept}, r8, r9, r10",
        "    dec rbp",
        "    jnz 2b",
        "    pop r15",
        "    pop r14",
        "    pop r13",
        "    pop r12",
        "    pop rbp",
        "    pop rbx",
        "    ret",
        ".purgem einloom_tiny_step",
        element = const ELEMENT,
        p = const P,
        dim = const size_of::<Dim<P>>(),
        kept = const offset_of!(Tiny<P>, kept),
        summed = const offset_of!(Tiny<P>, summed),
        extent = const offset_of!(Dim<P>, extent),
        out = const offset_of!(Dim<P>, out),
        x = const offset_of!(Dim<P>, sources),
        // Without a second source the steps of the first are as good as any.
        y = const offset_of!(Dim<P>, sources) + (P - 1) * size_of::<isize>(),
    )
}
