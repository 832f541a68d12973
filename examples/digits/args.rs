//! The command line: `[--epochs N]`.

use std::fmt;
use std::num::NonZeroUsize;

/// How the example is called.
pub(crate) const USAGE: &str = "usage: cargo run --release --example digits -- [--epochs N]";

const DEFAULT_EPOCHS: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    /// Train for so many epochs.
    Train { epochs: NonZeroUsize },
    /// Print the usage.
    Help,
}

/// Reads the arguments that follow the name of the program.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Request, ArgsError> {
    let mut args = args.into_iter();
    let mut epochs = DEFAULT_EPOCHS;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--epochs" => {
                let value = args.next().ok_or(ArgsError::NoEpochs)?;
                epochs = value.parse().map_err(|_| ArgsError::Epochs { value })?;
            }
            _ => return Err(ArgsError::Unknown { arg }),
        }
    }
    Ok(Request::Train { epochs })
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq)]
pub(crate) enum ArgsError {
    /// Nothing follows `--epochs`.
    NoEpochs,
    /// What follows `--epochs` is not a positive integer.
    Epochs { value: String },
    /// An argument that is not known.
    Unknown { arg: String },
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgsError::NoEpochs => write!(f, "`--epochs` needs a number"),
            ArgsError::Epochs { value } => {
                write!(f, "`--epochs` needs a positive integer, not `{value}`")
            }
            ArgsError::Unknown { arg } => write!(f, "unknown argument `{arg}`"),
        }
    }
}
