//! What the time of a verification tells, measured as dudect does: samples of two kinds in random order, without the slowest tenth, and
//! Welch's t. A |t| above 10 says that the kinds differ.

use carboy_signing::Signer;
use std::{hint::black_box, time::Instant};

/// The times of two kinds, in nanoseconds.
fn measure(samples: usize, mut run: impl FnMut(usize)) -> [Vec<f64>; 2] {
    let mut times = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    // xorshift64: which kind comes next must not go with anything else that happens regularly.
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..samples {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let kind = usize::from(random & 1 == 1);
        let begin = Instant::now();
        run(kind);
        times[kind].push(begin.elapsed().as_nanos() as f64);
    }
    times
}

fn t(times: &[Vec<f64>; 2]) -> f64 {
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let slowest = all[all.len() * 9 / 10];
    let of = |times: &[f64]| {
        let times: Vec<f64> = times.iter().copied().filter(|time| *time <= slowest).collect();
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((first, first_error), (second, second_error)) = (of(&times[0]), of(&times[1]));
    (first - second) / (first_error + second_error).sqrt()
}

#[inline(never)]
fn first_difference(one: &[u8], other: &[u8]) -> bool {
    for (one, other) in one.iter().zip(other) {
        if black_box(one) != black_box(other) {
            return false;
        }
    }
    true
}

#[test]
#[ignore = "takes a while, and prints figures"]
fn long_the_time_of_a_verification_does_not_tell_how_much_of_a_signature_is_right() {
    let (signer, value) = (Signer::new("secret key").with_salt("timing"), b"value".as_slice());
    let right = signer.signature(value);
    let raw = carboy_signing::base64_decode(&right).unwrap();
    // Wrong in the first byte, or in the last one only.
    let wrong = [0, raw.len() - 1].map(|at| {
        let mut raw = raw.clone();
        raw[at] ^= 1;
        raw
    });
    let signatures = wrong.clone().map(|raw| carboy_signing::base64_encode(&raw));
    assert!(signer.verify_signature(value, &right));
    let ours = measure(1_000_000, |kind| {
        assert!(!signer.verify_signature(black_box(value), black_box(&signatures[kind])));
    });
    // What can be told at all: a comparison that ends at the first difference.
    let control = measure(200_000, |kind| {
        black_box(first_difference(black_box(&raw), black_box(&wrong[kind])));
    });
    let (ours, control) = (t(&ours), t(&control));
    println!(
        "1,000,000 wrong signatures, wrong in the first or the last byte: t = {ours:.2}; a comparison that ends at the first \
         difference, 200,000 times: t = {control:.0}"
    );
    assert!(control.abs() > 10.0, "this machine is too noisy to tell anything: t = {control}");
    assert!(ours.abs() < 10.0, "t = {ours}");
}
