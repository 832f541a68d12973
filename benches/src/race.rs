//! A race: einloom and others, who compute the same, timed round by round.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{Values, record};

/// The races of one file.
pub struct Bench {
    name: &'static str,
    criterion: Criterion,
    outcomes: Vec<Outcome>,
}

impl Bench {
    /// Reads criterion's arguments. From here on, rayon's global pool has one thread: who computes
    /// with more says so.
    ///
    /// # Panics
    ///
    /// If rayon's global pool was used before.
    pub fn new(name: &'static str) -> Bench {
        rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("an unused pool");
        let criterion = Criterion::default()
            .sample_size(15)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(1500))
            .configure_from_args();
        Bench { name, criterion, outcomes: Vec::new() }
    }

    /// Runs the race that `enter` sets up, unless the arguments leave it out.
    pub fn race(&mut self, case: impl Into<String>, enter: impl FnOnce() -> Race) {
        let case = case.into();
        let mut enter = Some(enter);
        let mut race = None;
        let mut group = self.criterion.benchmark_group(self.name);
        group.sampling_mode(SamplingMode::Flat);
        // Criterion calls this once a sample. Its own clock runs inside of `iter_custom` alone.
        group.bench_function(&case, |bencher| {
            if let Some(enter) = enter.take() {
                race = Some(enter().verified(&case));
            }
            let race = race.as_mut().expect("set up by the first call");
            bencher.iter_custom(|calls| race.round(calls));
        });
        group.finish();
        self.outcomes.extend(race.and_then(|race| race.outcome(case)));
    }

    /// Prints and records all ratios.
    pub fn finish(self) {
        self.criterion.final_summary();
        // `cargo bench -- --test` verifies; a single call is no time.
        if std::env::args().any(|argument| argument == "--test") {
            return;
        }
        println!(
            "\n{}: time of einloom, and the others' time over it (above 1.00 einloom is ahead)",
            self.name
        );
        for Outcome { case, seconds, ratios } in &self.outcomes {
            print!("{case:28} {}", human(*seconds));
            for (name, ratio) in ratios {
                let digits = if *ratio < 0.1 { 3 } else { 2 };
                print!("   {name} {ratio:.digits$}");
                record(self.name, case, *seconds, Some((name, *ratio)));
            }
            println!();
        }
    }
}

fn human(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:8.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:8.1} us", s * 1e6),
        s => format!("{:8.1} ms", s * 1e3),
    }
}

/// What came of a race.
struct Outcome {
    case: String,
    /// Of one call of einloom.
    seconds: f64,
    /// The others' names, and their time over einloom's for the same work.
    ratios: Vec<(String, f64)>,
}

/// The contestants, the first of which is einloom.
pub struct Race {
    expected: Vec<f64>,
    contestants: Vec<Contestant>,
    work: f64,
    /// The calls of einloom in a round, and everybody's seconds a call in it.
    rounds: Vec<(u64, Vec<f64>)>,
}

struct Contestant {
    name: String,
    course: Box<dyn Course>,
    /// What a call does, in the unit of [`Race::of_work`].
    work: f64,
    /// Seconds a call, about.
    estimate: f64,
}

/// A way to compute something, as often as asked.
trait Course {
    fn time(&mut self, calls: u64) -> Duration;
    /// The result, if it is one to compare.
    fn values(&mut self) -> Option<Vec<f64>>;
}

impl Race {
    /// A race whose contestants must come to `expected`.
    pub fn to(expected: Vec<f64>) -> Race {
        Race { expected, contestants: Vec::new(), work: 1.0, rounds: Vec::new() }
    }

    /// Says how much work a call is, in the unit of the [`gauge`](Race::gauge)s that follow.
    pub fn of_work(mut self, work: f64) -> Race {
        self.work = work;
        self
    }

    /// Adds a contestant who makes a new result each time.
    pub fn makes<O: Values + 'static>(self, name: &str, make: impl FnMut() -> O + 'static) -> Race {
        self.enter(name, Makes(make))
    }

    /// Adds a contestant who writes to an existing result.
    pub fn writes<O: Values + 'static>(
        self,
        name: &str,
        output: O,
        write: impl FnMut(&mut O) + 'static,
    ) -> Race {
        self.enter(name, Writes(output, write))
    }

    /// Adds a contestant who makes a new result each time, all of them within a rayon pool of so
    /// many threads.
    ///
    /// # Panics
    ///
    /// If the pool cannot be built.
    pub fn makes_within<O: Values + 'static>(
        self,
        threads: usize,
        name: &str,
        make: impl FnMut() -> O + Send + 'static,
    ) -> Race {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        self.enter(name, Within(pool, Makes(make)))
    }

    /// Adds what the machine can do at best: `work` a call, with no result.
    pub fn gauge<O: 'static>(
        mut self,
        name: &str,
        work: f64,
        run: impl FnMut() -> O + 'static,
    ) -> Race {
        let work = work / self.work;
        self = self.enter(name, Gauge(run));
        self.contestants.last_mut().expect("just entered").work = work;
        self
    }

    fn enter(mut self, name: &str, course: impl Course + 'static) -> Race {
        let course = Box::new(course);
        self.contestants.push(Contestant { name: name.into(), course, work: 1.0, estimate: 0.0 });
        self
    }

    /// Compares all results with what is expected, and estimates all times.
    fn verified(mut self, case: &str) -> Race {
        for contestant in &mut self.contestants {
            if let Some(values) = contestant.course.values() {
                assert!(values == self.expected, "{} is wrong at {case}", contestant.name);
            }
            let once = contestant.course.time(1).as_secs_f64();
            let calls = (2e-3 / once.max(1e-9)).clamp(1.0, 1e4);
            contestant.estimate =
                contestant.course.time(calls as u64).as_secs_f64() / calls.floor();
        }
        self
    }

    /// Lets einloom run `calls` times and everybody about as long, and returns einloom's time.
    fn round(&mut self, calls: u64) -> Duration {
        let total = calls as f64 * self.contestants[0].estimate;
        let mut seconds = Vec::with_capacity(self.contestants.len());
        let mut ours = Duration::ZERO;
        for (place, contestant) in self.contestants.iter_mut().enumerate() {
            let share = (total / contestant.estimate.max(1e-10)).max(1.0) as u64;
            let calls = if place == 0 { calls } else { share };
            let time = contestant.course.time(calls);
            seconds.push(time.as_secs_f64() / calls as f64);
            if place == 0 {
                ours = time;
            }
        }
        self.rounds.push((calls, seconds));
        ours
    }

    /// Medians over the rounds as long as the last; those before it warmed up.
    fn outcome(self, case: String) -> Option<Outcome> {
        let &(full, _) = self.rounds.last()?;
        let rounds = || self.rounds.iter().filter(|(calls, _)| *calls == full).map(|(_, s)| s);
        let ratio = |place: usize, contestant: &Contestant| {
            (contestant.name.clone(), median(rounds().map(|s| s[place] / s[0] / contestant.work)))
        };
        Some(Outcome {
            case,
            seconds: median(rounds().map(|seconds| seconds[0])),
            ratios: self
                .contestants
                .iter()
                .enumerate()
                .skip(1)
                .map(|(place, c)| ratio(place, c))
                .collect(),
        })
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn timed<O>(calls: u64, mut call: impl FnMut() -> O) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed()
}

struct Makes<F>(F);

impl<O: Values, F: FnMut() -> O> Course for Makes<F> {
    fn time(&mut self, calls: u64) -> Duration {
        timed(calls, &mut self.0)
    }
    fn values(&mut self) -> Option<Vec<f64>> {
        Some((self.0)().values())
    }
}

struct Within<F>(ThreadPool, Makes<F>);

impl<O: Values, F: FnMut() -> O + Send> Course for Within<F> {
    fn time(&mut self, calls: u64) -> Duration {
        let Within(pool, course) = self;
        pool.install(|| course.time(calls))
    }
    fn values(&mut self) -> Option<Vec<f64>> {
        let Within(pool, course) = self;
        pool.install(|| course.values())
    }
}

struct Writes<O, F>(O, F);

impl<O: Values, F: FnMut(&mut O)> Course for Writes<O, F> {
    fn time(&mut self, calls: u64) -> Duration {
        let Writes(output, write) = self;
        timed(calls, || write(black_box(output)))
    }
    fn values(&mut self) -> Option<Vec<f64>> {
        (self.1)(&mut self.0);
        Some(self.0.values())
    }
}

struct Gauge<F>(F);

impl<O, F: FnMut() -> O> Course for Gauge<F> {
    fn time(&mut self, calls: u64) -> Duration {
        timed(calls, &mut self.0)
    }
    fn values(&mut self) -> Option<Vec<f64>> {
        None
    }
}
