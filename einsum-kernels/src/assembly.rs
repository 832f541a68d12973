/// The assembly that is all of a function `unsafe extern "sysv64" fn`: the registers in which it finds the parameters, a
/// semicolon, and the text with its operands, as `asm!` has them. It is left at the end of the text, not by `ret`. It may change
/// what the System V calling convention lets a function change, and use the stack below `rsp`, which is a multiple of 16.
///
/// A naked function would take longer to compile: in a build with optimisation LLVM reads its assembly more than once, for the
/// symbols that it might define. All kernels of this crate took three times as long.
#[macro_export]
macro_rules! assembly {
    ($($register:tt = $parameter:expr),+; $($text:tt)*) => {
        // SAFETY: what the function's contract asks for is all that the assembly relies on, and it leaves registers and stack
        // as the calling convention says.
        unsafe {
            core::arch::asm!(
                $($text)*
                $(in($register) $parameter,)+
                clobber_abi("sysv64"),
            )
        }
    };
}
