//! The crew of a computation: its caller and helpers from a rayon pool, which take pieces until none is left.
//!
//! The caller begins at once, and in the end waits only for helpers in the middle of a piece: a pool whose threads are
//! busy delays nothing. While it waits it runs no other jobs of the pool, as a thread in `rayon::join` does, so that a
//! lock held by the caller is not asked for again below it.
//!
//! The heap is asked for one small block, another for every helper, and for one more that is asked for if nobody comes:
//! about 100 bytes for two threads.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// In [`Work::helpers`]: nobody may begin any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// How often the caller looks for the last helper to finish before it offers its processor, which the helper might be
/// waiting for, and before it sleeps.
const LOOKS: usize = 20;
const OFFERS: usize = 200;

/// How long the caller waits for a first helper before it asks for one more: usually one has begun by then.
const PATIENCE: Duration = Duration::from_micros(50);

/// A computation. Helpers hold on to it, but call `run` only while they are counted.
struct Work {
    /// What the caller borrows as long as helpers are counted.
    run: *const Run<'static>,
    pieces: usize,
    /// The next piece to be taken.
    next: AtomicUsize,
    /// The most helpers at a time.
    most: usize,
    /// The helpers at work, and [`CLOSED`].
    helpers: AtomicUsize,
    /// Whether a helper has begun.
    has_help: AtomicBool,
    caller: Thread,
    /// What a helper has panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

type Run<'r> = dyn Fn(usize) + Sync + 'r;

// SAFETY: `run` points to a `Sync` function; all else is `Send` and `Sync`.
unsafe impl Send for Work {}
// SAFETY: as above.
unsafe impl Sync for Work {}

/// Calls `run` with every number below `pieces`, here and on up to `helpers` threads of the pool.
pub(super) fn each(pieces: usize, helpers: usize, run: &Run<'_>) {
    // SAFETY: the lifetime of a pointer means nothing until it is used, which is argued there.
    let run = unsafe { core::mem::transmute::<*const Run<'_>, *const Run<'static>>(run) };
    let work = Arc::new(Work {
        run,
        pieces,
        next: AtomicUsize::new(0),
        most: helpers,
        helpers: AtomicUsize::new(0),
        has_help: AtomicBool::new(false),
        caller: thread::current(),
        panic: Mutex::new(None),
    });
    {
        // Also if something panics, no helper is left at work.
        let _closing = Closing(&work);
        (0..helpers).for_each(|_| ask(&work));
        let asked = Instant::now();
        let mut has_asked_again = false;
        let between = || {
            // The pool wakes nobody for a job as long as one of its threads looks for work, but that one may itself be
            // waiting for a processor: for this one. For a job behind another it wakes the next.
            if !has_asked_again
                && !work.has_help.load(Ordering::Relaxed)
                && asked.elapsed() > PATIENCE
            {
                has_asked_again = true;
                ask(&work);
            }
        };
        // SAFETY: `run` is borrowed here.
        unsafe { work.take_pieces(between) }
    }
    let panic = work.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

/// Asks the pool for a helper.
fn ask(work: &Arc<Work>) {
    let work = Arc::clone(work);
    rayon_core::spawn(move || work.help());
}

impl Work {
    /// Takes pieces until none is left, and calls `between` after each.
    ///
    /// # Safety
    ///
    /// `run` is still borrowed.
    unsafe fn take_pieces(&self, mut between: impl FnMut()) {
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= self.pieces {
                return;
            }
            // SAFETY: the caller's duty.
            unsafe { (*self.run)(piece) }
            between();
        }
    }

    fn help(&self) {
        // A closed count is greater than any other.
        let enter = |n| (n < self.most).then_some(n + 1);
        if self.helpers.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).is_err() {
            return;
        }
        self.has_help.store(true, Ordering::Relaxed);
        // SAFETY: the work was not closed, so its caller waits for this helper before its borrow ends.
        let done = catch_unwind(AssertUnwindSafe(|| unsafe { self.take_pieces(|| ()) }));
        if let Err(panic) = done {
            self.next.store(self.pieces, Ordering::Relaxed);
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
        // What the pieces wrote becomes visible to the caller, who reads the count.
        if self.helpers.fetch_sub(1, Ordering::Release) == CLOSED + 1 {
            self.caller.unpark();
        }
    }
}

/// Closes the work when dropped, and waits for the helpers at work.
struct Closing<'w>(&'w Work);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let helpers = &self.0.helpers;
        let mut looks = 0;
        let mut left = helpers.fetch_or(CLOSED, Ordering::Acquire);
        while left & !CLOSED != 0 {
            match looks {
                ..LOOKS => core::hint::spin_loop(),
                LOOKS..OFFERS => thread::yield_now(),
                _ => thread::park(),
            }
            looks += 1;
            left = helpers.load(Ordering::Acquire);
        }
    }
}
