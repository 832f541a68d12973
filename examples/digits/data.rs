//! The images: unpacked from the bytes of `digits.csv.gz`, scaled, split, and handed out in batches.
//!
//! `DATA.md` beside this file says where they come from.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use einloom::ndarray::{Array4, ArrayView4, Axis, s};
use flate2::read::GzDecoder;

/// The pixels along either side of an image.
pub(crate) const SIDE: usize = 8;
/// The number of pixels of an image.
pub(crate) const PIXELS: usize = SIDE * SIDE;
/// The number of digits to tell apart.
pub(crate) const CLASSES: usize = 10;
/// The rows that are trained on, from the first; the rest is the test.
pub(crate) const TRAINING_ROWS: usize = 1437;

const BRIGHTEST: u8 = 16;
const FILE: &[u8] = include_bytes!("digits.csv.gz");

/// Images with their labels, in the order of the file.
pub(crate) struct Digits {
    /// Along the axes: the image, its only channel, rows and columns of pixels from 0 to 1.
    pub(crate) images: Array4<f32>,
    /// The digit that each image shows.
    pub(crate) labels: Vec<usize>,
}

impl Digits {
    /// Returns the training part and the test part of the embedded file.
    pub(crate) fn load() -> Result<(Digits, Digits), DataError> {
        Digits::read(FILE)
    }

    /// Reads gzipped lines of 64 pixels and a label, and parts them as [`load`](Digits::load) does.
    pub(crate) fn read(gzipped: &[u8]) -> Result<(Digits, Digits), DataError> {
        let mut text = String::new();
        GzDecoder::new(gzipped).read_to_string(&mut text).map_err(DataError::Unpack)?;

        let mut pixels = Vec::new();
        let mut labels = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let (image, label) = parse_line(line).ok_or(DataError::Line { number })?;
            pixels.extend(image.map(|pixel| f32::from(pixel) / f32::from(BRIGHTEST)));
            labels.push(usize::from(label));
        }
        let rows = labels.len();
        if rows <= TRAINING_ROWS {
            return Err(DataError::TooShort { rows });
        }
        let images = Array4::from_shape_vec((rows, 1, SIDE, SIDE), pixels)
            .expect("each line gave 64 pixels and one label");
        let part = |range: Range<usize>| Digits {
            images: images.slice(s![range.clone(), .., .., ..]).to_owned(),
            labels: labels[range].to_vec(),
        };
        Ok((part(0..TRAINING_ROWS), part(TRAINING_ROWS..rows)))
    }

    /// Returns the number of images.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns the images in batches of `size` with their labels; the last may be smaller.
    ///
    /// A batch is a view: nothing is copied, since an einsum takes views as it takes arrays.
    pub(crate) fn batches(
        &self,
        size: usize,
    ) -> impl Iterator<Item = (ArrayView4<'_, f32>, &[usize])> {
        self.images.axis_chunks_iter(Axis(0), size).zip(self.labels.chunks(size))
    }
}

/// Returns the pixels and the label of a line, or `None` if it is not one of this file's.
fn parse_line(line: &str) -> Option<([u8; PIXELS], u8)> {
    let numbers: Vec<u8> = line.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (&label, pixels) = numbers.split_last()?;
    let image: [u8; PIXELS] = pixels.try_into().ok()?;
    let in_range = image.iter().all(|&pixel| pixel <= BRIGHTEST) && usize::from(label) < CLASSES;
    in_range.then_some((image, label))
}

/// Why the images cannot be read.
#[derive(Debug)]
pub(crate) enum DataError {
    /// The file is no gzip file, is cut short, or holds something else than text.
    Unpack(io::Error),
    /// A line, counted from 1, is not 64 pixels and a label.
    Line { number: usize },
    /// Nothing would be left to test with.
    TooShort { rows: usize },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Unpack(error) => write!(f, "digits.csv.gz cannot be unpacked: {error}"),
            DataError::Line { number } => write!(
                f,
                "digits.csv.gz, line {number}: expected {PIXELS} pixels from 0 to {BRIGHTEST} \
                 and a digit, separated by commas"
            ),
            DataError::TooShort { rows } => write!(
                f,
                "digits.csv.gz has {rows} rows, but {TRAINING_ROWS} are trained on and more must \
                 be left for the test"
            ),
        }
    }
}
