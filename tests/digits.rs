//! The parts of the `digits` example: its data, the gradient of its network, and what it learns.

#[path = "../examples/digits/args.rs"]
mod args;
#[path = "../examples/digits/data.rs"]
mod data;
#[path = "../examples/digits/loss.rs"]
mod loss;
#[path = "../examples/digits/network.rs"]
mod network;
#[path = "../examples/digits/train.rs"]
mod train;

use std::io::Write;

use einloom::ndarray::{Array2, s};
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;

use args::{ArgsError, Request};
use data::{CLASSES, DataError, Digits, PIXELS, SIDE, TRAINING_ROWS};
use loss::cross_entropy;
use network::Network;
use train::{BATCH, Trainer, accuracy};

#[test]
fn gradient_agrees_with_central_differences() {
    // An error of h² from the differences and of f64::EPSILON / h from rounding: both below 1e-9.
    const H: f64 = 1e-5;
    const BOUND: f64 = 1e-8;

    let mut rng = Rng::with_seed(3);
    let mut network = Network::<f64>::random(SIDE, [2, 3], CLASSES, 3);
    // The biases start at zero, where a forgotten one could go unnoticed.
    parameters(&mut network).for_each(|parameter| *parameter += 0.1 * (rng.f64() - 0.5));
    let (training, _) = Digits::load().unwrap();
    let images = training.images.slice(s![..7, .., .., ..]).mapv(f64::from);
    let labels = &training.labels[..7];

    let (_, mut gradient) = network.loss_and_gradient(&images, labels);
    let gradient: Vec<f64> = parameters(&mut gradient).map(|&mut g| g).collect();
    assert_eq!(gradient.len(), 2 * 9 + 2 + 3 * 2 * 9 + 3 + 3 * 4 * 4 * 10 + 10);
    let largest = gradient.iter().fold(0.0_f64, |a, g| a.max(g.abs()));
    assert!(largest > 0.1, "the bound means nothing for a gradient of {largest}");

    for (position, expected) in gradient.iter().enumerate() {
        let loss_at = |shift| {
            let mut shifted = network.clone();
            *parameters(&mut shifted).nth(position).unwrap() += shift;
            cross_entropy(shifted.logits(&images), labels).0
        };
        let difference = (loss_at(H) - loss_at(-H)) / (2.0 * H);
        assert!(
            (difference - expected).abs() < BOUND,
            "parameter {position}: gradient {expected}, central difference {difference}"
        );
    }
}

#[test]
fn loss_falls_and_unseen_digits_are_read() {
    let (training, test) = Digits::load().unwrap();
    let mut trainer = Trainer::new(1);
    let before = accuracy(&trainer.network, &test);
    assert!(before < 0.3, "a random network guesses, but is right on {before}");

    let mut batches = Vec::new();
    let losses: Vec<f32> =
        (0..6).map(|_| trainer.epoch(&training, |images| batches.push(images))).collect();
    assert!(losses.is_sorted_by(|earlier, later| earlier > later), "{losses:?}");
    assert!(losses[5] < 0.1, "{losses:?}");
    assert_eq!(batches.len(), 6 * TRAINING_ROWS.div_ceil(BATCH));
    assert_eq!(batches.iter().sum::<usize>(), 6 * TRAINING_ROWS);

    let after = accuracy(&trainer.network, &test);
    assert!(after >= 0.9, "test accuracy {after}, losses {losses:?}");
}

#[test]
fn cross_entropy_of_known_logits() {
    let (loss, gradient) = cross_entropy(Array2::<f64>::zeros((2, 10)), &[3, 0]);
    assert!((loss - 10.0_f64.ln()).abs() < 1e-14);
    assert!((gradient[[0, 3]] - (0.1 - 1.0) / 2.0).abs() < 1e-15);
    assert!((gradient[[0, 0]] - 0.1 / 2.0).abs() < 1e-15);

    let (loss, gradient) = cross_entropy(Array2::from_diag_elem(2, 1e30_f32), &[0, 0]);
    assert_eq!(loss, 0.5e30);
    assert_eq!(gradient, Array2::from_shape_vec((2, 2), vec![0.0, 0.0, -0.5, 0.5]).unwrap());
}

#[test]
fn file_holds_what_is_described() {
    let (training, test) = Digits::load().unwrap();
    assert_eq!((training.len(), test.len()), (TRAINING_ROWS, 360));
    assert_eq!(training.images.dim(), (TRAINING_ROWS, 1, SIDE, SIDE));
    assert_eq!(training.labels[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    assert_eq!(training.images.slice(s![0, 0, 0, 2..6]).to_vec(), [0.3125, 0.8125, 0.5625, 0.0625]);
    for digits in [training, test] {
        assert!(digits.images.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        assert!((0..CLASSES).all(|class| digits.labels.contains(&class)));
    }
}

#[test]
fn unreadable_data_is_refused() {
    let good = format!("{}7\n", "16,".repeat(PIXELS));
    let enough = good.repeat(TRAINING_ROWS + 1);
    let (training, test) = Digits::read(&gzip(&enough)).unwrap();
    assert_eq!((training.images[[5, 0, 0, 5]], test.labels), (1.0, vec![7]));

    let cut = &gzip(&enough)[..40];
    assert!(matches!(Digits::read(cut), Err(DataError::Unpack(_))));
    assert!(matches!(Digits::read(b"0,0,5,13"), Err(DataError::Unpack(_))));

    let short = gzip(&good.repeat(TRAINING_ROWS));
    assert!(matches!(Digits::read(&short), Err(DataError::TooShort { rows: TRAINING_ROWS })));

    let row = "16,".repeat(PIXELS - 1);
    for bad in ["".into(), format!("{row}7"), format!("{row}17,7"), format!("{row}16,10")] {
        let Err(error) = Digits::read(&gzip(&format!("{good}{bad}\n{good}"))) else {
            panic!("`{bad}` was taken for a row");
        };
        let message = error.to_string();
        assert!(message.starts_with("digits.csv.gz, line 2: expected 64 pixels"), "{message}");
    }
}

#[test]
fn arguments() {
    let parse = |line: &str| args::parse(line.split_whitespace().map(String::from));
    let train = |epochs: usize| Ok(Request::Train { epochs: epochs.try_into().unwrap() });
    assert_eq!(parse(""), train(20));
    assert_eq!(parse("--epochs 3"), train(3));
    assert_eq!(parse("--help"), Ok(Request::Help));
    assert_eq!(parse("--epochs"), Err(ArgsError::NoEpochs));
    assert_eq!(parse("--epoch 3"), Err(ArgsError::Unknown { arg: "--epoch".into() }));
    for bad in ["0", "-1", "x", "1.5"] {
        let error = parse(&format!("--epochs {bad}")).unwrap_err();
        assert_eq!(error.to_string(), format!("`--epochs` needs a positive integer, not `{bad}`"));
    }
    assert!(args::USAGE.contains("--epochs N"));
}

fn parameters(network: &mut Network<f64>) -> impl Iterator<Item = &mut f64> {
    let Network { edges, strokes, output } = network;
    let weights = edges.weight.iter_mut().chain(&mut strokes.weight).chain(&mut output.weight);
    weights.chain(&mut edges.bias).chain(&mut strokes.bias).chain(&mut output.bias)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}
