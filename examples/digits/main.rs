//! A neural network that learns to read handwritten digits, without a framework.
//!
//! ```text
//! cargo run --release --example digits
//! ```
//!
//! Every product, every sum over a batch, and every gradient is an einsum. To see how it is built,
//! read `network.rs` (the network and its gradient), `loss.rs` (softmax and cross-entropy), and
//! `train.rs` (gradient descent); `data.rs` reads the images and `args.rs` the command line.

mod args;
mod data;
mod loss;
mod network;
mod train;

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use args::Request;
use data::Digits;
use train::{Trainer, accuracy};

/// Fixes the first weights, so that runs can be compared.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let epochs = match args::parse(env::args().skip(1)) {
        Ok(Request::Train { epochs }) => epochs.get(),
        Ok(Request::Help) => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match Digits::load() {
        Ok((training, test)) => {
            run(&training, &test, epochs);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Trains for so many epochs and prints a line after each.
fn run(training: &Digits, test: &Digits, epochs: usize) {
    println!("{} images to train, {} to test, seed {SEED}", training.len(), test.len());
    let bar = progress_bar(epochs * training.len());
    let mut trainer = Trainer::new(SEED);
    let mut reached = 0.0;
    let mut seconds = Vec::new();
    for epoch in 1..=epochs {
        bar.set_message(format!("epoch {epoch:3} of {epochs}"));
        let start = Instant::now();
        let loss = trainer.epoch(training, |images| bar.inc(images as u64));
        let elapsed = start.elapsed().as_secs_f64();

        reached = accuracy(&trainer.network, test);
        seconds.push(elapsed);
        bar.suspend(|| {
            println!("epoch {epoch:3}  loss {loss:.4}  test accuracy {reached:.4}  {elapsed:.4} s");
        });
    }
    bar.finish_and_clear();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!("test accuracy {reached:.4} after {epochs} epochs, median {median:.4} s an epoch");
}

/// Returns a bar over the images of all epochs, or one that is never drawn where nobody would see it.
fn progress_bar(images: usize) -> ProgressBar {
    if !(io::stdout().is_terminal() && io::stderr().is_terminal()) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg}  [{bar:40}] {percent:>3} %")
        .expect("the template is well-formed");
    ProgressBar::new(images as u64).with_style(style.progress_chars("=> "))
}
