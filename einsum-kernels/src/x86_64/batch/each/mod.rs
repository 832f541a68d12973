//! Kernels that run one small product after the other, with its rows in the lanes of one vector: a step reads a vector
//! of X and multiplies it by an element of Y for every column.
//!
//! Registers of all levels: `rax rcx rdx` the product in X, Y, and C; `r8` products left; `r9 r10` the step in X and Y, `r11` steps
//! left; `rsi r12` the steps of k, `rbx` that of columns in Y, `r14` in C; `rbp` and, in C, `r15` three times these;
//! `r13` the fifth column; `r15` how far X is fetched ahead.

/// What all levels have in common. A level defines `begin` once a call, `expects`, `steps`, and `stores` once a product, and `clear`,
/// `multiply`, `scale`, `add_old`, and `store` for a column's sums and place.
macro_rules! body {
    () => {
        concat!(
            $crate::x86_64::text::element_instructions!(),
            $crate::x86_64::text::places!(),
            r"
        .macro in_c name
            places \name, rdx, r14, r15, r13
        .endm
        # All steps, which read X by `load`, and fetch what `fetch` says, if anything.
        .macro steps_by load, fetch
            .p2align 6
        30:
            \load
            \fetch
            .if COLUMNS > 4
                lea r13, [r10 + 4*rbx]
            .endif
            places multiply, r10, rbx, rbp, r13
            add r9, rsi
            add r10, r12
            dec r11
            jnz 30b
        .endm
        .macro fetch_x
            prefetcht0 [r9 + r15]
        .endm
            ",
            $crate::x86_64::text::save_registers!(),
            r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r8, [rdi + 24]
            mov rsi, [rdi + 64]
            mov r12, [rdi + 72]
            mov rbx, [rdi + 80]
            mov r14, [rdi + 88]
            lea rbp, [rbx + 2*rbx]
            begin
            .p2align 4
        20: # A product.
            in_c clear
            expects
            mov r9, rax
            mov r10, rcx
            mov r11, [rdi + 32]
            mov r15, [rdi + 160]
            steps
            lea r15, [r14 + 2*r14]
            .if COLUMNS > 4
                lea r13, [rdx + 4*r14]
            .endif
            test byte ptr [rdi + 104], 3
            jz 50f
            test byte ptr [rdi + 104], 1
            jz 40f
            factor [rdi+112]
            in_c scale
        40:
            test byte ptr [rdi + 104], 2
            jz 50f
            factor [rdi+120]
            in_c add_old
        50:
            stores
            add rax, [rdi + 40]
            add rcx, [rdi + 48]
            add rdx, [rdi + 56]
            dec r8
            jnz 20b
            ",
            $crate::x86_64::text::restore_registers!(),
            r"
            .irp name, f, places, in_c, steps_by, fetch_x, begin, steps, clear, expects, load, multiply, factor, scale, add_old, store, stores
                .purgem \name
            .endr
        "
        )
    };
}

pub(super) mod avx2;
pub(super) mod avx512;
pub(super) mod tall;
pub(super) mod thin;
