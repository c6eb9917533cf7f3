//! How long a match takes with 10, 1,000 and 10,000 rules. Each sample goes through the paths of sixteen rules that lie
//! far apart, so that it is not one cache line that is measured.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use carboy_routing::{Bind, Rule, Target, UrlMap};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A kind of rule, and a path that only rule `number` matches.
struct Kind {
    name: &'static str,
    rule: fn(usize) -> String,
    path: fn(usize) -> String,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "static",
        rule: |n| format!("/api/v1/resource{n}/list"),
        path: |n| format!("/api/v1/resource{n}/list"),
    },
    Kind {
        name: "dynamic",
        rule: |n| format!("/resource{n}/<int:id>/<name>"),
        path: |n| format!("/resource{n}/42/some-name"),
    },
    Kind {
        name: "behind a variable",
        rule: |n| format!("/<lang>/page{n}"),
        path: |n| format!("/de/page{n}"),
    },
    Kind {
        name: "prefixed variable",
        rule: |n| format!("/item{n}-<int:id>"),
        path: |n| format!("/item{n}-42"),
    },
    Kind {
        name: "mixed",
        rule: |n| match n % 4 {
            0 => format!("/static{n}"),
            1 => format!("/users{n}/<int:id>"),
            2 => format!("/files{n}/<path:name>"),
            _ => format!("/blog{n}/<year>-<month>/<slug>/"),
        },
        path: |n| match n % 4 {
            0 => format!("/static{n}"),
            1 => format!("/users{n}/7"),
            2 => format!("/files{n}/a/b/c.txt"),
            _ => format!("/blog{n}/2024-05/hello-world/"),
        },
    },
];

fn matching(criterion: &mut Criterion) {
    for kind in KINDS {
        let mut group = criterion.benchmark_group(kind.name);
        for size in [10, 1_000, 10_000] {
            let mut map = UrlMap::default();
            for number in 0..size {
                map.add(Rule::new((kind.rule)(number)).endpoint(format!("e{number}")).methods(["GET"]))
                    .unwrap();
            }
            let paths: Vec<String> = (0..16).map(|step| (kind.path)(step * (size - 1) / 15)).collect();
            group.throughput(criterion::Throughput::Elements(paths.len() as u64));
            group.bench_with_input(BenchmarkId::from_parameter(size), &paths, |bencher, paths| {
                bencher.iter(|| {
                    for path in paths {
                        let found = map.matches(&Target::new(Bind::new("localhost"), black_box(path)));
                        assert!(black_box(found).is_ok());
                    }
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_secs(2));
    targets = matching
}
criterion_main!(benches);
